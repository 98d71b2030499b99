"""All that guided interpolation knows of one muscle: knots, shapes on them, and the curves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ifssnet.core.seeds import Mask
from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.gaps import Piece, find_pieces
from ifssnet.propagate.interpolation.group_shapes import Faces
from ifssnet.propagate.interpolation.seed_smoothing import Smoothing, find_shown
from ifssnet.propagate.seeding.annotated_groups import Knot, find_knots


@dataclass(frozen=True, eq=False)
class Course:
    """One muscle along z.

    Attributes:
        knots: Ascending.
        piece_of: The stretch between knots that a slice lies in, for every slice to be filled.
        faces: What the shapes between are made of, for every knot with the muscle; smoothed where the seeds are noisy.
        drawn_px: Area of every annotated slice as drawn.
        area_px: Area due to every slice to be filled.
    """

    knots: tuple[Knot, ...]
    piece_of: Mapping[int, Piece]
    faces: Mapping[Knot, Faces]
    drawn_px: Mapping[int, float]
    area_px: Mapping[int, float]

    @property
    def mean_gap(self) -> float:
        """Slices of the gap in which a slice to be filled lies, on average; 0 without any."""
        widths = [len(piece.slices) for piece in self.piece_of.values()]
        return sum(widths) / len(widths) if widths else 0.0


def find_course(
    masks: Mapping[int, Mask], slices: int, beyond: int, spacing_yx_mm: tuple[float, float], smoothing: Smoothing
) -> Course:
    """Measure one muscle's annotated slices, and lay the curves through them.

    Args:
        masks: Slice index to what was drawn, cut to a box that all muscles share.
        slices: Of the whole grid.
        beyond: Slices to go past the outermost annotated ones.
        spacing_yx_mm: Of the pixels.
        smoothing: How far the curves may leave what was drawn.
    """
    knots = find_knots(masks)
    pieces = find_pieces(knots, slices, beyond)
    faces = find_shown(knots, masks, spacing_yx_mm, smoothing)
    piece_of = {z: piece for piece in pieces for z in piece.slices}
    drawn_px = {z: float(mask.sum()) for z, mask in masks.items()}
    return Course(knots, piece_of, faces, drawn_px, area_curve(pieces, faces))
