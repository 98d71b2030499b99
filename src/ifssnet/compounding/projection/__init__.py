"""Between the volume and the B-mode frames: contours to seeds, labels to frames."""
