"""Files in, nouns out, and back: one file a format."""
