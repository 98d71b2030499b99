"""Everything that a report shows, gathered."""
