"""From slices to the pixels that a network sees, and back."""
