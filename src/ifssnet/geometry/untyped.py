"""Functions of compiled libraries that carry no types, given the types that the package uses."""

# scipy, scikit-image and edt carry no types, or partial ones.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false, reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import edt
import numpy as np
import scipy
import skimage
from jaxtyping import Bool, Float, Float32, Int, Shaped


def affine_transform(
    array: Shaped[np.ndarray, "*source"],
    matrix: Float[np.ndarray, "axis axis"],
    offset: Float[np.ndarray, " axis"],
    shape: Sequence[int],
    order: int,
) -> Shaped[np.ndarray, "*target"]:
    """Values at `matrix @ index + offset` for each index of the result; 0 outside the array."""
    return np.asarray(
        scipy.ndimage.affine_transform(
            array, matrix, offset=offset, output_shape=tuple(shape), order=order, mode="grid-constant", prefilter=order > 1
        )
    )


def smoothed(
    array: Float[np.ndarray, "*axes"],
    sigma: float | Sequence[float],
    mode: Literal["reflect", "nearest", "wrap", "constant"] = "reflect",
    truncate: float = 4.0,
) -> Float[np.ndarray, "*axes"]:
    """Gaussian smoothing along every axis; `sigma` in elements, one or one an axis, cut off at `truncate` times that."""
    return np.asarray(scipy.ndimage.gaussian_filter(array, sigma, mode=mode, truncate=truncate))


def box_mean(array: Float32[np.ndarray, "y x"], side: int) -> Float32[np.ndarray, "y x"]:
    """The mean over a box around each element; beyond the edge the edge goes on."""
    return np.asarray(scipy.ndimage.uniform_filter(array, side, mode="nearest"))


def cheapest_way(price: Float32[np.ndarray, "y x"], start: tuple[int, int], end: tuple[int, int]) -> Int[np.ndarray, "point 2"]:
    """Rows and columns of the cheapest way between two elements, both among them; a step to a corner costs 1.41 times."""
    way, _ = skimage.graph.route_through_array(price, start, end, fully_connected=True, geometric=True)
    return np.array(way, dtype=np.int64)


def smoothed_along(
    array: Float[np.ndarray, "*axes"], sigma: float, axis: int = -1, mode: Literal["reflect", "nearest", "wrap"] = "reflect"
) -> Float[np.ndarray, "*axes"]:
    """Gaussian smoothing along one axis, cut off at four standard deviations; `sigma` in elements."""
    return np.asarray(scipy.ndimage.gaussian_filter1d(array, sigma, axis=axis, mode=mode))


def solve_banded(bands: Float[np.ndarray, "band n"], right: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The solution of linear equations whose matrix is symmetric, positive definite and banded; its lower bands are given."""
    return np.asarray(scipy.linalg.solveh_banded(bands, right, lower=True))


def interpolated(
    x: Float[np.ndarray, "*shape"], known_x: Float[np.ndarray, " known"], known: Float[np.ndarray, " known"]
) -> Float[np.ndarray, "*shape"]:
    """Linear interpolation between known values, the first and the last beyond them."""
    return np.asarray(np.interp(x, known_x, known))


def monotone_curve(
    x: Float[np.ndarray, "*shape"], known_x: Sequence[float], known: Sequence[float]
) -> Float[np.ndarray, "*shape"]:
    """A smooth curve through known values that nowhere overshoots them (piecewise cubic, Fritsch and Carlson)."""
    return np.asarray(scipy.interpolate.PchipInterpolator(known_x, known)(x))


def dilated(blocks: Bool[np.ndarray, "z y x"], size: Sequence[int]) -> Bool[np.ndarray, "z y x"]:
    """Whether any element in the box of an odd size around each element is True."""
    return np.asarray(scipy.ndimage.maximum_filter(blocks, size=size, mode="constant", cval=False))


def dilated_plane(mask: Bool[np.ndarray, "y x"], size: int) -> Bool[np.ndarray, "y x"]:
    """Whether any pixel in the square of an odd size around each pixel is True."""
    return np.asarray(scipy.ndimage.maximum_filter(mask, size=size, mode="constant", cval=0), dtype=bool)


def convex_hull(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """The pixels of the smallest convex shape that holds a mask."""
    return np.asarray(skimage.morphology.convex_hull_image(mask))


def skeleton(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """The middle line of a mask, one pixel wide."""
    return np.asarray(skimage.morphology.skeletonize(mask), dtype=bool)


def pieces(mask: Bool[np.ndarray, "*axes"], *, diagonals: bool = True) -> tuple[Int[np.ndarray, "*axes"], int]:
    """A number for each piece that hangs together, from 1; and how many pieces there are.

    Args:
        mask: What may consist of pieces.
        diagonals: Whether elements that touch at a corner hang together.
    """
    found: Any = scipy.ndimage.label(mask, structure=np.ones((3,) * mask.ndim) if diagonals else None)
    numbered, count = found
    return np.asarray(numbered), int(count)


def distance_to_false(
    mask: Bool[np.ndarray, "*axes"], spacing_mm: Sequence[float], *, border: bool = False, threads: int = 1
) -> Float32[np.ndarray, "*axes"]:
    """Distance in mm from each True element to the nearest False one.

    Args:
        mask: What to measure in.
        spacing_mm: The distances of the elements, one an axis.
        border: Whether what lies beyond the array counts as False.
        threads: How many work at it; has no part in the result.
    """
    return np.asarray(edt.edt(mask, anisotropy=tuple(spacing_mm), black_border=border, parallel=threads), dtype=np.float32)


def distance_to_other(mask: Bool[np.ndarray, "*axes"], spacing_mm: Sequence[float]) -> Float32[np.ndarray, "*axes"]:
    """Distance in mm from each element to the nearest one of the other value: True to False, and False to True.

    Args:
        mask: A contiguous array with elements of both values.
        spacing_mm: The distances of the elements, one an axis.
    """
    two_labels = mask.view(np.uint8) + np.uint8(1)
    return np.asarray(edt.edt(two_labels, anisotropy=tuple(spacing_mm), black_border=False, parallel=1), dtype=np.float32)


def nearest_false(
    mask: Bool[np.ndarray, "y x"],
) -> tuple[Float[np.ndarray, "y x"], Int[np.ndarray, "y x"], Int[np.ndarray, "y x"]]:
    """For each pixel: the distance in pixels to the nearest False one, and the row and the column of that one."""
    found: Any = scipy.ndimage.distance_transform_edt(mask, return_indices=True)
    distance, (rows, columns) = found
    return np.asarray(distance), np.asarray(rows), np.asarray(columns)


def contour_lines(image: Float[np.ndarray, "v u"], level: float) -> list[Float[np.ndarray, "point 2"]]:
    """Lines at a level between pixel centres, as (row, column); the last point of a closed line is its first again."""
    return [np.asarray(line) for line in skimage.measure.find_contours(image, level)]


def simplified(line: Float[np.ndarray, "point 2"], tolerance: float) -> Float[np.ndarray, "corner 2"]:
    """A line with fewer corners, nowhere further than a tolerance from the given one (Douglas and Peucker)."""
    return np.asarray(skimage.measure.approximate_polygon(line, tolerance))


def marching_cubes(
    field: Float32[np.ndarray, "z y x"], level: float, cells: Bool[np.ndarray, "z y x"] | None = None
) -> tuple[Float[np.ndarray, "vertex 3"], Int[np.ndarray, "face 3"]]:
    """The iso-surface at a level (Lewiner's topologically sound variant); vertices as (z, y, x) indices.

    Args:
        field: Values at the voxels' centres.
        level: Where the surface lies.
        cells: At the last voxel of each cell of 2 x 2 x 2, whether to look for a surface in it; None: in all.
    """
    vertices, faces, _, _ = skimage.measure.marching_cubes(field, level, allow_degenerate=False, mask=cells)
    return np.asarray(vertices, dtype=np.float64), np.asarray(faces, dtype=np.int64)


def cell_area(marked: Float32[np.ndarray, "2 2 2"], spacing_zyx_mm: tuple[float, float, float]) -> float:
    """Area in mm2 of the surface between eight voxels, 0 or 1 and not all alike, by marching cubes with Lorensen's table."""
    vertices, faces, _, _ = skimage.measure.marching_cubes(marked, 0.5, spacing=spacing_zyx_mm, method="lorensen")
    return float(skimage.measure.mesh_surface_area(vertices, faces))


def within_mm(
    points_mm: Float[np.ndarray, "a axis"], others_mm: Float[np.ndarray, "b axis"], farthest_mm: float
) -> Float[np.ndarray, " a"]:
    """From each point to the nearest of the others; infinite where none is as near as `farthest_mm`."""
    if not len(points_mm) or not len(others_mm):
        return np.full(len(points_mm), np.inf)
    found, _ = scipy.spatial.cKDTree(others_mm).query(
        points_mm, distance_upper_bound=np.nextafter(farthest_mm, np.inf), workers=-1
    )
    return np.asarray(found, dtype=np.float64)


def without_holes(plane: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """A mask with everything filled that it encloses."""
    return np.asarray(scipy.ndimage.binary_fill_holes(plane), dtype=bool)


def squared_distance(away: Bool[np.ndarray, "*axes"], spacing: Sequence[float]) -> Float32[np.ndarray, "*axes"]:
    """The squared distance from each voxel to the nearest one that is False."""
    return np.asarray(edt.edtsq(away, anisotropy=tuple(spacing), black_border=False, parallel=0))


class NearestPoints:
    """A k-d tree of points that answers how far the nearest of them is."""

    def __init__(self, points: Shaped[np.ndarray, "point axis"]) -> None:
        self._tree = scipy.spatial.cKDTree(points)

    def distance(self, points: Shaped[np.ndarray, "other axis"], workers: int = 1) -> Float[np.ndarray, " other"]:
        """Distances from each of the given points to the nearest; `workers` threads, -1 for all."""
        return np.asarray(self._tree.query(points, workers=workers)[0], dtype=np.float64)


def extremes_around(plane: Int[np.ndarray, "y x"], size: int) -> tuple[Int[np.ndarray, "y x"], Int[np.ndarray, "y x"]]:
    """The least and the largest value in a square about each pixel."""
    return np.asarray(scipy.ndimage.minimum_filter(plane, size)), np.asarray(scipy.ndimage.maximum_filter(plane, size))


def eroded(plane: Bool[np.ndarray, "y x"], iterations: int) -> Bool[np.ndarray, "y x"]:
    """A mask without its border pixels, which are taken away `iterations` times; what lies beyond the array is outside."""
    return np.asarray(scipy.ndimage.binary_erosion(plane, iterations=iterations), dtype=bool)


def expit(logit: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The probability that belongs to a logit, in the same precision."""
    return scipy.special.expit(logit)


def logit(probability: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The logit of a probability, in the same precision."""
    return scipy.special.logit(probability)


def gradient_magnitude(image: Float32[np.ndarray, "z y x"], sigma: Sequence[float]) -> Float32[np.ndarray, "z y x"]:
    """The length of the gradient under a Gaussian; `sigma` in voxels along each axis."""
    return np.asarray(scipy.ndimage.gaussian_gradient_magnitude(image, sigma, mode="nearest"))


def watershed(landscape: Float32[np.ndarray, "z y x"], markers: Shaped[np.ndarray, "z y x"]) -> Shaped[np.ndarray, "z y x"]:
    """The marker whose flood comes to each voxel first."""
    return np.asarray(skimage.segmentation.watershed(landscape, markers))


def spline_slopes(at: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Slopes, at its own places, of the cubic spline whose third derivative does not jump next to its ends (not-a-knot)."""
    return np.asarray(scipy.interpolate.CubicSpline(at, values, bc_type="not-a-knot")(at, 1), dtype=np.float64)
