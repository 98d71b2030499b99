"""Use cases of many legs."""
