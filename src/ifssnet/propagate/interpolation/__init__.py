"""Guided interpolation between annotated slices."""
