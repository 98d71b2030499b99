"""Methods that propagate a few annotated slices through a volume; each is a core.segmentation.Propagator."""
