"""The page of `ifss serve`: messages in and out over workflow calls. It computes nothing."""
