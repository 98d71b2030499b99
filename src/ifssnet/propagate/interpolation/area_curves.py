"""The area of a muscle on every slice, from its area on the annotated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ifssnet.propagate.interpolation.curves import curve_slopes, hermite, tangent_weights, taper
from ifssnet.propagate.interpolation.gaps import Piece
from ifssnet.propagate.interpolation.group_shapes import Face, Faces, mean_face
from ifssnet.propagate.seeding.annotated_groups import Knot, chains

LONG = 0.25
"""A run of annotated slices longer than this share of the gaps beside it says something about the area's slope."""


def area_curve(pieces: tuple[Piece, ...], faces: Mapping[Knot, Faces]) -> dict[int, float]:
    """The area in pixels on every slice of the pieces, never negative.

    Between knots with the muscle the curve through all of them that the pieces name (`curve_slopes`); between the muscle
    and its absence a taper to nothing; past the outermost annotated slice a straight line that may fall but not rise.

    Args:
        pieces: Of one muscle.
        faces: Of its knots with the muscle.
    """
    slopes = _slopes(pieces, faces)
    curve: dict[int, float] = {}
    for piece in pieces:
        curve |= _between(piece, faces, slopes) if piece.interpolates else _outward(piece, faces)
    return curve


def _between(piece: Piece, faces: Mapping[Knot, Faces], slopes: Mapping[Knot, _Slopes]) -> dict[int, float]:
    assert piece.left is not None
    assert piece.right is not None
    left, right = faces[piece.left].high, faces[piece.right].low
    curve = hermite(
        (left.place, right.place),
        (left.area_px, right.area_px),
        (slopes[piece.left].above, slopes[piece.right].below),
        np.array(piece.slices, dtype=np.float64),
    )
    return {z: max(0.0, float(value)) for z, value in zip(piece.slices, curve, strict=True)}


class _Slopes(NamedTuple):
    """Of the area curve at a knot, pixels a slice: towards the slices below it and towards those above."""

    below: float
    above: float


def _slopes(pieces: tuple[Piece, ...], faces: Mapping[Knot, Faces]) -> dict[Knot, _Slopes]:
    """At every knot with the muscle next to a piece, from all knots between which it is nowhere annotated absent.

    An absence says that the area falls, and not where it starts to: it bends no curve between two masks.
    """
    around = {knot for piece in pieces for knot in (piece.before, piece.left, piece.right, piece.after) if knot is not None}
    knots = tuple(sorted(around, key=lambda knot: knot.first))
    found: dict[Knot, _Slopes] = {}
    for chain in chains(knots):
        found |= _chain_slopes([knots[index] for index in chain], faces)
    return found


def _chain_slopes(knots: list[Knot], faces: Mapping[Knot, Faces]) -> dict[Knot, _Slopes]:
    """A knot is one point of the curve, unless it is long beside the gaps around it: then each of its faces is one."""
    points: list[Face] = []
    at: list[tuple[int, int]] = []
    for index, knot in enumerate(knots):
        low, high = faces[knot].low, faces[knot].high
        gaps = [abs(faces[other].low.place - low.place) for other in knots[max(0, index - 1) : index + 2] if other != knot]
        if high.place - low.place > LONG * min(gaps, default=math.inf):
            at.append((len(points), len(points) + 1))
            points += [low, high]
        else:
            at.append((len(points), len(points)))
            points.append(low if low is high else mean_face([low, high]))
    slopes = curve_slopes(np.array([face.place for face in points]), np.array([face.area_px for face in points]))
    return {knot: _Slopes(float(slopes[low]), float(slopes[high])) for knot, (low, high) in zip(knots, at, strict=True)}


def _outward(piece: Piece, faces: Mapping[Knot, Faces]) -> dict[int, float]:
    """Areas from the muscle's last annotated slice outwards: to its absence, or along the tangent where nobody looked."""
    upwards = piece.edge is piece.left
    inner, absent = (piece.before, piece.right) if upwards else (piece.after, piece.left)
    face = faces[piece.edge].high if upwards else faces[piece.edge].low
    slope = 0.0
    if inner is not None and inner.present:
        behind = faces[inner].high if upwards else faces[inner].low
        weights = tangent_weights(-abs(face.place - behind.place), 0.0, None)
        slope = float(weights[0] * behind.area_px + weights[1] * face.area_px)
    out = np.abs(np.array(piece.slices, dtype=np.float64) - face.place)
    if absent is None:
        values = np.clip(face.area_px + slope * out, 0.0, face.area_px)
    else:
        gap = abs((absent.first if upwards else absent.last) - face.place)
        values = taper(face.area_px, slope, out / gap, gap)
    return {z: float(value) for z, value in zip(piece.slices, values, strict=True)}
