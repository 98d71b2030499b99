"""Which slices count as annotated, and how they were drawn."""
