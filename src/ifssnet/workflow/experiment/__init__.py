"""A published experiment, end to end."""
