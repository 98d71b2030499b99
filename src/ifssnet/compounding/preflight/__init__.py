"""Checks of sweeps and volumes before any work is done."""
