"""Triangle meshes, from labels and back to labels."""
