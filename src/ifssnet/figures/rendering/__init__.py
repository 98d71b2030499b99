"""Surfaces rendered to pictures."""
