"""The machine that the package runs on: its memory, and the parts that are installed."""
