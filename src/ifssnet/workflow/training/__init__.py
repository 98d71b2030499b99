"""Networks trained from a recipe and a cohort."""
