"""Methods that carry a few annotated slices through a volume; each is a core.segmentation.Propagator."""
