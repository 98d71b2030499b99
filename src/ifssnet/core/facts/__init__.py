"""What files hold, what a compounding is about to do, and what a command has written."""
