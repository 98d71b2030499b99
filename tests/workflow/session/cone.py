"""A leg of two muscles that are easily drawn by rule: a cone beside a cylinder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.seeds import Mask
from ifssnet.io.save import save
from ifssnet.workflow.session.events import SliceDrawn
from ifssnet.workflow.session.session import Session, now

SHAPE = (41, 32, 48)
SOL, GM = 1, 2
GRID = Grid(SHAPE, (1.0, 1.0, 2.0))


def cone(z: int) -> Mask:
    """The soleus: smaller from slice to slice."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    return np.hypot(y - 16, x - 14) < 13 - 0.1 * z


def cylinder(z: int) -> Mask:
    """The medial gastrocnemius, which moves to one side."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    return np.hypot(y - 16, x - 34 - 0.05 * z) < 6


def truth() -> LabelMap:
    """Both muscles on every slice."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    for z in range(SHAPE[0]):
        array[z][cone(z)] = SOL
        array[z][cylinder(z)] = GM
    return LabelMap(array, GRID, {SOL: "SOL", GM: "GM"})


def volume() -> Volume:
    """Bright inside of muscles."""
    return Volume(np.where(truth().array > 0, 160, 40).astype(np.uint8), GRID)


def new_session(folder: Path) -> Session:
    """A session in a new folder, nothing drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    save(volume(), folder / "leg.mha")
    return Session.create(folder / "case", folder / "leg.mha", by="expert")


def drawn(label: int, z: int, mask: Mask | None = None) -> SliceDrawn:
    """The event that an expert drew a muscle exactly, or as given."""
    exact = cone(z) if label == SOL else cylinder(z)
    return SliceDrawn(now(), "expert", label, z, PackedMask.of(exact if mask is None else mask), seconds=30.0)


def draw_all(session: Session, *slices: int) -> None:
    """Both muscles on some slices."""
    session.apply(*(drawn(label, z) for label in (SOL, GM) for z in slices))
