"""Weights that come with the package."""

from __future__ import annotations

from pathlib import Path

FOLDER = "weights"


def default_weights(method: str) -> Path | None:
    """The weights that a method is used with when nobody gives others; None where the package has none.

    Args:
        method: Its name; the file is called the same.
    """
    path = Path(__file__).parents[1] / FOLDER / f"{method}.safetensors"
    return path if path.is_file() else None
