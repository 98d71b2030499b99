"""Digital legs as files and cohorts."""
