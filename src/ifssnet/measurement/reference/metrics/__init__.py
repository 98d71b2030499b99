"""The metrics that hold a segmentation against a reference: one file a family, one table of all."""
