"""A small case whose shape is known: one muscle with a bright border, wider in the middle of the leg."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.save import save
from ifssnet.workflow.session.session import Session

SLICES, ROWS, COLUMNS = 40, 80, 96
GRID = Grid((SLICES, ROWS, COLUMNS), (1.0, 1.0, 2.0))


def radius_px(z: int) -> float:
    """Radius of the muscle on a slice."""
    return 14 + 8 * np.sin(np.pi * z / (SLICES - 1))


def disc(z: int) -> np.ndarray:
    """The muscle on a slice."""
    y, x = np.mgrid[:ROWS, :COLUMNS].astype(float)
    return np.hypot(y - ROWS / 2, x - COLUMNS / 2) <= radius_px(z)


def grey() -> np.ndarray:
    """Dark tissue, speckle, a bright border."""
    y, x = np.mgrid[:ROWS, :COLUMNS].astype(float)
    far = np.hypot(y - ROWS / 2, x - COLUMNS / 2)
    speckle = np.random.default_rng(1).normal(60, 12, (SLICES, ROWS, COLUMNS))
    for z in range(SLICES):
        speckle[z] += 150 * np.exp(-((far - radius_px(z)) ** 2) / 2)
    return np.clip(speckle, 0, 255).astype(np.uint8)


def make_case(root: Path, name: str = "leg") -> Path:
    """A case of that volume; returns its folder."""
    root.mkdir(parents=True, exist_ok=True)
    volume = root / f".{name}.mha"
    save(Volume(grey(), GRID), volume, force=True)
    Session.create(root / name, volume, by="tester").close()
    volume.unlink()
    return root / name
