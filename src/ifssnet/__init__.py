"""IFSS-Net: muscle volume from freehand 3-D ultrasound and a few annotated slices."""
