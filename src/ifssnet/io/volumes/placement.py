"""From what a header says to a `Grid`, and from stored pixels to the arrays of the nouns, with every doubt said aloud."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import ORTHONORMAL_TOLERANCE, Grid, Matrix3

_SILENT_DEVIATION = 2e-5
"""Axes written with five digits deviate as much; below it they are taken as they stand."""

_NEARLY_WHOLE = 1e-3
"""How far from a whole number a label value may be."""

_BORDER_SHARE = 0.8
"""A value other than 0 on this share of the image's border is the background, where no voxel is 0."""

_LUMINANCE = (0.299, 0.587, 0.114)
LARGEST_LABEL = 2**32 - 1
"""The largest value that a label may have."""


def grid_from(
    shape_zyx: Sequence[int],
    spacing_xyz_mm: Sequence[float],
    origin_xyz_mm: Sequence[float],
    direction: Float[np.ndarray, "3 3"],
    where: str,
) -> Grid:
    """A grid from a file's header.

    Args:
        shape_zyx: Array shape.
        spacing_xyz_mm: Between voxel centres.
        origin_xyz_mm: Centre of voxel (0, 0, 0), LPS.
        direction: Column `j` is the unit vector of axis `j`, LPS. Left-handed axes are kept. Axes that deviate from
            orthonormal by less than 1e-3 are replaced by the nearest orthonormal ones, with a warning.
        where: The file, for messages.

    Raises:
        InputError: No grid can be made of it.
    """
    if not all(math.isfinite(s) and s > 0 for s in spacing_xyz_mm):
        raise InputError(
            f"a spacing above 0 mm along each axis in {where}",
            " x ".join(f"{s:g}" for s in spacing_xyz_mm),
            "Correct the spacing in the file's header, or export it again.",
        )
    clean = _orthonormal(direction, where)
    rows = [(float(a), float(b), float(c)) for a, b, c in clean]
    matrix: Matrix3 = (rows[0], rows[1], rows[2])
    z, y, x = shape_zyx
    sx, sy, sz = (float(s) for s in spacing_xyz_mm)
    ox, oy, oz = (float(o) for o in origin_xyz_mm)
    try:
        return Grid((int(z), int(y), int(x)), (sx, sy, sz), (ox, oy, oz), matrix)
    except InputError as error:
        raise InputError(error.expected, f"{error.received} in {where}", error.remedy) from error


def grid_from_affine(shape_zyx: Sequence[int], affine_lps_mm: Float[np.ndarray, "4 4"], where: str, digits: int = 15) -> Grid:
    """A grid from the affine that takes (x, y, z) indices to mm, LPS.

    Args:
        shape_zyx: Array shape.
        affine_lps_mm: Its columns are the steps along the axes.
        where: The file, for messages.
        digits: Significant decimal digits that the spacing was stored with; 7 for single precision.

    Raises:
        InputError: A step of no length, or axes that are not at right angles.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        lengths = np.linalg.norm(affine_lps_mm[:3, :3], axis=0)
        direction = affine_lps_mm[:3, :3] / lengths
    spacing = [float(f"{length:.{digits}g}") for length in lengths]
    return grid_from(shape_zyx, spacing, [float(value) for value in affine_lps_mm[:3, 3]], direction, where)


def _orthonormal(direction: Float[np.ndarray, "3 3"], where: str) -> Float[np.ndarray, "3 3"]:
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.abs(direction.T @ direction - np.eye(3)).max()) if np.isfinite(direction).all() else math.inf
    if not deviation <= ORTHONORMAL_TOLERANCE:
        raise InputError(
            f"grid axes of unit length and at right angles in {where}",
            f"{np.round(direction, 4).tolist()}, which deviate by {deviation:.2g}",
            "Resample the image to an unsheared grid, or correct the direction in its header.",
        )
    if deviation <= _SILENT_DEVIATION:
        return direction
    left, _, right = np.linalg.svd(direction)
    warnings.warn(
        InputWarning(
            f"{where}: the grid's axes deviate from orthonormal by {deviation:.1g}; the nearest such axes were taken."
        ),
        stacklevel=2,
    )
    return left @ right


def three_sizes(sizes: Sequence[int], where: str) -> tuple[int, int, int]:
    """The sizes of a 3-D image with one value a voxel, as `three_dimensional` would leave them.

    Raises:
        InputError: Sizes of something else.
    """
    # One number that stands for every voxel takes no memory.
    z, y, x = three_dimensional(np.broadcast_to(np.uint8(0), tuple(sizes)), where).shape
    return z, y, x


def three_dimensional(array: Shaped[np.ndarray, "*size"], where: str) -> Shaped[np.ndarray, "z y x"]:
    """An image's pixels, one value each, as one 3-D array: a 2-D image is one slice; axes of one element are dropped.

    Raises:
        InputError: Fewer than two or more than three axes that matter.
    """
    if array.ndim == 2:
        warnings.warn(InputWarning(f"{where} is a 2-D image; it was taken as one slice."), stacklevel=2)
        return array[np.newaxis]
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 3:
        raise InputError(
            f"a 3-D image in {where}",
            f"one of {array.ndim} dimensions, {' x '.join(str(n) for n in reversed(array.shape))}",
            "Save one volume of it by itself; open a recording with tracked frames as a sweep.",
        )
    return array


def grey_levels(array: Shaped[np.ndarray, "*size channel"], where: str) -> Shaped[np.ndarray, "*size"]:
    """The luminance of colours, with a warning unless they are grey; an alpha channel is left out.

    Raises:
        InputError: Neither 1, 3 nor 4 channels.
    """
    channels = array.shape[-1]
    if channels not in (1, 3, 4):
        raise InputError(f"grey levels or colours in {where}", f"{channels} values a voxel", "Save one channel by itself.")
    red, green, blue = (array[..., min(i, channels - 1)] for i in range(3))
    if channels == 1 or (np.array_equal(red, green) and np.array_equal(red, blue)):
        return np.ascontiguousarray(red)
    warnings.warn(InputWarning(f"{where} is in colour; its luminance was taken."), stacklevel=2)
    grey = np.empty(red.shape, dtype=array.dtype)
    for out, r, g, b in zip(grey, red, green, blue, strict=True):
        mixed = _LUMINANCE[0] * r + _LUMINANCE[1] * g + _LUMINANCE[2] * b
        out[...] = np.rint(mixed) if np.issubdtype(array.dtype, np.integer) else mixed
    return grey


def warn_of_nan(array: Shaped[np.ndarray, "z y x"], where: str) -> None:
    """Say how many voxels of a volume are no numbers; they are kept."""
    if not np.issubdtype(array.dtype, np.floating):
        return
    bad = sum(int(plane.size - np.isfinite(plane).sum()) for plane in array)
    if bad:
        warnings.warn(
            InputWarning(f"{where}: {bad:,} of {array.size:,} voxels are NaN or infinite; they were kept."), stacklevel=2
        )


def as_labels(array: Shaped[np.ndarray, "z y x"], where: str) -> Integer[np.ndarray, "z y x"]:
    """Label values as an unsigned integer type; floats within 1e-3 of whole numbers are rounded, with a remark.

    Raises:
        InputError: Negative values, fractions, NaN, or values above 2^32 - 1; the worst value and its voxels are named.
    """
    if np.issubdtype(array.dtype, np.unsignedinteger):
        if array.dtype.itemsize < 8 or array.max(initial=0) <= LARGEST_LABEL:
            return array
    elif np.issubdtype(array.dtype, np.bool_):
        return array.astype(np.uint8)
    elif np.issubdtype(array.dtype, np.integer):
        if array.min(initial=0) >= 0 and array.max(initial=0) <= LARGEST_LABEL:
            return array.view(f"u{array.dtype.itemsize}")
    elif np.issubdtype(array.dtype, np.floating) and (rounded := _rounded(array, where)) is not None:
        return rounded
    raise InputError(
        f"label values that are whole numbers from 0 to {LARGEST_LABEL} in {where}",
        _offending(array),
        "Give a label map; a grey-level volume is opened as a volume, and a probability has to be cut at a threshold first.",
    )


def with_background_0(
    array: Integer[np.ndarray, "z y x"], names: Mapping[int, str], where: str
) -> Integer[np.ndarray, "z y x"]:
    """Labels whose background is 0, as of programs that write 255, 65535 or 1 for it; what was taken so is said.

    Args:
        array: Label values.
        names: What the file calls its values; a value with the name of a structure stays as it is.
        where: The file, for messages.

    Returns:
        A copy with 0 where the background was; the array itself where some voxel is 0, or where it is not plain that one of
        two or more values is the background.
    """
    ends = [np.take(array, end, axis=axis).ravel() for axis in range(3) for end in (0, -1)]
    if not all(end.all() for end in ends) or not array.all():
        return array
    values, counts = np.unique(np.concatenate(ends), return_counts=True)
    value = int(values[counts.argmax()])
    named = names.get(value, "").strip().lower()
    if counts.max() < _BORDER_SHARE * counts.sum() or named not in ("", "background") or bool((array == value).all()):
        return array
    warnings.warn(
        InputWarning(
            f"{where} has no voxel of 0, and {value} on its border; {value} was taken as the background. "
            "If it is a structure, name it in a list of names beside the file."
        ),
        stacklevel=3,
    )
    return np.where(array == value, 0, array).astype(array.dtype)


def _rounded(array: Shaped[np.ndarray, "z y x"], where: str) -> Integer[np.ndarray, "z y x"] | None:
    """Floats as labels; None where they are none. Slopes in single precision turn 1 into 1.000015."""
    if not _is_label(array).all():
        return None
    off = max((float(np.abs(plane - np.rint(plane)).max(initial=0)) for plane in array), default=0.0)
    if off > 0:
        warnings.warn(
            InputWarning(f"{where}: label values are up to {off:.2g} away from whole numbers; they were rounded."), stacklevel=3
        )
    return np.rint(array).astype(np.min_scalar_type(int(np.rint(array.max(initial=0)))))


def _is_label(array: Shaped[np.ndarray, "*size"]) -> Bool[np.ndarray, "*size"]:
    with np.errstate(invalid="ignore"):
        whole = np.rint(array)
        near = np.abs(array - whole) <= _NEARLY_WHOLE
        return np.asarray(np.isfinite(array) & near & (whole >= 0) & (whole <= LARGEST_LABEL))


def _offending(array: Shaped[np.ndarray, "z y x"]) -> str:
    """The value that most voxels have which are no labels, and how many voxels are none."""
    bad = array[~_is_label(array)]
    if not bad.size:
        return f"{array.dtype} values"
    values, counts = np.unique(bad, return_counts=True)
    value = values[counts.argmax()]
    what = "NaN" if np.isnan(value) else f"{value:.7g}"
    rest = bad.size - int(counts.max())
    return f"{what} on {int(counts.max()):,} voxels" + (f", and other values that are none on {rest:,} voxels" if rest else "")
