"""The area of a muscle on every slice, from its area on the annotated ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ifssnet.propagate.curves import hermite_weights, tangent_weights, taper
from ifssnet.propagate.knots import Knot
from ifssnet.propagate.pieces import Piece


def area_curve(pieces: tuple[Piece, ...], area: Mapping[int, float]) -> dict[int, float]:
    """The area on every slice of the pieces, never negative.

    Between two knots with the muscle a cubic Hermite piece; between the muscle and its absence a taper to
    nothing; past the outermost annotated slice a straight line that may fall but not rise.

    Args:
        pieces: Of one muscle.
        area: At the first, the middle and the last slice of every knot, 0 where it is absent; any unit.
    """
    curve: dict[int, float] = {}
    for piece in pieces:
        if piece.interpolates:
            places = piece.area_places()
            values = np.array([0.0 if z is None else area[z] for z in places])
            for z in piece.slices:
                curve[z] = max(0.0, float(hermite_weights(places, z) @ values))
        elif piece.left is not None and piece.left.present:
            absent = None if piece.right is None else piece.right.first
            curve |= _outward(piece.slices, piece.left.last, piece.before, absent, area)
        elif piece.right is not None:
            absent = None if piece.left is None else piece.left.last
            curve |= _outward(piece.slices[::-1], piece.right.first, piece.after, absent, area)
    return curve


def _outward(slices: range, edge: int, inner: Knot | None, absent: int | None, area: Mapping[int, float]) -> dict[int, float]:
    """Areas from the muscle's last annotated slice outwards: to its absence, or along the tangent where nobody looked."""
    slope = 0.0
    if inner is not None and inner.present:
        gap = abs(edge - inner.middle)
        slope = float(tangent_weights(-gap, 0.0, None) @ np.array([area[inner.middle], area[edge], 0.0]))
    out = np.array([abs(z - edge) for z in slices], dtype=np.float64)
    if absent is None:
        values = np.clip(area[edge] + slope * out, 0.0, area[edge])
    else:
        gap = float(abs(absent - edge))
        values = taper(area[edge], slope, out / gap, gap)
    return {z: float(value) for z, value in zip(slices, values, strict=True)}
