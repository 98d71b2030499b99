"""Files in and out that every use case shares."""
