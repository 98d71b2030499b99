"""The use cases, one call each, shared by every front end."""
