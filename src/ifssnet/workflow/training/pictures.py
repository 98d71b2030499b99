"""What a training looks like: its curves, and slices with outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Integer, Shaped
from PIL import Image

from ifssnet.core.muscles import color_of
from ifssnet.figures.evaluation_report.training_curves import training_curves
from ifssnet.io.storage.atomic import atomic_path

PICTURE_PX = 512
"""Longest side of a picture, about."""
TRUE_COLOR = (255, 255, 255)


def draw_curves(rows: Sequence[Mapping[str, object]], root: Path) -> None:
    """Draw a run's log as `curves.svg`, if there is anything in it."""
    if picture := training_curves(rows, root.name):
        with atomic_path(root / "curves.svg", force=True) as partial:
            partial.write_text(picture, encoding="utf-8", newline="\n")


def picture_of(
    grey: Shaped[np.ndarray, "y x"],
    found: Integer[np.ndarray, "y x"],
    true: Integer[np.ndarray, "y x"],
    names: Mapping[int, str],
) -> Image.Image:
    """A slice with the true outlines in white and the found ones in the muscles' colours, these on top."""
    times = max(1, round(PICTURE_PX / max(grey.shape)))
    levels = grey if grey.dtype == np.uint8 else (255 * (grey / max(float(grey.max()), 1.0))).clip(0, 255).astype(np.uint8)
    picture = np.repeat(_enlarged(levels, times)[..., None], 3, axis=2)
    for place, (value, name) in enumerate(sorted(names.items())):
        for labels, color in ((true, TRUE_COLOR), (found, color_of(name, place))):
            picture[_outline(_enlarged(labels == value, times))] = color
    return Image.fromarray(picture)


def _enlarged(plane: Shaped[np.ndarray, "y x"], times: int) -> Shaped[np.ndarray, "row column"]:
    return plane.repeat(times, axis=0).repeat(times, axis=1)


def _outline(mask: Bool[np.ndarray, "row column"]) -> Bool[np.ndarray, "row column"]:
    """The pixels of a mask that have a neighbour outside it."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside
