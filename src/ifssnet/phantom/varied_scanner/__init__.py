"""Scanners that differ from leg to leg: the generator `phantom/2`."""
