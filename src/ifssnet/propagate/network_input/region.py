"""The part of a slice that a network sees: a box around one muscle, in network pixels; the same in training and in use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.propagate.network_input.region_kernels import FACTOR_MOST, add_blocks, spread

_COMPILED = (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.bool_))
"""Kinds of pixels for which there is a compiled loop."""


@dataclass(frozen=True)
class Sampling:
    """How grey levels and masks become a network's pixels.

    Attributes:
        pixel_mm: Wanted size of a pixel; slices are averaged over whole blocks of voxels that come closest to it.
        margin_mm: Room around all that was drawn of a muscle.
        multiple_px: Both sides of a region are multiples of it, so that a network can halve them.
        least_px: Shortest side of a region.
        slice_mm: Wanted distance of slices for methods that step from slice to slice (paper: every slice, 0.277 mm).
        mean: Subtracted from grey levels (published code).
        sd: By which they are divided then (published code).
    """

    pixel_mm: float = 1.108
    margin_mm: float = 14.0
    multiple_px: int = 16
    least_px: int = 64
    slice_mm: float = 0.277
    mean: float = 19.0273
    sd: float = 34.1752

    def __post_init__(self) -> None:
        for name in ("pixel_mm", "slice_mm", "sd", "multiple_px", "least_px"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"a positive number for {name}", f"{value}", f"Correct {name}.")
        for name in ("margin_mm", "mean"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"a number from 0 for {name}", f"{value}", f"Correct {name}.")

    def halved_by(self, multiple: int) -> Sampling:
        """The same, with regions whose sides a network can halve as often as it does."""
        return replace(self, multiple_px=math.lcm(self.multiple_px, multiple))


@dataclass(frozen=True)
class Region:
    """A box of blocks of voxels on every slice.

    Attributes:
        factor: Voxels along a block's side; a block is one network pixel.
        top: First row of voxels, a multiple of `factor`; negative where the box reaches beyond the slice.
        left: First column of voxels, likewise.
        shape_yx: Network pixels along y and x.
    """

    factor: int
    top: int
    left: int
    shape_yx: tuple[int, int]


def pixel_factor(grid: Grid, sampling: Sampling) -> int:
    """Voxels along the side of a network pixel: the whole number that comes closest to the wanted pixel."""
    x, y, _ = grid.spacing_xyz_mm
    return max(1, round(sampling.pixel_mm / math.sqrt(x * y)))


def pixel_mm(grid: Grid, sampling: Sampling) -> float:
    """The side of a network pixel as it comes out (the geometric mean of both sides where voxels are not square)."""
    x, y, _ = grid.spacing_xyz_mm
    return pixel_factor(grid, sampling) * math.sqrt(x * y)


def slice_step(grid: Grid, sampling: Sampling) -> int:
    """The step, in slices, of a method that goes along the leg."""
    return max(1, round(sampling.slice_mm / grid.spacing_xyz_mm[2]))


def region_of(masks: Mapping[int, Bool[np.ndarray, "y x"]], grid: Grid, sampling: Sampling) -> Region:
    """The box around all that was drawn of one muscle, with the margin.

    Args:
        masks: Slice index to mask.
        grid: The volume's grid.
        sampling: Pixel size, margin and sides.

    Raises:
        InputError: Nothing was drawn.
    """
    drawn = np.zeros(grid.shape_zyx[1:], dtype=bool)
    for mask in masks.values():
        drawn |= mask
    if not drawn.any():
        raise InputError("a muscle drawn on at least one slice", "empty masks only", "Annotate the muscle where it is present.")
    factor = pixel_factor(grid, sampling)
    _, spacing_y_mm, spacing_x_mm = grid.spacing_zyx_mm
    top, rows = _span(np.flatnonzero(drawn.any(axis=1)), factor, sampling.margin_mm / spacing_y_mm, sampling)
    left, columns = _span(np.flatnonzero(drawn.any(axis=0)), factor, sampling.margin_mm / spacing_x_mm, sampling)
    return Region(factor, top, left, (rows, columns))


def whole_region(grid: Grid, sampling: Sampling) -> Region:
    """The box that holds whole slices, from their first voxel on."""
    factor = pixel_factor(grid, sampling)
    blocks = (max(math.ceil(side / factor), sampling.least_px) for side in grid.shape_zyx[1:])
    rows, columns = (math.ceil(each / sampling.multiple_px) * sampling.multiple_px for each in blocks)
    return Region(factor, 0, 0, (rows, columns))


def crop(planes: Shaped[np.ndarray, "z y x"], region: Region) -> Float32[np.ndarray, "z v u"]:
    """Block means inside a region; voxels beyond the slice count as 0. Masks become how much of a pixel they cover."""
    factor, (rows, columns) = region.factor, region.shape_yx
    if 1 < factor <= FACTOR_MOST and planes.dtype in _COMPILED:
        means = np.empty((len(planes), rows, columns), dtype=np.float32)
        for plane, found in zip(planes, means, strict=True):
            add_blocks(plane, region.top, region.left, factor, False, found)
        return means
    _, height, width = planes.shape
    top, bottom = max(region.top, 0), min(region.top + rows * factor, height)
    left, right = max(region.left, 0), min(region.left + columns * factor, width)
    voxels = np.zeros((len(planes), rows * factor, columns * factor), dtype=np.float32)
    if top < bottom and left < right:
        inside = (slice(top - region.top, bottom - region.top), slice(left - region.left, right - region.left))
        voxels[:, *inside] = planes[:, top:bottom, left:right]
    return _means(voxels, factor)


def crop_held(plane: Float[np.ndarray, "y x"], region: Region) -> Float32[np.ndarray, "v u"]:
    """Block means inside a region; the edge of the plane goes on beyond it. A plane that is not float32 is made so."""
    factor, (rows, columns) = region.factor, region.shape_yx
    plane = np.asarray(plane, np.float32)
    if 1 < factor <= FACTOR_MOST:
        means = np.empty((rows, columns), dtype=np.float32)
        add_blocks(plane, region.top, region.left, factor, True, means)
        return means
    at_y = np.clip(np.arange(rows * factor) + region.top, 0, plane.shape[0] - 1)
    at_x = np.clip(np.arange(columns * factor) + region.left, 0, plane.shape[1] - 1)
    return _means(plane[np.ix_(at_y, at_x)][None], factor)[0]


def _means(voxels: Float32[np.ndarray, "z y x"], factor: int) -> Float32[np.ndarray, "z v u"]:
    if factor == 1:
        return voxels
    _, height, width = (int(side) for side in voxels.shape)
    along_x = np.add.reduceat(voxels, np.arange(0, width, factor), axis=2)
    return np.add.reduceat(along_x, np.arange(0, height, factor), axis=1) / np.float32(factor * factor)


def normalised(grey: Float[np.ndarray, "*shape"], sampling: Sampling) -> Float32[np.ndarray, "*shape"]:
    """Grey levels as networks take them."""
    return (np.asarray(grey, dtype=np.float32) - np.float32(sampling.mean)) / np.float32(sampling.sd)


def paste(
    values: Float32[np.ndarray, "v u"], region: Region, shape_yx: tuple[int, int], outside: float
) -> Float32[np.ndarray, "y x"]:
    """A region's values on the voxels of a full slice: linear between the centres of blocks, `outside` beyond the region."""
    whole = np.full(shape_yx, outside, dtype=np.float32)
    paste_onto(whole, values, region)
    return whole


def paste_onto(
    plane: Float32[np.ndarray, "y x"], values: Float32[np.ndarray, "v u"], region: Region, origin_yx: tuple[int, int] = (0, 0)
) -> None:
    """Put a region's values onto a part of a slice, as `paste` does; what lies beyond the region stays.

    Args:
        plane: The part.
        values: On the region.
        region: On the whole slice.
        origin_yx: Where the part begins on the slice.
    """
    top, left = region.top - origin_yx[0], region.left - origin_yx[1]
    rows = _inside(top, values.shape[0], region.factor, plane.shape[0])
    columns = _inside(left, values.shape[1], region.factor, plane.shape[1])
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    if region.factor == 1:
        plane[rows, columns] = values[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        return
    down = _between(values.shape[0], rows, top, region.factor)
    right = _between(values.shape[1], columns, left, region.factor)
    spread(values, *down, *right, plane[rows, columns])


def _span(at: np.ndarray, factor: int, margin: float, sampling: Sampling) -> tuple[int, int]:
    """First voxel and number of blocks of a side that holds all of `at` with the margin, centred on them."""
    low, high = int(at[0]) - margin, int(at[-1]) + 1 + margin
    multiple = sampling.multiple_px
    # One block more than the length, because the first voxel is rounded to a whole block.
    wanted = max(math.ceil((high - low) / factor - 1e-6) + 1, sampling.least_px)
    blocks = math.ceil(wanted / multiple) * multiple
    first = math.floor(((low + high) / 2 - blocks * factor / 2) / factor + 0.5)
    return first * factor, blocks


def _inside(first: int, blocks: int, factor: int, voxels: int) -> slice:
    return slice(max(first, 0), max(min(first + blocks * factor, voxels), 0))


def _between(
    blocks: int, wanted: slice, first: int, factor: int
) -> tuple[Int[np.ndarray, " voxel"], Float32[np.ndarray, " voxel"]]:
    """The block below each wanted voxel, and how far it lies on the way to the next; held beyond the outermost centres."""
    at = (np.arange(wanted.start, wanted.stop, dtype=np.int64) - first - (factor - 1) / 2) / factor
    at = np.asarray(np.clip(at, 0, blocks - 1))
    below = np.minimum(at.astype(np.intp), blocks - 2)
    return below, (at - below).astype(np.float32)
