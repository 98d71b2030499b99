"""One leg in an expert's hands: drawn, propagated, corrected, accepted, signed off; every event is on disk before it counts."""
