"""In which planes something was drawn: few of them along one axis, all of them where a mask is complete.

What is drawn on a plane is thin across it. So the share of voxels whose run along an axis is short says whether drawing
went on across that axis, and gaps between the drawn planes confirm it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Bool, Int

from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.untyped import distance_to_false, without_holes

THIN_VOXELS = 3
"""Up to this many planes side by side count as one drawing: the paper's annotated slices come in threes."""

THIN_SHARE_OF_EXTENT = 0.2
"""Where there are gaps between them, planes side by side may also be as many as this share of what they span."""

SHARE_THIN = 0.95
"""In a drawing on planes, at least this fraction of the voxels is thin across the planes."""

SHARE_OF_PLANES = 0.8
"""A drawing in planes leaves out at least a fifth of the planes that it spans, unless it spans `THIN_VOXELS` or fewer."""

TILTED_UNION = 2.0
"""Planes side by side cover together at most about what the largest covers, unless they are cut from a tilted plane."""

SHARE_MIXED = 0.9
"""A drawing in planes of several directions is thin across one of them nearly everywhere."""

DENSE_SHARE = 0.45
"""A mask whose mean run along each axis is at least this share of its box is complete; an ellipsoid's is two thirds."""

SHARE_ON_PLANES = 0.75
"""In a drawing on planes of several directions, this fraction lies on the planes that stand out."""

SMALL_VOXELS = 8
"""What spans no more voxels than this in each direction has no direction."""


class Drawing(Enum):
    """How a mask was drawn."""

    IN_PLANES = "in planes across one axis"
    COMPLETE = "on all planes"
    TILTED = "on tilted planes"
    MIXED = "on planes of several directions"


@dataclass(frozen=True)
class DrawnPlanes:
    """In which planes a mask was drawn.

    Attributes:
        drawing: How it was drawn.
        axis: The array's axis across which the planes lie; the first axis where there is no saying.
        planes: For each of the three axes, the indices of the planes that look drawn.
    """

    drawing: Drawing
    axis: int
    planes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def drawn_planes(mask: Bool[np.ndarray, "z y x"]) -> DrawnPlanes:
    """Find the planes of a drawing.

    Args:
        mask: What was drawn, outlines or filled; it may be empty.

    Returns:
        The planes. The first axis is preferred where several would do.
    """
    if not mask.any():
        return DrawnPlanes(Drawing.COMPLETE, 0, ((), (), ()))
    box = bounding_box(mask)
    start = [part.start for part in box]
    if _is_dense(mask[box]):
        return DrawnPlanes(Drawing.COMPLETE, 0, ((), (), ()))
    inner = _filled(mask[box])
    runs = [_run_lengths(inner, axis) for axis in range(3)]
    planes = _thick_planes(inner, runs, start)
    spans, shares = inner.shape, [_share_of_planes(inner, axis) for axis in range(3)]
    if max(spans) <= SMALL_VOXELS:
        return DrawnPlanes(Drawing.COMPLETE, 0, planes)
    fits = [
        axis
        for axis in range(3)
        # A small map has no thickness to tell by: there slices as they are stored are meant, unless gaps tell.
        if _is_across(runs[axis][inner], spans[axis], shares[axis])
        and (axis == 0 or _is_wide(spans, axis) or _has_gaps_alone(inner, axis))
    ]
    if fits:
        thinness = [_thin_share(runs[axis][inner], spans[axis]) for axis in range(3)]
        axis = min(fits, key=lambda each: (-round(thinness[each], 2), round(shares[each], 2), each))
        tilted = _is_tilted(inner, axis)
        return DrawnPlanes(Drawing.TILTED if tilted else Drawing.IN_PLANES, axis, planes)
    return DrawnPlanes(_without_an_axis(mask[box]), 0, planes)


def _without_an_axis(mask: Bool[np.ndarray, "z y x"]) -> Drawing:
    """What a drawing is that goes across no axis. Outlines are not filled: crossing planes enclose what is between them."""
    if min(mask.shape) <= SMALL_VOXELS or any(_is_tube(mask, _filled(mask, (axis,)), axis) for axis in range(3)):
        return Drawing.COMPLETE
    runs = [_run_lengths(mask, axis) for axis in range(3)]
    thin = [mask & (runs[axis] <= THIN_VOXELS) for axis in range(3)]
    if float(np.mean((thin[0] | thin[1] | thin[2])[mask])) < SHARE_MIXED:
        return Drawing.COMPLETE
    if max(float(np.mean(each[mask])) for each in thin) >= SHARE_THIN:
        return Drawing.TILTED
    on_planes = np.zeros_like(mask)
    for axis, each in enumerate(thin):
        areas = each.sum(axis=tuple(other for other in range(3) if other != axis))
        np.moveaxis(on_planes, axis, 0)[areas > 0.5 * areas.max()] = True
    # Outlines on every slice are thin as well, but most of them lies on no plane of its own.
    return Drawing.MIXED if float(np.mean(on_planes[mask])) >= SHARE_ON_PLANES else Drawing.COMPLETE


def _is_dense(mask: Bool[np.ndarray, "z y x"]) -> bool:
    """Whether a mask fills a good part of its box along every axis, as no drawing in planes does: cheap, for whole volumes."""
    voxels = int(np.count_nonzero(mask))
    if min(mask.shape) <= SMALL_VOXELS:
        return False
    columns = [int(np.count_nonzero(mask.any(axis=axis))) for axis in range(3)]
    return all(voxels > DENSE_SHARE * columns[axis] * mask.shape[axis] for axis in range(3))


def _is_tube(mask: Bool[np.ndarray, "z y x"], filled: Bool[np.ndarray, "z y x"], axis: int) -> bool:
    """Whether a mask is the outlines of an area on every plane across an axis, given filled: nothing is drawn far inside."""
    if _is_dense(filled):
        return True
    if _share_of_planes(mask, axis) < SHARE_OF_PLANES or int(np.count_nonzero(filled)) < 2 * int(np.count_nonzero(mask)):
        return False
    inside = [distance_to_false(plane, (1.0, 1.0)) > THIN_VOXELS for plane in np.moveaxis(filled, axis, 0)]
    deep = np.moveaxis(mask, axis, 0) & np.stack(inside)
    return int(np.count_nonzero(deep)) < (1 - SHARE_THIN) * int(np.count_nonzero(mask))


def _filled(mask: Bool[np.ndarray, "z y x"], axes: Sequence[int] = (0, 1, 2)) -> Bool[np.ndarray, "z y x"]:
    """Outlines filled, plane by plane, across each of some axes."""
    filled = mask.copy()
    for axis in axes:
        moved, source = np.moveaxis(filled, axis, 0), np.moveaxis(mask, axis, 0)
        for place, plane in enumerate(source):
            if plane.any():
                moved[place] |= without_holes(plane)
    return filled


def _run_lengths(mask: Bool[np.ndarray, "z y x"], axis: int) -> Int[np.ndarray, "z y x"]:
    """How many marked voxels each voxel's row along an axis has side by side; 0 outside."""
    rows = np.moveaxis(mask, axis, -1)
    flat = np.zeros((rows[..., 0].size, rows.shape[-1] + 1), dtype=bool)
    flat[:, :-1] = rows.reshape(-1, rows.shape[-1])
    line = flat.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
    steps = np.zeros(line.size + 1, dtype=np.int32)
    steps[edges[::2]] = edges[1::2] - edges[::2]
    steps[edges[1::2]] -= edges[1::2] - edges[::2]
    lengths = np.cumsum(steps, dtype=np.int32)[:-1]
    shaped = lengths.reshape(flat.shape)[:, :-1].reshape(rows.shape)
    return np.moveaxis(shaped, -1, axis)


def _thin_share(runs: Int[np.ndarray, " voxel"], span: int) -> float:
    return float(np.mean(runs <= max(THIN_VOXELS, THIN_SHARE_OF_EXTENT * span)))


def _is_across(runs: Int[np.ndarray, " voxel"], span: int, share: float) -> bool:
    return _thin_share(runs, span) >= SHARE_THIN and (share <= SHARE_OF_PLANES or span <= THIN_VOXELS)


def _is_wide(spans: tuple[int, ...], axis: int) -> bool:
    """Whether a drawing spans more than `SMALL_VOXELS` along the other two axes."""
    return min(span for other, span in enumerate(spans) if other != axis) > SMALL_VOXELS


def _has_gaps_alone(mask: Bool[np.ndarray, "z y x"], axis: int) -> bool:
    """Whether a narrow drawing leaves out planes across an axis and hardly any across the others: it was drawn across it."""
    drawn = mask.any(axis=tuple(other for other in range(3) if other != axis))
    groups = 1 + int(np.count_nonzero(np.diff(drawn.astype(np.int8)) > 0))
    others = [other for other in range(3) if other != axis]
    if mask.shape[axis] <= SMALL_VOXELS:
        # Across so few voxels two planes are all that fits; along its short side a muscle is drawn on what it is.
        return groups >= 2 and all(_share_of_planes(mask, o) > SHARE_OF_PLANES for o in others if mask.shape[o] > SMALL_VOXELS)
    # Two groups far apart may be the two heads of a muscle.
    return groups >= 3 and all(_share_of_planes(mask, other) > SHARE_OF_PLANES for other in others)


def _share_of_planes(mask: Bool[np.ndarray, "z y x"], axis: int) -> float:
    return float(mask.any(axis=tuple(other for other in range(3) if other != axis)).mean())


def _is_tilted(mask: Bool[np.ndarray, "z y x"], axis: int) -> bool:
    """Whether planes side by side show strips that lie beside each other, as a tilted plane cut into slices does."""
    planes = np.moveaxis(mask, axis, 0)
    areas = planes.sum(axis=(1, 2))
    together = largest = 0
    for group in np.split(np.arange(len(planes)), np.flatnonzero(np.diff(areas > 0)) + 1):
        if len(group) > 1 and areas[group[0]] > 0:
            together += int(planes[group].any(axis=0).sum())
            largest += int(areas[group].max())
    return largest > 0 and together > TILTED_UNION * largest


def _thick_planes(
    mask: Bool[np.ndarray, "z y x"], runs: list[Int[np.ndarray, "z y x"]], start: list[int]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Across each axis, the planes on which most of what is thin across it lies."""
    found: list[tuple[int, ...]] = []
    for axis in range(3):
        thin = mask & (runs[axis] <= THIN_VOXELS)
        areas = thin.sum(axis=tuple(other for other in range(3) if other != axis))
        high = np.flatnonzero(areas > 0.5 * areas.max()) if areas.any() else np.zeros(0, dtype=np.int64)
        found.append(tuple(start[axis] + int(place) for place in high))
    return found[0], found[1], found[2]
