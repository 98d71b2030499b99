"""Legs, slices and sequences to learn from, and how they are varied."""
