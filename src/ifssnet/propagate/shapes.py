"""One muscle's shape on its annotated slices, and between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.geometry.distance import signed_distance
from ifssnet.propagate.blend import blend
from ifssnet.propagate.curves import hermite_weights, tangent_weights
from ifssnet.propagate.knots import Knot
from ifssnet.propagate.pieces import Piece

Map = Float[np.ndarray, "y x"]


@dataclass(frozen=True, eq=False)
class Anchor:
    """A muscle on one annotated slice.

    Attributes:
        distances: Signed distance to its border in mm, negative inside.
        centroid_yx: In pixels of the map.
        area_px: In pixels.
    """

    distances: Map
    centroid_yx: Float[np.ndarray, " axis"]
    area_px: float


def find_anchor(mask: Bool[np.ndarray, "y x"], spacing_yx_mm: tuple[float, float]) -> Anchor:
    """Measure a drawn mask, which is not empty."""
    y, x = np.nonzero(mask)
    return Anchor(signed_distance(mask, spacing_yx_mm), np.array([y.mean(), x.mean()]), float(len(y)))


def guided_map(piece: Piece, z: int, anchors: Mapping[int, Anchor]) -> Map:
    """The blended distance map on a slice: up to four annotated shapes, moved to where the centroids' curve passes.

    Between the muscle and its absence, and past the outermost annotated slice, the nearest annotated shape moves
    on along the tangent; it is the level that makes it shrink.
    """
    if piece.interpolates:
        places = piece.shape_places()
        weights = hermite_weights(places, z)
        used = [(anchors[place], weight) for place, weight in zip(places, weights, strict=True) if place is not None]
        centroid = sum((anchor.centroid_yx * weight for anchor, weight in used), np.zeros(2))
        return blend(
            [anchor.distances for anchor, _ in used],
            np.array([weight for _, weight in used]),
            np.array([centroid - anchor.centroid_yx for anchor, _ in used]),
        )
    edge, inner = _edge(piece)
    move = np.zeros(2)
    if inner is not None and inner.present:
        weights = tangent_weights(float(inner.middle), float(edge), None)
        move = (z - edge) * (weights[0] * anchors[inner.middle].centroid_yx + weights[1] * anchors[edge].centroid_yx)
    return blend([anchors[edge].distances], np.ones(1), move[None])


def plain_map(piece: Piece, z: int, anchors: Mapping[int, Anchor]) -> Map:
    """The distance map of unguided interpolation: a line between two slices, a cone between the muscle and its absence."""
    if piece.interpolates:
        _, left, right, _ = piece.shape_places()
        share = (z - left) / (right - left)
        return ((1 - share) * anchors[left].distances + share * anchors[right].distances).astype(np.float32)
    edge, _ = _edge(piece)
    distances = anchors[edge].distances
    if piece.left is None or piece.right is None:
        return distances
    absent = piece.right.first if piece.left.present else piece.left.last
    return (distances - distances.min() * abs(z - edge) / abs(absent - edge)).astype(np.float32)


def _edge(piece: Piece) -> tuple[int, Knot | None]:
    """The annotated slice with the muscle beside a piece, and the knot behind it."""
    if piece.left is not None and piece.left.present:
        return piece.left.last, piece.before
    assert piece.right is not None
    return piece.right.first, piece.after
