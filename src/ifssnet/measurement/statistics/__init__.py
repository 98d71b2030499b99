"""Numbers of many legs: agreement, spread, intervals and tests."""
