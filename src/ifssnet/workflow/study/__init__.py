"""A study: many legs, sides, visits and raters, from files to one table."""
