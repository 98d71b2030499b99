"""The report of one leg."""
