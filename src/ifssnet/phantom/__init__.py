"""Digital legs and their scanner: data with exact truth."""
