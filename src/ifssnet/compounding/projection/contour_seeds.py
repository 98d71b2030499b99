"""Contours drawn on B-mode frames become seeds on the slices of a volume.

A contour lies in the plane of its frame, which is no slice: it is tilted against the slices and lies between them. A
method that goes from slice to slice needs a whole 2-D mask on a slice. So, for each muscle and frame:

1. All closed contours of the muscle in the frame are taken together: by the even-odd rule, one inside another is a hole.
2. Their corners go by the frame's pose to the volume's index space and are projected along the slices' normal. Poses are
   affine, so the projection of a polygon is a polygon, and no resampling is involved.
3. The polygons are filled at the centres of the slice's pixels.
4. The mask is put on the slice nearest to it: the one at the mean, over its pixels, of the frame's height along the
   normal. A pixel at a distance d mm from the middle of a muscle in a frame tilted by t lies up to d tan(t) mm from that
   slice; that distance is noted for every mask, and frames tilted by more than `max_tilt_deg` are refused.
   With several sweeps, which see a strip of the muscle each, it is put on slices common to all of them (`parallel_sweeps`).
5. Several masks of a muscle on one slice: frames that see different parts (parallel sweeps, each a strip) are united.
   One that is covered by half or more by those nearer to the slice sees the same part again and is left out, as a union
   of neighbouring frames would always be too large. Only the nearest frame of each of several sweeps is taken, and left
   out only if the others cover nine tenths of it: parallel sweeps overlap.

Open contours are lines, not areas: they are left out, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ifssnet.compounding.projection.object_labels import label_objects
from ifssnet.compounding.projection.parallel_sweeps import common_slices, slice_tolerance
from ifssnet.compounding.projection.placed_contours import Drawing, LeftOut, PlacedContours, closed_by_frame, place_on_slice
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.seeds import Seeds
from ifssnet.core.sweep import Sweep

MAX_TILT_DEG = 30.0

_SAME_PART = 0.5
_SAME_STRIP = 0.9
"""Parallel sweeps overlap: one between two others may be covered by them for the most part, and still see what they do not."""


@dataclass(frozen=True, eq=False)
class ContourSeeds:
    """Seeds out of contours, and how they came about.

    Attributes:
        seeds: The masks.
        placed: One note a muscle and frame, in the order of label, slice and nearness.
    """

    seeds: Seeds
    placed: tuple[PlacedContours, ...]


def contours_to_seeds(
    sweeps: Sweep | Sequence[Sweep], grid: Grid, *, max_tilt_deg: float = MAX_TILT_DEG, absent_where_others: bool = False
) -> Seeds:
    """The seeds of `place_contours`, without its notes."""
    return place_contours(sweeps, grid, max_tilt_deg=max_tilt_deg, absent_where_others=absent_where_others).seeds


def place_contours(
    sweeps: Sweep | Sequence[Sweep], grid: Grid, *, max_tilt_deg: float = MAX_TILT_DEG, absent_where_others: bool = False
) -> ContourSeeds:
    """Project contours through the frames' poses onto the slices of a volume, by the steps at the head of this module.

    Args:
        sweeps: One or several sweeps with contours; objects of the same name in several sweeps are one muscle.
        grid: The volume's.
        max_tilt_deg: Frames tilted by more than that against the slices are left out, with a warning.
        absent_where_others: Whether a slice on which other muscles were drawn says that a muscle is absent there, as far
            as it lies outside the muscle's own first and last slice.

    Returns:
        The seeds with the notes. Labels are the objects' numbers, counted from 1 where one of them is 0 or less.

    Raises:
        InputError: No closed contour at all, or none that lands on the volume.
    """
    given = [sweeps] if isinstance(sweeps, Sweep) else list(sweeps)
    objects = label_objects(given)
    drawings: list[Drawing] = []
    left_out = LeftOut(max_tilt_deg)
    for index, sweep in enumerate(given):
        for (number, frame), contours in closed_by_frame(sweep, left_out).items():
            drawing = place_on_slice(contours, sweep, grid, (objects.labels[index, number], index, frame), left_out)
            if drawing is not None:
                drawings.append(drawing)
    _warn(left_out)
    if not drawings:
        raise InputError(
            "closed contours that lie on the volume",
            left_out.summary or "sweeps without contours",
            "Draw closed contours, and give the volume compounded from these sweeps, with slices across their direction.",
        )
    if len(given) > 1:
        drawings, beside = _on_common_slices(drawings, given, grid)
    else:
        beside = []
    masks, placed = _united(drawings, _SAME_PART if len(given) == 1 else _SAME_STRIP)
    placed = tuple(sorted((*placed, *beside), key=_place_order))
    if absent_where_others:
        _assert_absence(masks, grid)
    return ContourSeeds(Seeds(masks, grid, objects.names, objects.colors), placed)


def _on_common_slices(drawings: list[Drawing], sweeps: list[Sweep], grid: Grid) -> tuple[list[Drawing], list[PlacedContours]]:
    """The drawings of parallel sweeps on the slices of `common_slices`, and the notes of those on none."""
    tolerance = {index: slice_tolerance(sweep, grid) for index, sweep in enumerate(sweeps)}
    step_mm = grid.spacing_xyz_mm[2]
    moved: list[Drawing] = []
    partly: set[int] = set()
    beside: list[PlacedContours] = []
    for label in sorted({drawing.note.label for drawing in drawings}):
        by_sweep: dict[int, list[Drawing]] = {}
        for drawing in drawings:
            if drawing.note.label == label:
                by_sweep.setdefault(drawing.note.sweep, []).append(drawing)
        heights = {sweep: [each.note.z + each.note.offset_mm / step_mm for each in drawn] for sweep, drawn in by_sweep.items()}
        slices, left_out = common_slices(heights, tolerance)
        partly |= set(left_out)
        taken = {member for members in slices.values() for member in members}
        beside += [
            replace(each.note, used=False)
            for sweep, drawn in by_sweep.items()
            for index, each in enumerate(drawn)
            if (sweep, index) not in taken
        ]
        for z, members in slices.items():
            for sweep, index in members:
                drawing = by_sweep[sweep][index]
                offset_mm = (heights[sweep][index] - z) * step_mm
                farther = abs(offset_mm) - abs(drawing.note.offset_mm)
                note = replace(drawing.note, z=z, offset_mm=offset_mm, farthest_mm=drawing.note.farthest_mm + max(farther, 0.0))
                moved.append(Drawing(note, drawing.mask))
    if partly:
        warnings.warn(
            InputWarning(
                f"{len(partly)} slices are left out: a muscle was drawn there in some of the sweeps that see it, not in all."
            ),
            stacklevel=4,
        )
    if not moved:
        raise InputError(
            "a muscle drawn at the same height in every sweep that sees it",
            "drawings that nowhere make up a whole muscle",
            "Draw it in neighbouring sweeps on frames that lie beside each other.",
        )
    return moved, beside


def _warn(left_out: LeftOut) -> None:
    if left_out.summary:
        warnings.warn(InputWarning(f"Left out: {left_out.summary}."), stacklevel=3)
    if left_out.clipped:
        message = f"{left_out.clipped} drawings reach over the volume's edge and are cut off there."
        warnings.warn(InputWarning(message), stacklevel=3)


def _united(drawings: list[Drawing], same_part: float) -> tuple[dict[int, dict[int, np.ndarray]], tuple[PlacedContours, ...]]:
    """Step 5: one mask a muscle and slice."""
    masks: dict[int, dict[int, np.ndarray]] = {}
    placed: list[PlacedContours] = []
    for drawing in sorted(drawings, key=lambda drawing: _place_order(drawing.note)):
        note, by_slice = drawing.note, masks.setdefault(drawing.note.label, {})
        so_far = by_slice.get(note.z)
        seen = so_far is not None and (drawing.mask & so_far).sum() >= same_part * drawing.mask.sum()
        if not seen:
            by_slice[note.z] = drawing.mask if so_far is None else so_far | drawing.mask
        placed.append(note if not seen else replace(note, used=False))
    return masks, tuple(placed)


def _place_order(note: PlacedContours) -> tuple[int, int, float, int, int]:
    return (note.label, note.z, abs(note.offset_mm), note.sweep, note.frame)


def _assert_absence(masks: dict[int, dict[int, np.ndarray]], grid: Grid) -> None:
    """Empty masks where others were drawn, outside the muscle's own slices: a muscle does not vanish and come back."""
    drawn = {z for by_slice in masks.values() for z in by_slice}
    for by_slice in masks.values():
        first, last = min(by_slice), max(by_slice)
        for z in drawn:
            if not first <= z <= last:
                by_slice[z] = np.zeros(grid.shape_zyx[1:], dtype=bool)
