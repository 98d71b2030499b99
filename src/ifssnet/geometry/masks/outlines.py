"""Outlines painted with a thin brush: told from filled drawings, and filled.

A brush leaves a stroke of even, small width around an area. What encloses little, or is thick, is a muscle as it was meant:
a crescent, or a muscle with a real hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.untyped import convex_hull, distance_to_false, skeleton, without_holes

HOLLOW_SHARE = 0.5
"""An outline encloses at least this share of the filled area; an area with a real hole loses less."""

HOLLOW_SHARE_FINE = 0.35
"""This share is enough where the stroke is at most `FINE_PX` wide and of even width."""

FINE_PX = 2.5
"""A stroke of at most this width in pixels is a brush's, however small the area is that it encloses."""

STROKE_WIDTH = 0.13
"""The largest width of a stroke, as a share of the square root of the filled area."""

GAP_SHARE = 0.15
"""A gap of at most this share of the outline's length is closed."""

LEAST_PX = 10
"""Fewer pixels are no outline."""

LONG = 12.0
"""A stroke is at least this many times as long as it is wide."""

ROUND = 0.68
"""A stroke whose ends are further apart than this share of its length runs around nothing."""

ENCLOSES = 3.0
"""An open outline's convex hull is at least this many times as large as the stroke itself."""


class OutlineKind(Enum):
    """How an area was drawn."""

    FILLED = "filled"
    CLOSED = "a closed outline"
    GAP = "an outline with a small gap"
    OPEN = "an outline that cannot be closed"


@dataclass(frozen=True, eq=False)
class Outline:
    """How one muscle was drawn on one slice.

    Attributes:
        kind: Filled, or which sort of outline.
        filled: The area that was meant; what was drawn where it is filled already or cannot be closed.
        gap_px: The width of the gap that was closed; 0 without one.
    """

    kind: OutlineKind
    filled: Bool[np.ndarray, "y x"]
    gap_px: int = 0


@dataclass(frozen=True, eq=False)
class _Stroke:
    """What is measured of a drawing."""

    mask: Bool[np.ndarray, "y x"]
    pixels: int
    length: int
    width: float
    widest: float
    reach: float

    def is_around(self, filled: int) -> bool:
        """Whether this is a stroke around an area of the given number of pixels, its own among them."""
        share = 1 - self.pixels / filled
        if share >= HOLLOW_SHARE:
            return self.width <= max(FINE_PX, STROKE_WIDTH * filled**0.5)
        return share >= HOLLOW_SHARE_FINE and self.width <= FINE_PX and self.widest <= 2 * self.width + 1


def outline_of(mask: Bool[np.ndarray, "y x"], others: Bool[np.ndarray, "y x"] | None = None) -> Outline:
    """Tell an outline from a filled area, and fill it.

    Args:
        mask: One muscle on one slice.
        others: The other muscles there, filled; where they cover a part of the outline, they stand in for it.
    """
    if int(np.count_nonzero(mask)) < LEAST_PX:
        return Outline(OutlineKind.FILLED, mask)
    box = bounding_box(mask, 1)
    stroke = _stroke(np.pad(mask[box], 1))
    kind, filled, gap = _look(stroke, None if others is None else np.pad(others[box], 1))
    whole = mask.copy()
    whole[box] |= filled[1:-1, 1:-1]
    return Outline(kind, whole, gap)


def enclosed(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """A drawing with all that it encloses: for muscles that are known to be drawn as outlines."""
    return without_holes(mask) if mask.any() else mask


def _look(stroke: _Stroke, others: Bool[np.ndarray, "y x"] | None) -> tuple[OutlineKind, Bool[np.ndarray, "y x"], int]:
    filled = without_holes(stroke.mask)
    if stroke.is_around(int(np.count_nonzero(filled))):
        return OutlineKind.CLOSED, filled, 0
    if stroke.length < LONG * stroke.width:
        return OutlineKind.FILLED, stroke.mask, 0
    for radius in range(1, int(GAP_SHARE * stroke.length / 2) + 1):
        bridged = _bridged(stroke.mask, radius)
        if stroke.is_around(int(np.count_nonzero(bridged))):
            return OutlineKind.GAP, bridged, 2 * radius
    if others is not None and others.any():
        beside = _beside(stroke.mask, others)
        if stroke.is_around(int(np.count_nonzero(beside))):
            return OutlineKind.CLOSED, beside, 0
    if _runs_around(stroke):
        return OutlineKind.OPEN, stroke.mask, 0
    return OutlineKind.FILLED, stroke.mask, 0


def _stroke(mask: Bool[np.ndarray, "y x"]) -> _Stroke:
    pixels = int(np.count_nonzero(mask))
    line = skeleton(mask)
    length = max(int(np.count_nonzero(line)), 1)
    y, x = np.nonzero(line)
    points = np.stack([y, x], axis=1).astype(np.float64)
    return _Stroke(mask, pixels, length, pixels / length, 2 * float(distance_to_false(mask, (1.0, 1.0)).max()), _reach(points))


def _reach(points: Float[np.ndarray, "point 2"]) -> float:
    """The largest extent of points in any of 16 directions."""
    angles = np.pi * np.arange(16) / 16
    along = points @ np.stack([np.sin(angles), np.cos(angles)])
    return float(np.ptp(along, axis=0).max()) + 1


def _bridged(mask: Bool[np.ndarray, "y x"], radius: int) -> Bool[np.ndarray, "y x"]:
    """A drawing with what it encloses once gaps of up to twice a radius are closed."""
    wide = np.pad(mask, radius + 1)
    grown = without_holes(distance_to_false(~wide, (1.0, 1.0)) <= radius)
    shrunk = distance_to_false(grown, (1.0, 1.0)) > radius
    inner = slice(radius + 1, -radius - 1)
    return (shrunk[inner, inner] | mask) if radius else mask


def _beside(mask: Bool[np.ndarray, "y x"], others: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """A drawing with what it encloses together with the muscles beside it, that which is theirs left out."""
    return without_holes(mask | others) & ~others | mask


def _runs_around(stroke: _Stroke) -> bool:
    thin = stroke.width <= FINE_PX or stroke.widest <= 2 * stroke.width
    if not thin or stroke.length < LONG * stroke.width or stroke.reach > ROUND * stroke.length:
        return False
    return int(np.count_nonzero(convex_hull(stroke.mask))) >= ENCLOSES * stroke.pixels
