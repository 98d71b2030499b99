"""What an expert drew on a few slices."""
