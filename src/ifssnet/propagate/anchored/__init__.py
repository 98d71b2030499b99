"""The anchored network: guided interpolation, corrected by the image."""
