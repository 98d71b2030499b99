"""Use cases of one leg."""
