"""Filling of voxels that no pixel reached."""
