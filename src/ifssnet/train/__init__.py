"""Training: tasks, supervision and the loop."""
