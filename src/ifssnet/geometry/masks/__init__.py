"""Masks of pixels: boxes, distances, runs, drawn planes, outlines, polygons."""
