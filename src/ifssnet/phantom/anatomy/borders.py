"""The borders of a leg's tissues as a view sees them, and a leg that a probe presses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.view import ProbeView

STILL_MM = 60.0
"""Depth under the skin at which a push is no longer felt: where the bones are."""

FAR_MM = 4.0
"""Further than this from every border, a place has none."""


class Border(IntEnum):
    """What kind of border lies nearest to a place."""

    NONE = 0
    SKIN = 1
    FAT = 2
    FASCIA = 3
    MUSCLE = 4
    DEEP = 5
    WALL = 6
    SEPTUM = 7
    BONE = 8


@dataclass(frozen=True, eq=False)
class Borders:
    """The tissue at each pixel of a view, and its nearest border.

    Attributes:
        codes: `Tissue` of every pixel.
        kind: `Border` nearest to it.
        away_mm: Distance to it, positive on the side of the probe.
        facing: How squarely it meets the beam, 0 to 1.
        skin_row: Where each line enters the leg; the number of rows where it does not.
        skin_facing: How squarely it meets the skin there.
    """

    codes: UInt8[np.ndarray, "image v u"]
    kind: UInt8[np.ndarray, "image v u"]
    away_mm: Float32[np.ndarray, "image v u"]
    facing: Float32[np.ndarray, "image v u"]
    skin_row: Int32[np.ndarray, "image u"]
    skin_facing: Float32[np.ndarray, "image u"]


def no_borders(view: ProbeView) -> Borders:
    """Nothing but water, to be filled in."""
    shape = (view.images, *view.shape_vu)
    lines = (shape[0], shape[2])
    return Borders(
        np.zeros(shape, dtype=np.uint8),
        np.zeros(shape, dtype=np.uint8),
        np.full(shape, FAR_MM, dtype=np.float32),
        np.ones(shape, dtype=np.float32),
        np.full(lines, shape[1], dtype=np.int32),
        np.ones(lines, dtype=np.float32),
    )


@dataclass(frozen=True, eq=False)
class Push:
    """By how much a probe pushes the skin in, on a lattice of 1 mm over x and z.

    Below the skin the push wears off, faster in the fat than in the muscles, down to `STILL_MM`. What is pressed is
    flattened, not moved aside: the volume of muscles under a pressed probe is smaller.

    Attributes:
        skin_mm: y of the skin at rest.
        push_mm: How far it is pushed in; a single 0 for a leg that nobody presses.
        first_x_mm: x of the first column; the first row is z = 0.
    """

    skin_mm: Float32[np.ndarray, "z x"]
    push_mm: Float32[np.ndarray, "z x"]
    first_x_mm: float

    @property
    def table(self) -> tuple[Float32[np.ndarray, "z x"], Float32[np.ndarray, "z x"], float]:
        """What the compiled lookups need."""
        return self.skin_mm, self.push_mm, self.first_x_mm


def no_push() -> Push:
    """A leg under water."""
    return Push(np.zeros((1, 1), dtype=np.float32), np.zeros((1, 1), dtype=np.float32), 0.0)


@no_type_check
@compiled(inline=True)
def resting_y(push_table, x, y, z):
    """Where what lies at (x, y, z) of a pressed leg lies along y when the leg is at rest."""
    skin, push, first_x = push_table
    rest = y
    if push.shape[0] > 1:
        i = min(max(x - first_x, 0.0), push.shape[1] - 1.001)
        k = min(max(z, 0.0), push.shape[0] - 1.001)
        i0, k0 = int(i), int(k)
        fi, fk = i - i0, k - k0
        pushed = (push[k0, i0] * (1 - fi) + push[k0, i0 + 1] * fi) * (1 - fk)
        pushed += (push[k0 + 1, i0] * (1 - fi) + push[k0 + 1, i0 + 1] * fi) * fk
        if pushed > 0.0:
            top = (skin[k0, i0] * (1 - fi) + skin[k0, i0 + 1] * fi) * (1 - fk)
            top += (skin[k0 + 1, i0] * (1 - fi) + skin[k0 + 1, i0 + 1] * fi) * fk
            left = 1.0 - max(0.0, y - top - pushed) / STILL_MM
            if left > 0.0:
                rest = y - pushed * left * left**0.5
    return rest
