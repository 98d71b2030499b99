"""The surface at a level, looked for where it is, against marching cubes in every cell."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ifssnet.geometry.surfaces.iso_surface import iso_surface
from ifssnet.geometry.untyped import marching_cubes


def test_the_same_surface_as_in_all_cells() -> None:
    rng = np.random.default_rng(2)
    for sigma in (0.4, 1.5):
        field = ndimage.gaussian_filter(rng.random((12, 17, 23)), sigma).astype(np.float32)
        level = float(np.median(field))
        # Corners that lie just on the level.
        field[rng.random(field.shape) < 0.02] = level
        for found, expected in zip(iso_surface(field, level), marching_cubes(field, level), strict=True):
            np.testing.assert_array_equal(found, expected)
