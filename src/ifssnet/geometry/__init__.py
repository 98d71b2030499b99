"""Shapes and grids: distances, polygons, surfaces, resampling. Knows no files and no muscles."""
