"""Tracked frames to a grid: insertion, hole filling, pre-flight checks, rigid registration, and the way back."""
