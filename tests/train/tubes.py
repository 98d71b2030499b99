"""A small leg whose truth is a formula: a tube that wanders and swells, brighter than what is around it."""

from __future__ import annotations

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.train.data.leg import LabelledLeg


def tube(
    slices: int = 72, side: int = 48, first: int = 4, last: int | None = None, seed: int = 0, label: int = 100
) -> LabelledLeg:
    """One muscle between two slices, in a grid of 1 mm pixels and slices of 0.5 mm."""
    last = slices - 5 if last is None else last
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, 3)
    z = np.arange(slices)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    cy = side / 2 + 4 * np.sin(2 * np.pi * z / 60 + phase[0])
    cx = side / 2 + 4 * np.sin(2 * np.pi * z / 45 + phase[1])
    radius = 8 + 2 * np.sin(2 * np.pi * z / 50 + phase[2])
    inside = np.hypot(y - cy[:, None, None], x - cx[:, None, None]) < radius[:, None, None]
    inside[:first] = inside[last + 1 :] = False
    grey = np.where(inside, 120.0, 40.0) + rng.normal(0, 8, inside.shape)
    grid = Grid((slices, side, side), (1.0, 1.0, 0.5))
    labels = LabelMap((inside * label).astype(np.uint8), grid, {label: "SOL"})
    return LabelledLeg(f"tube{seed}", f"P{seed}", Volume(np.clip(grey, 0, 255).astype(np.uint8), grid), labels)
