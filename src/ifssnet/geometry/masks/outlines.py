"""Outlines painted with a thin brush: recognised among filled drawings, and filled.

A brush leaves a stroke of even, small width around an area. What encloses little, or is thick, is a muscle as it was meant:
a crescent, or a muscle with a real hole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float, Int

from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.untyped import convex_hull, distance_to_false, pieces, skeleton, without_holes

HOLLOW_SHARE = 0.5
"""An outline encloses at least this share of the filled area; an area with a real hole loses less."""

FINE_PX = 2.5
"""A stroke of at most this width in pixels is a brush's, however small the area is that it encloses."""

FINE_SHARE = 0.1
"""What such a stroke encloses at least, of the filled area; less is a slip of the brush."""

THIN_PX = 3.6
"""Up to this width an even stroke is a brush's where it encloses more."""

THIN_SHARE = 0.25
"""What a stroke of up to `THIN_PX` encloses at least."""

GAPS_SHARE = 0.35
"""What a stroke encloses at least once its gaps are closed, or a neighbour's border closes it."""

SAME_BRUSH = 1.25
"""A stroke at most this many times as wide as those of other outlines was painted with the same brush."""

EVEN = 1.5
"""An even stroke is nowhere wider than this many times its width, and a pixel."""

TWICE = 0.5
"""An outline within another one that encloses more of it than this is the same border drawn twice; else it is a hole's."""

STROKE_WIDTH = 0.13
"""The largest width of a stroke, as a share of the square root of the filled area."""

GAP_SHARE = 0.15
"""A gap of at most this share of the outline's length is closed."""

LEAST_PX = 10
"""Fewer pixels are no outline."""

SLIP_SHARE = 0.05
"""Pieces that hold less than this share of the largest one are slips of the brush, or letters, and no outlines."""

MOST_PIECES = 24
"""A drawing in more pieces on one slice than this is looked at in the largest ones."""

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
        width_px: The width of the widest stroke that was filled; 0 without one.
        hole_px: How many pixels lie inside outlines within an outline, and were left out.
    """

    kind: OutlineKind
    filled: Bool[np.ndarray, "y x"]
    gap_px: int = 0
    width_px: float = 0.0
    hole_px: int = 0


@dataclass(frozen=True, eq=False)
class _Stroke:
    """What is measured of a drawing."""

    mask: Bool[np.ndarray, "y x"]
    pixels: int
    length: int
    width: float
    widest: float
    reach: float
    brush_px: float

    @property
    def is_of_brush(self) -> bool:
        """Whether it is about as wide as the brush that other outlines were painted with."""
        return self.width <= SAME_BRUSH * self.brush_px

    def is_around(self, filled: int, gaps: bool = False) -> bool:
        """Whether this is a stroke around an area of the given number of pixels, its own among them; of one with gaps less is
        believed.
        """
        share = 1 - self.pixels / filled
        if share >= HOLLOW_SHARE and self.width <= max(FINE_PX, STROKE_WIDTH * filled**0.5):
            return True
        if share < (GAPS_SHARE if gaps else FINE_SHARE) or self.widest > EVEN * self.width + 1:
            return False
        return self.width <= FINE_PX or self.is_of_brush or (self.width <= THIN_PX and share >= THIN_SHARE)


def outline_of(mask: Bool[np.ndarray, "y x"], others: Bool[np.ndarray, "y x"] | None = None, brush_px: float = 0.0) -> Outline:
    """Tell an outline from a filled area, and fill it.

    Pieces that do not touch are judged one by one: one may be filled, and another an outline. An outline within an outline is
    the border of a hole, unless it is about as large.

    Args:
        mask: One muscle on one slice.
        others: The other muscles there, filled; where they cover a part of the outline, they stand in for it.
        brush_px: The width of the brush, where other outlines tell it; 0: not known.
    """
    if int(np.count_nonzero(mask)) < LEAST_PX:
        return Outline(OutlineKind.FILLED, mask)
    box = bounding_box(mask, 1)
    found = _look_at_pieces(np.pad(mask[box], 1), None if others is None else np.pad(others[box], 1), brush_px)
    whole = mask.copy()
    whole[box] |= found.filled[1:-1, 1:-1]
    return replace(found, filled=whole)


def enclosed(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """A drawing with all that it encloses: for muscles that are known to be drawn as outlines."""
    return without_holes(mask) if mask.any() else mask


def _look_at_pieces(mask: Bool[np.ndarray, "y x"], others: Bool[np.ndarray, "y x"] | None, brush_px: float) -> Outline:
    numbered, count = pieces(mask)
    if count == 1 or np.array_equal(without_holes(mask), mask):
        return _look(_stroke(mask, brush_px), others)
    closed: list[Outline] = []
    rest = mask.copy()
    least = SLIP_SHARE * float(np.bincount(numbered.ravel())[1:].max())
    for piece in _large(numbered):
        ring = _closed(_stroke(piece, brush_px))
        if ring is not None and np.count_nonzero(ring.filled) >= least:
            closed.append(ring)
            rest &= ~piece
    if not closed:
        return _look(_stroke(mask, brush_px), others)
    closed.sort(key=lambda ring: -int(np.count_nonzero(ring.filled)))
    filled, hole_px = _nested([ring.filled for ring in closed], mask)
    # What lies inside an outline is its filling, as far as that went.
    rest &= ~np.logical_or.reduce([ring.filled for ring in closed])
    brush_px = max(brush_px, *(ring.width_px for ring in closed))
    beside = [look for look in _look_at_rest(rest, others, brush_px) if np.count_nonzero(look.filled) >= least]
    looks = [*closed, *beside]
    for look in looks[len(closed) :]:
        filled |= look.filled
    kinds = {look.kind for look in looks}
    kind = next(each for each in (OutlineKind.OPEN, OutlineKind.GAP, OutlineKind.CLOSED) if each in kinds)
    return Outline(kind, filled, max(look.gap_px for look in looks), max(look.width_px for look in looks), hole_px)


def _look_at_rest(rest: Bool[np.ndarray, "y x"], others: Bool[np.ndarray, "y x"] | None, brush_px: float) -> list[Outline]:
    """Pieces beside closed outlines: one broken outline together, or each for itself."""
    if np.count_nonzero(rest) < LEAST_PX:
        return [Outline(OutlineKind.FILLED, rest)]
    together = _look(_stroke(rest, brush_px), others)
    numbered, count = pieces(rest)
    if together.kind is OutlineKind.GAP or count == 1:
        return [together]
    each = [_look(_stroke(piece, brush_px), others) for piece in _large(numbered)]
    return [Outline(OutlineKind.FILLED, rest), *each]


def _large(numbered: Int[np.ndarray, "y x"]) -> list[Bool[np.ndarray, "y x"]]:
    """The largest pieces, of at least `LEAST_PX`."""
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    numbers = np.argsort(-sizes, kind="stable")[:MOST_PIECES]
    return [numbered == number for number in numbers if sizes[number] >= LEAST_PX]


def _nested(rings: list[Bool[np.ndarray, "y x"]], drawn: Bool[np.ndarray, "y x"]) -> tuple[Bool[np.ndarray, "y x"], int]:
    """What closed outlines enclose, the largest first, without the holes that they mark; and the pixels of the holes."""
    filled = np.zeros_like(drawn)
    around: list[Bool[np.ndarray, "y x"]] = []
    for ring in rings:
        outer = [each for each in around if each[ring].all()]
        if outer and np.count_nonzero(ring) > TWICE * np.count_nonzero(outer[-1]):
            continue
        # An outline in a hole is an island in it.
        filled[ring] = drawn[ring] if len(outer) % 2 else True
        around.append(ring)
    return filled | drawn, int(np.count_nonzero(np.logical_or.reduce(rings) & ~filled & ~drawn))


def _closed(stroke: _Stroke) -> Outline | None:
    filled = without_holes(stroke.mask)
    return Outline(OutlineKind.CLOSED, filled, 0, stroke.width) if stroke.is_around(int(np.count_nonzero(filled))) else None


def _look(stroke: _Stroke, others: Bool[np.ndarray, "y x"] | None) -> Outline:
    if (closed := _closed(stroke)) is not None:
        return closed
    if stroke.length < LONG * stroke.width:
        return Outline(OutlineKind.FILLED, stroke.mask)
    for radius in range(1, int(GAP_SHARE * stroke.length / 2) + 1):
        bridged = _bridged(stroke.mask, radius)
        if stroke.is_around(int(np.count_nonzero(bridged)), gaps=True):
            return Outline(OutlineKind.GAP, bridged, 2 * radius, stroke.width)
    if others is not None and others.any():
        beside = _beside(stroke.mask, others)
        if stroke.is_around(int(np.count_nonzero(beside)), gaps=True):
            return Outline(OutlineKind.CLOSED, beside, 0, stroke.width)
    return Outline(OutlineKind.OPEN if _runs_around(stroke) else OutlineKind.FILLED, stroke.mask)


def _stroke(mask: Bool[np.ndarray, "y x"], brush_px: float) -> _Stroke:
    pixels = int(np.count_nonzero(mask))
    line = skeleton(mask)
    length = max(int(np.count_nonzero(line)), 1)
    y, x = np.nonzero(line)
    points = np.stack([y, x], axis=1).astype(np.float64)
    widest = 2 * float(distance_to_false(mask, (1.0, 1.0)).max())
    return _Stroke(mask, pixels, length, pixels / length, widest, _reach(points), brush_px)


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
    if stroke.length < LONG * stroke.width:
        return False
    thin = stroke.width <= FINE_PX or stroke.widest <= 2 * stroke.width
    if not stroke.is_of_brush and (not thin or stroke.reach > ROUND * stroke.length):
        return False
    return int(np.count_nonzero(convex_hull(stroke.mask))) >= ENCLOSES * stroke.pixels
