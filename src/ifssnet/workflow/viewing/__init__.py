"""What a page shows of a session: slices of the volume, what is known on each slice, a small volume and surfaces."""
