"""Static figures and the report: they draw what `measure` found, and compute none of it."""
