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
   With several sweeps, which see a strip of the muscle each, it is put on slices common to all of them (`strips`).
5. Several masks of a muscle on one slice: frames that see different parts (parallel sweeps, each a strip) are united.
   One that is covered by half or more by those nearer to the slice sees the same part again and is left out, as a union
   of neighbouring frames would always be too large. Of each of several sweeps only the nearest frame is taken, and left
   out only if the others cover nine tenths of it: parallel sweeps overlap.

Open contours are lines, not areas: they are left out, with a warning.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.compounding.projection.parallel_sweeps import common_slices, slice_tolerance
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.muscles import field_name
from ifssnet.core.seeds import Seeds
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.geometry.polygon import fill_even_odd

MAX_TILT_DEG = 30.0
_SAME_PART = 0.5
_SAME_STRIP = 0.9
"""Parallel sweeps overlap: one between two others may be covered by them for the most part, and still see what they do not."""


@dataclass(frozen=True)
class PlacedContours:
    """Where the contours of one muscle in one frame went.

    Attributes:
        label: The muscle.
        sweep: Index of the sweep.
        frame: Index of the frame in its sweep.
        z: The slice that they were put on.
        tilt_deg: Angle between the frame's plane and the slices.
        offset_mm: From the slice to the mean of the drawn area, along the slices' normal.
        farthest_mm: Largest distance of a point of the drawn area from the slice.
        area_mm2: Area of the mask on the slice.
        used: False when frames nearer to the slice show the same part.
    """

    label: int
    sweep: int
    frame: int
    z: int
    tilt_deg: float
    offset_mm: float
    farthest_mm: float
    area_mm2: float
    used: bool


@dataclass(frozen=True, eq=False)
class ContourSeeds:
    """Seeds out of contours, and how they came about.

    Attributes:
        seeds: The masks.
        placed: One note a muscle and frame, in the order of label, slice and nearness.
    """

    seeds: Seeds
    placed: tuple[PlacedContours, ...]


@dataclass(frozen=True, eq=False)
class _Drawing:
    note: PlacedContours
    mask: Bool[np.ndarray, "y x"]


def contours_to_seeds(
    sweeps: Sweep | Sequence[Sweep], grid: Grid, *, max_tilt_deg: float = MAX_TILT_DEG, absent_where_others: bool = False
) -> Seeds:
    """The seeds of `place_contours`, without its notes."""
    return place_contours(sweeps, grid, max_tilt_deg=max_tilt_deg, absent_where_others=absent_where_others).seeds


def place_contours(
    sweeps: Sweep | Sequence[Sweep], grid: Grid, *, max_tilt_deg: float = MAX_TILT_DEG, absent_where_others: bool = False
) -> ContourSeeds:
    """Carry contours through the frames' poses onto the slices of a volume, as this module's head tells.

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
    labels, names, colors = _labels(given)
    drawings: list[_Drawing] = []
    trouble = _Trouble(max_tilt_deg)
    for index, sweep in enumerate(given):
        for (number, frame), contours in _closed_by_frame(sweep, trouble).items():
            drawing = _place(contours, sweep, grid, (labels[index, number], index, frame), trouble)
            if drawing is not None:
                drawings.append(drawing)
    trouble.report()
    if not drawings:
        raise InputError(
            "closed contours that lie on the volume",
            trouble.summary() or "sweeps without contours",
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
    return ContourSeeds(Seeds(masks, grid, names, colors), placed)


def _on_common_slices(drawings: list[_Drawing], sweeps: list[Sweep], grid: Grid) -> tuple[list[_Drawing], list[PlacedContours]]:
    """The drawings of parallel sweeps on the slices that `strips.common_slices` chooses, and the notes of those on none."""
    reach = {index: slice_tolerance(sweep, grid) for index, sweep in enumerate(sweeps)}
    step_mm = grid.spacing_xyz_mm[2]
    moved: list[_Drawing] = []
    partly: set[int] = set()
    beside: list[PlacedContours] = []
    for label in sorted({drawing.note.label for drawing in drawings}):
        by_sweep: dict[int, list[_Drawing]] = {}
        for drawing in drawings:
            if drawing.note.label == label:
                by_sweep.setdefault(drawing.note.sweep, []).append(drawing)
        heights = {sweep: [each.note.z + each.note.offset_mm / step_mm for each in drawn] for sweep, drawn in by_sweep.items()}
        slices, left_out = common_slices(heights, reach)
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
                moved.append(_Drawing(note, drawing.mask))
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


class _Trouble:
    """What was left out, counted by cause."""

    def __init__(self, max_tilt_deg: float) -> None:
        self.max_tilt_deg = max_tilt_deg
        self.open = self.invalid = self.missed = self.cut = 0
        self.tilted: list[float] = []

    def summary(self) -> str:
        tilted = f"at most {max(self.tilted, default=0):.0f} degrees"
        causes = (
            (self.open, "open contours, which enclose nothing"),
            (self.invalid, "drawings on frames without a valid pose"),
            (len(self.tilted), f"drawings on frames tilted by more than {self.max_tilt_deg:g} degrees ({tilted})"),
            (self.missed, "drawings that miss the volume"),
        )
        return ", ".join(f"{count} {what}" for count, what in causes if count)

    def report(self) -> None:
        if left_out := self.summary():
            warnings.warn(InputWarning(f"Left out: {left_out}."), stacklevel=3)
        if self.cut:
            warnings.warn(
                InputWarning(f"{self.cut} drawings reach over the volume's edge and are cut off there."), stacklevel=3
            )


def _labels(sweeps: list[Sweep]) -> tuple[dict[tuple[int, int], int], dict[int, str], dict[int, tuple[int, int, int]]]:
    """(sweep, object) to label, and the labels' names and colours; what has the same name is the same muscle."""
    drawn = [sorted({contour.label for contour in sweep.contours}) for sweep in sweeps]
    shift = 1 - min([1, *(number for numbers in drawn for number in numbers)])
    labels: dict[tuple[int, int], int] = {}
    names: dict[int, str] = {}
    colors: dict[int, tuple[int, int, int]] = {}
    by_name: dict[str, int] = {}
    for index, (sweep, numbers) in enumerate(zip(sweeps, drawn, strict=True)):
        short = {number: field_name(sweep.names[number]) for number in numbers if number in sweep.names}
        for number in numbers:
            name = short.get(number)
            if name is not None and list(short.values()).count(name) > 1:
                name = sweep.names[number]
            known = by_name.get(name) if name is not None else None
            free = number + shift
            while known is None and free in labels.values() and names.get(free) != name:
                free += 1
            label = free if known is None else known
            labels[index, number] = label
            if name is not None:
                by_name[name] = label
                names[label] = name
            if number in sweep.colors:
                colors.setdefault(label, sweep.colors[number])
    return labels, names, colors


def _closed_by_frame(sweep: Sweep, trouble: _Trouble) -> dict[tuple[int, int], list[Contour]]:
    """(object, frame) to its closed contours."""
    found: dict[tuple[int, int], list[Contour]] = {}
    for contour in sweep.contours:
        if not contour.closed or len(contour.points_uv_px) < 3:
            trouble.open += 1
        else:
            found.setdefault((contour.label, contour.frame), []).append(contour)
    return found


def _place(
    contours: list[Contour], sweep: Sweep, grid: Grid, which: tuple[int, int, int], trouble: _Trouble
) -> _Drawing | None:
    """Steps 2 to 4 for one muscle in one frame (`which`: label, sweep, frame); None when it does not land on the volume."""
    label, sweep_index, frame = which
    if not sweep.valid[frame]:
        trouble.invalid += 1
        return None
    pose = sweep.image_to_world[frame]
    tilt_deg = tilt_from_slices_deg(pose, grid)
    if tilt_deg > trouble.max_tilt_deg:
        trouble.tilted.append(tilt_deg)
        return None
    to_index = (grid.mm_to_index @ pose)[:3][:, [0, 1, 3]]
    polygons = [contour.points_uv_px @ to_index[:, :2].T + to_index[:, 2] for contour in contours]
    _, rows, columns = grid.shape_zyx
    mask = fill_even_odd([polygon[:, :2] for polygon in polygons], (rows, columns))
    if not mask.any():
        trouble.missed += 1
        return None
    height = _height(mask, to_index)
    z = math.floor(height.mean() + 0.5)
    if not 0 <= z < grid.slices:
        trouble.missed += 1
        return None
    corners = np.concatenate(polygons)
    trouble.cut += bool((corners[:, :2] < -0.5).any() or (corners[:, :2] > (columns - 0.5, rows - 0.5)).any())
    step_mm = grid.spacing_xyz_mm[2]
    note = PlacedContours(
        label=label,
        sweep=sweep_index,
        frame=frame,
        z=z,
        tilt_deg=tilt_deg,
        offset_mm=float(height.mean() - z) * step_mm,
        farthest_mm=float(np.abs(corners[:, 2] - z).max()) * step_mm,
        area_mm2=float(mask.sum()) * grid.pixel_area_mm2,
        used=True,
    )
    return _Drawing(note, mask)


def tilt_from_slices_deg(pose: Float[np.ndarray, "4 4"], grid: Grid) -> float:
    """The angle, 0 to 90 degrees, between an image's plane and the slices of a grid."""
    normal = np.cross(pose[:3, 0], pose[:3, 1])
    axis = np.asarray(grid.direction, dtype=np.float64)[:, 2]
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(normal, axis))), abs(float(normal @ axis))))


def _height(mask: Bool[np.ndarray, "y x"], to_index: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " pixel"]:
    """The z index of the frame's plane above each pixel of a mask on the slices' x and y."""
    y, x = np.nonzero(mask)
    uv = np.linalg.solve(to_index[:2, :2], np.stack([x, y]) - to_index[:2, 2:])
    return to_index[2, :2] @ uv + to_index[2, 2]


def _united(drawings: list[_Drawing], same_part: float) -> tuple[dict[int, dict[int, np.ndarray]], tuple[PlacedContours, ...]]:
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
