"""The training loop: checkpoints, schedule, validation."""
