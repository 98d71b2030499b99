"""The area of a muscle on every slice, from its area on the annotated ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ifssnet.propagate.curves import hermite_weights, tangent_weights, taper
from ifssnet.propagate.faces import Faces
from ifssnet.propagate.knots import Knot
from ifssnet.propagate.pieces import Piece


def area_curve(pieces: tuple[Piece, ...], faces: Mapping[Knot, Faces]) -> dict[int, float]:
    """The area in pixels on every slice of the pieces, never negative.

    Between two knots with the muscle a cubic Hermite piece; between the muscle and its absence a taper to
    nothing; past the outermost annotated slice a straight line that may fall but not rise.

    Args:
        pieces: Of one muscle.
        faces: Of its knots with the muscle.
    """
    curve: dict[int, float] = {}
    for piece in pieces:
        curve |= _between(piece, faces) if piece.interpolates else _outward(piece, faces)
    return curve


def _between(piece: Piece, faces: Mapping[Knot, Faces]) -> dict[int, float]:
    assert piece.left is not None
    assert piece.right is not None
    left, right = faces[piece.left].high, faces[piece.right].low
    # An absence beyond says that the area falls, and not where it starts to: it bends no curve between two masks.
    before = faces[piece.before].high if piece.before is not None and piece.before.present else None
    after = faces[piece.after].low if piece.after is not None and piece.after.present else None
    places = (before and before.place, left.place, right.place, after and after.place)
    values = np.array([before.area_px if before else 0.0, left.area_px, right.area_px, after.area_px if after else 0.0])
    return {z: max(0.0, float(hermite_weights(places, z) @ values)) for z in piece.slices}


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
