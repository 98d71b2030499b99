"""Surfaces in small pieces (surfels), each with its area: what the surface Dice counts.

A surfel lies between the eight voxels around a corner of the grid, where these are not all alike. It has the area that
marching cubes give it there. Definition and areas are those of Nikolov et al. 2018, arXiv:1809.04430, and of the
`surface-distance` package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.box import Box, is_empty
from ifssnet.geometry.untyped import cell_area, within_mm

FARTHEST_MM = 5.0
"""Beyond this a surfel's distance is not asked for: no tolerance is larger."""


@dataclass(frozen=True, eq=False)
class SurfelDistances:
    """How far each surfel of a mask lies from the nearest one of a reference, and the other way round.

    Attributes:
        mask_z: The slice above each surfel of the mask; it lies between this slice and the one below.
        mask_area_mm2: Its area.
        mask_mm: Its distance; infinite beyond `FARTHEST_MM`.
        reference_z: The slice above each surfel of the reference.
        reference_area_mm2: Its area.
        reference_mm: Its distance.
    """

    mask_z: Int[np.ndarray, " a"]
    mask_area_mm2: Float[np.ndarray, " a"]
    mask_mm: Float[np.ndarray, " a"]
    reference_z: Int[np.ndarray, " b"]
    reference_area_mm2: Float[np.ndarray, " b"]
    reference_mm: Float[np.ndarray, " b"]

    def surface_dice(self, tolerance_mm: float) -> float:
        """The share of both surfaces' area that lies within a tolerance of the other one; 1 where both are empty.

        Args:
            tolerance_mm: 0 to `FARTHEST_MM`.
        """
        near = float(self.mask_area_mm2[self.mask_mm <= tolerance_mm].sum())
        near += float(self.reference_area_mm2[self.reference_mm <= tolerance_mm].sum())
        total = float(self.mask_area_mm2.sum()) + float(self.reference_area_mm2.sum())
        return near / total if total else 1.0

    def without(self, slices: Sequence[int]) -> SurfelDistances:
        """Only the surfels of which neither slice is left out."""
        away = np.array(sorted(slices), dtype=np.int64)
        mask = ~(np.isin(self.mask_z, away) | np.isin(self.mask_z - 1, away))
        reference = ~(np.isin(self.reference_z, away) | np.isin(self.reference_z - 1, away))
        return SurfelDistances(
            self.mask_z[mask],
            self.mask_area_mm2[mask],
            self.mask_mm[mask],
            self.reference_z[reference],
            self.reference_area_mm2[reference],
            self.reference_mm[reference],
        )


def surfel_distances(
    labels: Integer[np.ndarray, "z y x"],
    value: int,
    reference: Integer[np.ndarray, "z y x"],
    reference_value: int,
    spacing_xyz_mm: tuple[float, float, float],
    *,
    boxes: tuple[Box, Box],
) -> SurfelDistances:
    """Distances between the surfels of one label in two maps on one grid.

    Args:
        labels: A label map.
        value: Which label of it.
        reference: Another one on the same grid.
        reference_value: Which label of that.
        spacing_xyz_mm: The grid's.
        boxes: Where `value` and `reference_value` occur, as `label_boxes` finds it.
    """
    spacing_zyx_mm = spacing_xyz_mm[::-1]
    areas_mm2 = _areas_mm2(spacing_zyx_mm)
    ours, our_codes = _surfels(labels, value, boxes[0])
    theirs, their_codes = _surfels(reference, reference_value, boxes[1])
    spacing = np.array(spacing_zyx_mm)
    return SurfelDistances(
        mask_z=ours[:, 0].astype(np.int64),
        mask_area_mm2=areas_mm2[our_codes],
        mask_mm=within_mm(ours * spacing, theirs * spacing, FARTHEST_MM),
        reference_z=theirs[:, 0].astype(np.int64),
        reference_area_mm2=areas_mm2[their_codes],
        reference_mm=within_mm(theirs * spacing, ours * spacing, FARTHEST_MM),
    )


def mask_surfel_distances(
    mask: Bool[np.ndarray, "z y x"], reference: Bool[np.ndarray, "z y x"], spacing_xyz_mm: tuple[float, float, float]
) -> SurfelDistances:
    """The same for two masks."""
    whole = tuple(slice(0, size) for size in mask.shape)
    return surfel_distances(mask.view(np.uint8), 1, reference.view(np.uint8), 1, spacing_xyz_mm, boxes=(whole, whole))


@lru_cache(maxsize=8)
def _areas_mm2(spacing_zyx_mm: tuple[float, float, float]) -> Float[np.ndarray, " code"]:
    """The area of a surfel by which of its eight voxels are marked; of a pattern and its opposite the one with fewer marked."""
    areas = np.zeros(256)
    for code in range(1, 255):
        marked = np.array([code >> bit & 1 for bit in range(8)], dtype=np.float32).reshape(2, 2, 2)
        areas[code] = cell_area(marked if marked.sum() <= 4 else 1 - marked, spacing_zyx_mm)
    return areas


def _surfels(
    labels: Integer[np.ndarray, "z y x"], value: int, box: Box
) -> tuple[Int[np.ndarray, "n 3"], Int[np.ndarray, " n"]]:
    """Corners of the grid as (z, y, x) of the voxel above each, and which of the voxels around it are marked."""
    found = np.empty((0, 4), dtype=np.int32)
    if not is_empty(box):
        low, high = tuple(part.start for part in box), tuple(part.stop for part in box)
        found = np.empty((_find(labels, value, low, high, found), 4), dtype=np.int32)
        _find(labels, value, low, high, found)
    return found[:, :3], found[:, 3]


@no_type_check
@compiled()
def _find(labels: Any, value: Any, low: Any, high: Any, found: Any) -> Any:
    """Count surfels, and write them down unless `found` is empty."""
    nz, ny, nx = labels.shape
    first_z, first_y, first_x = low
    end_z, end_y, end_x = high
    count = 0
    for z in range(first_z, end_z + 1):
        for y in range(first_y, end_y + 1):
            behind = 0
            for x in range(first_x, end_x + 1):
                # The four voxels that come in with x are the odd bits; those behind them were odd one step before.
                ahead = 0
                if x < nx:
                    for row in range(4):
                        k, j = z - 1 + (row >> 1), y - 1 + (row & 1)
                        if 0 <= k < nz and 0 <= j < ny and labels[k, j, x] == value:
                            ahead |= 2 << (2 * row)
                code = ahead | (behind >> 1)
                behind = ahead
                if code not in (0, 255):
                    if len(found):
                        found[count, 0] = z
                        found[count, 1] = y
                        found[count, 2] = x
                        found[count, 3] = code
                    count += 1
    return count
