"""All that guided interpolation knows of one muscle: knots, shapes on them, and the curves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ifssnet.core.seeds import Mask
from ifssnet.core.segmentation import Json
from ifssnet.propagate.areas import area_curve
from ifssnet.propagate.knots import Knot, find_knots
from ifssnet.propagate.pieces import Piece, find_pieces
from ifssnet.propagate.shapes import Anchor, find_anchor
from ifssnet.propagate.smoothing import smooth


@dataclass(frozen=True, eq=False)
class Course:
    """One muscle along z.

    Attributes:
        knots: Ascending.
        pieces: The stretches between them.
        piece_of: The piece that a slice lies in, for every slice to be filled.
        anchors: What the shapes between are made of, on the first, middle and last slice of every knot with the muscle;
            smoothed where the seeds are noisy.
        drawn_px: Area of every annotated slice as drawn.
        area_px: Area due to every slice to be filled.
        smoothing: Strengths, and how they were chosen.
    """

    knots: tuple[Knot, ...]
    pieces: tuple[Piece, ...]
    piece_of: Mapping[int, Piece]
    anchors: Mapping[int, Anchor]
    drawn_px: Mapping[int, float]
    area_px: Mapping[int, float]
    smoothing: Mapping[str, Json]


def find_course(
    masks: Mapping[int, Mask], slices: int, beyond: int, spacing_yx_mm: tuple[float, float], smoothing: float | str
) -> Course:
    """Measure one muscle's annotated slices, and lay the curves through them.

    Args:
        masks: Slice index to what was drawn, cut to a box that all muscles share.
        slices: Of the whole grid.
        beyond: Slices to go past the outermost annotated ones.
        spacing_yx_mm: Of the pixels.
        smoothing: "auto", or the strength of the smoothing splines.
    """
    knots = find_knots(masks)
    pieces = find_pieces(knots, slices, beyond)
    drawn_px = {z: float(mask.sum()) for z, mask in masks.items()}
    raw = {z: find_anchor(masks[z], spacing_yx_mm) for knot in knots if knot.present for z in knot.slices}
    anchors, report = smooth(knots, raw, spacing_yx_mm, smoothing)
    area = {z: 0.0 for knot in knots for z in knot.slices} | {z: anchor.area_px for z, anchor in anchors.items()}
    piece_of = {z: piece for piece in pieces for z in piece.slices}
    return Course(knots, pieces, piece_of, anchors, drawn_px, area_curve(pieces, area), report)
