"""Tracked sweeps: one file a format."""
