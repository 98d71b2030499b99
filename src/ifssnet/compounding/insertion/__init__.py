"""Insertion of pixels into voxels, compiled."""
