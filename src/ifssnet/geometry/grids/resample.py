"""From one grid to another, and when that is safe."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.grids.sampling import count_outside, index_map, rounding_mm, sampled
from ifssnet.geometry.masks.box import label_boxes
from ifssnet.geometry.untyped import affine_transform

MAX_OFF_PLANE_SLICES = 0.25
"""An annotated slice lies on a slice of the volume when no part of it is further off than this share of a slice."""

MAX_TILT_DEG = 5.0
"""Label maps whose axes differ by more are not compared: their slices and cross-sections mean different planes."""

MAX_SPACING_RATIO = 4.0
"""Label maps whose voxels differ by more along an axis are not compared: the coarser one's steps would be measured."""

SILENT_MM = 1e-3
"""Moves of less than that are rounding: nobody need hear of them."""

MAX_CUT_SHARE = 0.01
"""Share of a structure that may fall outside the other grid."""


@dataclass(frozen=True)
class GridDifference:
    """How two grids lie to each other.

    Attributes:
        tilt_deg: Largest angle between an axis of one and the closest axis, either way round, of the other.
        spacing_ratio: Largest ratio of two spacings along matching axes, at least 1.
        axis_of: For each axis x, y, z of the first grid the axis of the second that is closest to it.
        rounding_mm: How far a voxel centre of the second grid can at most lie from the nearest one of the first.
    """

    tilt_deg: float
    spacing_ratio: float
    axis_of: tuple[int, int, int]
    rounding_mm: float


def grid_difference(first: Grid, second: Grid) -> GridDifference:
    """Compare the axes and spacings of two grids."""
    cosines = np.asarray(first.direction, dtype=np.float64).T @ np.asarray(second.direction, dtype=np.float64)
    axis_of = [int(np.abs(row).argmax()) for row in cosines]
    along = np.array([min(abs(float(cosines[row, axis])), 1.0) for row, axis in enumerate(axis_of)])
    ratios = [first.spacing_xyz_mm[row] / second.spacing_xyz_mm[axis] for row, axis in enumerate(axis_of)]
    return GridDifference(
        tilt_deg=math.degrees(math.acos(float(along.min()))),
        spacing_ratio=max(max(ratio, 1 / ratio) for ratio in ratios),
        axis_of=(axis_of[0], axis_of[1], axis_of[2]),
        rounding_mm=float(np.linalg.norm(rounding_mm(first, second))),
    )


def labels_on(labels: LabelMap, grid: Grid) -> LabelMap:
    """A label map on another grid: each voxel takes the label of the nearest voxel, 0 outside."""
    if labels.grid.matches(grid):
        return labels
    return LabelMap(
        array=sampled(labels.array, labels.grid, grid, order=0),
        grid=grid,
        names=labels.names,
        colors=labels.colors,
        header=labels.header,
    )


def volume_on(volume: Volume, grid: Grid, order: int = 1) -> Volume:
    """A volume on another grid, 0 outside.

    Args:
        volume: Grey levels; whole numbers are rounded and keep their type and range.
        grid: The new grid.
        order: 0 nearest, 1 linear, 3 cubic.

    Raises:
        InputError: Another order.
    """
    if order not in (0, 1, 3):
        raise InputError("an interpolation of order 0, 1 or 3", f"{order}", "Choose one of these.")
    if volume.grid.matches(grid):
        return volume
    seen = None if volume.seen is None else seen_on(volume.seen, volume.grid, grid, order)
    return Volume(array=sampled(volume.array, volume.grid, grid, order), grid=grid, header=volume.header, seen=seen)


def seen_on(seen: Bool[np.ndarray, "z y x"], source: Grid, grid: Grid, order: int) -> Bool[np.ndarray, "z y x"]:
    """A mask of what was seen on another grid; outside nothing was.

    Args:
        seen: The mask.
        source: Its grid.
        grid: The new grid.
        order: That of the grey levels: beyond 0 a voxel was seen where all eight voxels around it were.
    """
    if order == 0:
        return sampled(seen.view(np.uint8), source, grid, order=0) > 0
    return sampled(np.where(seen, np.uint8(255), np.uint8(0)), source, grid, order=1) == 255


def seeds_on(seeds: Seeds, grid: Grid, what: str = "the seeds") -> Seeds:
    """Seeds on a volume's grid.

    Safe, and done with an `InputWarning` that says by how much: every annotated slice lies on a slice of the volume
    (nowhere more than a quarter of a slice off, each on its own), so that only pixels move within their plane, by the nearest
    voxel. Turned or mirrored pixel axes, other pixel sizes, another field of view and a reversed or longer stack
    are therefore fine. Refused is what would invent or lose an annotation: tilted slices, slices that fall between the
    volume's, two that fall on one, and drawings that reach out of the volume by more than 1 %.

    Args:
        seeds: Masks and the grid that they were drawn on.
        grid: The volume's grid.
        what: How messages call the seeds, for example by their file's name.

    Raises:
        InputError: The seeds cannot be moved safely.
    """
    if seeds.grid.matches(grid):
        return seeds if seeds.grid == grid else replace(seeds, grid=grid)
    target = {z: _slice_in(seeds.grid, grid, z, what) for z in seeds.annotated_slices}
    _check_distinct(target, what)
    masks: dict[int, dict[int, Mask]] = {}
    for label, by_slice in seeds.masks.items():
        moved: dict[int, Mask] = {}
        drawn = kept = 0.0
        for z, mask in by_slice.items():
            drawn += int(mask.sum()) * seeds.grid.pixel_area_mm2
            if 0 <= target[z][0] < grid.slices:
                moved[target[z][0]] = _mask_on(mask, seeds.grid, grid, target[z][0])
                kept += int(moved[target[z][0]].sum()) * grid.pixel_area_mm2
            elif mask.any():
                raise InputError(
                    f"annotated slices within the volume's {grid.slices}",
                    f"{what}, whose slice {z} ({seeds.name(label)}) would be the volume's slice {target[z][0]}",
                    "Check that both belong to the same recording.",
                )
        _check_share_kept(drawn, kept, f"{seeds.name(label)} of {what}", _outside_share(seeds, label, grid))
        masks[label] = moved
    off_mm = max((off for _, off in target.values()), default=0.0)
    in_plane_mm = _in_plane_mm(seeds.grid, grid)
    if max(off_mm, in_plane_mm) >= SILENT_MM:
        warnings.warn(
            InputWarning(
                f"The grids of {what} and of the volume differ: each of the {len(target)} annotated slices was moved to the "
                f"volume's nearest slice, by at most {off_mm:.3g} mm, and its pixels by at most {in_plane_mm:.3g} mm."
            ),
            stacklevel=2,
        )
    return replace(seeds, masks=masks, grid=grid)


def comparable(labels: LabelMap, reference: LabelMap, what: str = "the label map") -> LabelMap:
    """A label map on its reference's grid, to be compared voxel by voxel.

    Another field of view, offset, order of axes, mirrored axes, and voxels up to four times as large or small are resampled
    to the nearest voxel with an `InputWarning` that says how far voxels moved. Refused: axes more than 5 degrees apart,
    voxels that differ more, and structures of which more than 1 % lies outside the reference's grid.

    Raises:
        InputError: The two cannot be compared voxel by voxel.
    """
    if labels.grid.matches(reference.grid):
        return labels
    difference = grid_difference(labels.grid, reference.grid)
    if difference.tilt_deg > MAX_TILT_DEG:
        raise InputError(
            f"a reference whose axes lie within {MAX_TILT_DEG:g} degrees of those of {what}",
            f"{difference.tilt_deg:.3g} degrees",
            "Check that both belong to the same recording, or resample one onto the other's grid first.",
        )
    if difference.spacing_ratio > MAX_SPACING_RATIO * (1 + 1e-6):
        raise InputError(
            f"voxels at most {MAX_SPACING_RATIO:g} times as large as the other's",
            f"{labels.grid.spacing_xyz_mm} mm in {what} and {reference.grid.spacing_xyz_mm} mm in the reference",
            "Convert one to a spacing near the other's first (ifss convert --spacing).",
        )
    boxes = label_boxes(labels.array, list(labels.names))
    for value, box in boxes.items():
        outside = _share_outside(labels, value, box, reference.grid)
        if outside > MAX_CUT_SHARE:
            raise InputError(
                "structures that lie within the reference's grid",
                f"{outside:.0%} of {labels.names[value]} in {what} outside it",
                "Check that both belong to the same recording.",
            )
    if difference.rounding_mm >= SILENT_MM:
        shape = " x ".join(map(str, reference.grid.shape_zyx))
        warnings.warn(
            InputWarning(
                f"The grids of {what} and of the reference differ: {what} was resampled to the reference's {shape} voxels, "
                f"moving them by at most {difference.rounding_mm:.3g} mm."
            ),
            stacklevel=2,
        )
    return labels_on(labels, reference.grid)


def volume_under(volume: Volume, labels: LabelMap, what: str = "the volume") -> Volume:
    """The grey levels under a label map: nearest voxels where the grids differ, so that they are not blurred.

    An `InputWarning` says how far voxels moved.

    Raises:
        InputError: More than 1 % of a structure lies outside the volume.
    """
    if volume.grid.matches(labels.grid):
        return volume
    for value, box in label_boxes(labels.array, list(labels.names)).items():
        outside = _share_outside(labels, value, box, volume.grid)
        if outside > MAX_CUT_SHARE:
            raise InputError(
                f"structures that lie within {what}",
                f"{outside:.0%} of {labels.names[value]} outside it",
                "Check that both belong to the same recording.",
            )
    moved_mm = float(np.linalg.norm(rounding_mm(volume.grid, labels.grid)))
    if moved_mm >= SILENT_MM:
        warnings.warn(
            InputWarning(
                f"The grids of {what} and of the label map differ: the nearest grey levels were taken, at most {moved_mm:.3g} "
                "mm off."
            ),
            stacklevel=2,
        )
    return volume_on(volume, labels.grid, order=0)


def _slice_in(source: Grid, target: Grid, z: int, what: str) -> tuple[int, float]:
    """The target's slice that a slice of the source lies on, and how far off, in mm, at most."""
    _, ny, nx = source.shape_zyx
    corners = np.array([(x, y, z) for y in (0, ny - 1) for x in (0, nx - 1)], dtype=np.float64)
    heights = target.points_to_index(source.points_to_mm(corners))[:, 2]
    nearest = round(float(heights.mean()))
    off = float(np.abs(heights - nearest).max())
    if off > MAX_OFF_PLANE_SLICES:
        raise InputError(
            f"annotated slices that lie on the volume's (within {MAX_OFF_PLANE_SLICES:g} of a slice)",
            f"{what}, whose slice {z} lies {off * target.spacing_xyz_mm[2]:.3g} mm ({off:.2g} slices) off the nearest one",
            "Draw on the volume itself, or resample the volume to the grid of the seeds.",
        )
    return nearest, off * target.spacing_xyz_mm[2]


def _check_distinct(target: dict[int, tuple[int, float]], what: str) -> None:
    taken: dict[int, int] = {}
    for z, (nearest, _) in target.items():
        if (other := taken.setdefault(nearest, z)) != z:
            raise InputError(
                "a slice of the volume for each annotated slice",
                f"{what}, whose slices {other} and {z} both lie on the volume's slice {nearest}",
                "Draw on the volume itself, or resample the volume to the grid of the seeds.",
            )


def _mask_on(mask: Bool[np.ndarray, "v u"], source: Grid, target: Grid, to_z: int) -> Mask:
    """A drawn slice on the target's pixels, nearest; the small step off the plane is left out."""
    affine = index_map(source, target)
    matrix = affine[1::-1, 1::-1]
    offset = affine[1::-1, 2] * to_z + affine[1::-1, 3]
    _, ny, nx = target.shape_zyx
    return affine_transform(mask.astype(np.uint8), matrix, offset, (ny, nx), order=0).astype(np.bool_)


def _outside_share(seeds: Seeds, label: int, grid: Grid) -> float:
    drawn = outside = 0
    for z, mask in seeds.masks[label].items():
        y, x = np.nonzero(mask)
        drawn += y.size
        outside += count_outside(np.stack([x, y, np.full_like(x, z)], axis=1).astype(np.float64), seeds.grid, grid, axes=(0, 1))
    return outside / drawn if drawn else 0.0


def _check_share_kept(drawn_mm2: float, kept_mm2: float, what: str, outside: float) -> None:
    if outside > MAX_CUT_SHARE:
        raise InputError(
            "drawings that lie within the volume",
            f"{outside:.0%} of {what} outside it",
            "Check that both belong to the same recording.",
        )
    if drawn_mm2 > 0 and kept_mm2 == 0:
        raise InputError(
            "drawings that the volume's pixels can hold",
            f"{what}, nothing of which is left on them",
            "Draw on the volume itself.",
        )


def _share_outside(labels: LabelMap, value: int, box: tuple[slice, ...], grid: Grid) -> float:
    corners = np.array([(x, y, z) for z in _ends(box[0]) for y in _ends(box[1]) for x in _ends(box[2])], dtype=np.float64)
    if box[0].stop == 0 or count_outside(corners, labels.grid, grid, axes=(0, 1, 2)) == 0:
        return 0.0
    outside = marked = 0
    for z in range(box[0].start, box[0].stop):
        y, x = np.nonzero(labels.array[z, box[1], box[2]] == value)
        points = np.stack([x + box[2].start, y + box[1].start, np.full_like(x, z)], axis=1).astype(np.float64)
        marked += len(points)
        outside += count_outside(points, labels.grid, grid, axes=(0, 1, 2))
    return outside / marked


def _ends(part: slice) -> tuple[int, int]:
    return part.start, max(part.stop - 1, 0)


def _in_plane_mm(source: Grid, target: Grid) -> float:
    x, y, _ = rounding_mm(source, target)
    return math.hypot(x, y)
