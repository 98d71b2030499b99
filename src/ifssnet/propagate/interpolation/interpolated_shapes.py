"""One muscle's distance map on a slice between annotated ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.curves import hermite_weights, tangent_weights
from ifssnet.propagate.interpolation.gaps import Piece
from ifssnet.propagate.interpolation.group_shapes import Face, Faces
from ifssnet.propagate.seeding.annotated_groups import Knot

Map = Float[np.ndarray, "y x"]


def guided_map(piece: Piece, z: int, faces: Mapping[Knot, Faces]) -> Map:
    """The blended distance map on a slice: up to four annotated shapes, moved to where the centroids' curve passes.

    Between the muscle and its absence, and past the outermost annotated slice, the nearest annotated shape moves
    on along the tangent; it is the level that makes it shrink.
    """
    if not piece.interpolates:
        face, behind = _edge(piece, faces)
        move = np.zeros(2)
        if behind is not None:
            weights = tangent_weights(behind.place, face.place, None)
            move = (z - face.place) * (weights[0] * behind.centroid_yx + weights[1] * face.centroid_yx)
        return blend([face.distances], np.ones(1), move[None])
    assert piece.left is not None
    assert piece.right is not None
    before = faces[piece.before].high if piece.before is not None and piece.before.present else None
    after = faces[piece.after].low if piece.after is not None and piece.after.present else None
    four = (before, faces[piece.left].high, faces[piece.right].low, after)
    weights = hermite_weights((before and before.place, four[1].place, four[2].place, after and after.place), z)
    used = [(face, weight) for face, weight in zip(four, weights, strict=True) if face is not None]
    centroid = sum((face.centroid_yx * weight for face, weight in used), np.zeros(2))
    return blend(
        [face.distances for face, _ in used],
        np.array([weight for _, weight in used]),
        np.array([centroid - face.centroid_yx for face, _ in used]),
    )


def plain_map(piece: Piece, z: int, faces: Mapping[Knot, Faces]) -> Map:
    """The distance map of unguided interpolation: a line between two slices, a cone between the muscle and its absence."""
    if piece.interpolates:
        assert piece.left is not None
        assert piece.right is not None
        left, right = faces[piece.left].high, faces[piece.right].low
        share = (z - left.place) / (right.place - left.place)
        return ((1 - share) * left.distances + share * right.distances).astype(np.float32)
    face, _ = _edge(piece, faces)
    if piece.left is None or piece.right is None:
        return face.distances
    absent = piece.right.first if piece.left.present else piece.left.last
    return (face.distances - face.distances.min() * abs(z - face.place) / abs(absent - face.place)).astype(np.float32)


def _edge(piece: Piece, faces: Mapping[Knot, Faces]) -> tuple[Face, Face | None]:
    """What the annotated slice with the muscle beside a piece shows, and the knot with the muscle behind it."""
    upwards = piece.edge is piece.left
    inner = piece.before if upwards else piece.after
    edge = faces[piece.edge]
    behind = None if inner is None or not inner.present else faces[inner]
    return (edge.high, behind and behind.high) if upwards else (edge.low, behind and behind.low)
