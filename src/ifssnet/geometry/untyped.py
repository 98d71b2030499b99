"""Functions of compiled libraries that carry no types, given the types that this room uses."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped
from scipy import ndimage
from skimage import measure


def affine_transform(
    array: Shaped[np.ndarray, "*source"],
    matrix: Float[np.ndarray, "axis axis"],
    offset: Float[np.ndarray, " axis"],
    shape: Sequence[int],
    order: int,
) -> Shaped[np.ndarray, "*target"]:
    """Values at `matrix @ index + offset` for each index of the result; 0 outside the array."""
    return np.asarray(
        ndimage.affine_transform(
            array, matrix, offset=offset, output_shape=tuple(shape), order=order, mode="grid-constant", prefilter=order > 1
        )
    )


def gaussian(array: Float32[np.ndarray, "z y x"], sigma_voxels: Sequence[float]) -> Float32[np.ndarray, "z y x"]:
    """Gaussian smoothing, 0 outside the array, cut off at three standard deviations."""
    return np.asarray(ndimage.gaussian_filter(array, sigma_voxels, mode="constant", truncate=3.0))


def marching_cubes(
    field: Float32[np.ndarray, "z y x"], level: float
) -> tuple[Float[np.ndarray, "vertex 3"], Int[np.ndarray, "face 3"]]:
    """The iso-surface at a level (Lewiner's topologically sound variant); vertices as (z, y, x) indices."""
    vertices, faces, _, _ = measure.marching_cubes(field, level, allow_degenerate=False)
    return np.asarray(vertices, dtype=np.float64), np.asarray(faces, dtype=np.int64)


def without_holes(plane: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """A mask with everything filled that it encloses."""
    return np.asarray(ndimage.binary_fill_holes(plane), dtype=bool)
