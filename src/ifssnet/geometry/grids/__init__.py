"""Arrays on a grid: the order of their axes, the axis of a leg, moving values from one grid to another."""
