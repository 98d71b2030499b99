"""Bytes to headers and arrays, without knowing what the image shows."""
