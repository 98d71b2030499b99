"""Legs that are small enough for a test: a cohort of cones in noise to train on, and blocks drawn on few slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.save import save

# The least that still is everything: two updates of one sample through a network of a few hundred numbers.
RECIPE = """task = "anchored"
about = "a test"
[trainer]
units = 3
validations = 1
checkpoint_minutes = 0.0
[validation]
every_mm = 12.0
pictures = 2
[anchored]
every = 6
batch = 1
updates = 2
[anchored.network]
widths = [4, 4]
[anchored.samples]
crop_px = 16
widest_gap_mm = 40.0
"""


def cone_cohort(root: Path) -> Path:
    """Two legs for training and one for validation, two cones in noise each."""
    grid = Grid((24, 32, 32), (2.0, 2.0, 2.0))
    z, y, x = np.indices(grid.shape_zyx)
    for number, (split, patient) in enumerate((("train", "P1"), ("train", "P2"), ("val", "P3"))):
        labels = np.zeros(grid.shape_zyx, dtype=np.uint8)
        for value, middle in ((100, 9), (150, 22)):
            inside = (y - 15) ** 2 + (x - middle) ** 2 < (6 - abs(z - 12) / 3) ** 2
            labels[inside & (z > 1) & (z < 22)] = value
        noise = np.random.default_rng(number).normal(0, 10, grid.shape_zyx)
        grey = np.clip(np.where(labels > 0, 90, 30) + noise, 0, 255).astype(np.uint8)
        folder = root / split / patient
        folder.mkdir(parents=True)
        save(Volume(grey, grid), folder / "x1.mha")
        save(LabelMap(labels, grid, {100: "SOL", 150: "GM"}), folder / "masksX1.mha")
    (root / "cohort.toml").write_text('name = "cones"\n[labels]\n100 = "SOL"\n150 = "GM"\n', encoding="utf-8")
    return root


def block_leg(folder: Path, name: str, wide: int) -> None:
    """A volume of noise, and a block drawn on three of its slices beside it, as NAME-seeds.mha."""
    grid = Grid((12, 20, 20), (1.0, 1.0, 2.0))
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.zeros(grid.shape_zyx, np.uint8)
    labels[[1, 6, 10], 4 : 4 + wide, 5:12] = 7
    grey = np.random.default_rng(wide).integers(1, 255, grid.shape_zyx, dtype=np.uint8)
    save(Volume(grey, grid), folder / f"{name}.mha", force=True)
    save(LabelMap(labels, grid, {7: "7"}), folder / f"{name}-seeds.mha", force=True)
