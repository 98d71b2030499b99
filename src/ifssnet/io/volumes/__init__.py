"""Volumes, label maps and surfaces: one file a format."""
