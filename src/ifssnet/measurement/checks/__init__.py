"""What a person has to know before using the numbers."""
