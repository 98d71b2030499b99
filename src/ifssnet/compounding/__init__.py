"""Tracked frames to a grid: insertion, hole filling, checks, rigid registration, a segmentation on the frames."""
