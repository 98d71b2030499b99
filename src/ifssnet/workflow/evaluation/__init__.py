"""Methods compared on a cohort."""
