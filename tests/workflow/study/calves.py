"""A study of small calves: a cone beside a cylinder on each side, whose sizes are known, drawn by raters of known habits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.save import save

SHAPE = (13, 26, 42)
GRID = Grid(SHAPE, (1.0, 1.0, 2.0))
DRAWN = (1, 4, 7, 11)


def truth(size: float) -> LabelMap:
    """Both muscles on slices 1 to 11; `size` is a radius in mm."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    for z in range(1, 12):
        array[z][np.hypot(y - 13, x - 13) < size - 0.1 * z] = 1
        array[z][np.hypot(y - 13, x - 34) < size / 2] = 2
    return LabelMap(array, GRID, {1: "SOL", 2: "GM"})


def add(folder: Path, rater: str, size: float) -> None:
    """A leg's volume, and what a rater drew of it."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = truth(size)
    save(Volume(np.where(labels.array > 0, 160, 40).astype(np.uint8), GRID), folder / "leg.mha", force=True)
    drawn = np.zeros_like(labels.array)
    drawn[list(DRAWN)] = labels.array[list(DRAWN)]
    save(LabelMap(drawn, GRID, labels.names), folder / f"{rater}.seg.nrrd")


def calves(folder: Path) -> Path:
    """One person with both sides, one with the left side, before and after, two raters; the second draws larger."""
    for person, base in (("P01", 9.0), ("P02", 11.0)):
        for side, wider in (("left", 0.4), ("right", 0.0)):
            for visit, grown in (("before", 0.0), ("after", 0.9 if person == "P01" else 0.05)):
                for rater, habit in (("AB", 0.0), ("CD", 0.3)):
                    if (person, side) != ("P02", "right"):
                        add(folder / person / side / visit, rater, base + wider + grown + habit)
    return folder
