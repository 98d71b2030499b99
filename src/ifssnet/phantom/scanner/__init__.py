"""The digital scanner: probe, path, B-mode image, sweeps."""
