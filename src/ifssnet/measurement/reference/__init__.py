"""A segmentation against a reference: overlap, distances, and the metrics that follow from them."""
