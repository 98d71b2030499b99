"""What each network is shown, and what its output is compared with."""
