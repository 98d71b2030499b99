"""Numbers from label maps: volume, cross-sections, overlap, surface distance, agreement."""
