"""How far apart two surfaces lie: one computation of distances, and everything that follows from it.

A mask's surface is the set of its voxels with at least one of their six neighbours outside the mask (what lies beyond the
image is outside); distances are taken between voxel centres, in mm, exactly. Each surface voxel counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int, Integer
from numba import njit

from ifssnet.geometry.masks.box import Box, is_empty
from ifssnet.measurement.reference.nearest import nearest_mm


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances between the surfaces of a mask and a reference, both ways.

    Attributes:
        mask_zyx: Index of each surface voxel of the mask, slices ascending.
        mask_mm: Its distance to the reference's surface; infinite where that is empty.
        mask_beyond: Whether it lies outside the reference.
        reference_zyx: Index of each surface voxel of the reference, slices ascending.
        reference_mm: Its distance to the mask's surface.
        reference_beyond: Whether it lies outside the mask.
    """

    mask_zyx: Int[np.ndarray, "a 3"]
    mask_mm: Float[np.ndarray, " a"]
    mask_beyond: Bool[np.ndarray, " a"]
    reference_zyx: Int[np.ndarray, "b 3"]
    reference_mm: Float[np.ndarray, " b"]
    reference_beyond: Bool[np.ndarray, " b"]

    @property
    def mask_z(self) -> Int[np.ndarray, " a"]:
        """Slice of each surface voxel of the mask."""
        return self.mask_zyx[:, 0]

    @property
    def reference_z(self) -> Int[np.ndarray, " b"]:
        """Slice of each surface voxel of the reference."""
        return self.reference_zyx[:, 0]

    @property
    def hausdorff_mm(self) -> float:
        """The largest distance from either surface to the other; 0 where both are empty, infinite where one is."""
        return max((float(part.max()) for part in self._filled), default=0.0)

    @property
    def hausdorff95_mm(self) -> float:
        """The larger of the two directed 95th percentiles (as MONAI and surface-distance take it, not of both sets pooled)."""
        return max((_percentile95(part) for part in self._filled), default=0.0)

    @property
    def asd_mm(self) -> float:
        """Average symmetric surface distance: the mean over the voxels of both surfaces together."""
        both = np.concatenate([self.mask_mm, self.reference_mm])
        return float(both.mean()) if both.size else 0.0

    def on(self, z: int) -> SurfaceDistances:
        """The distances from the voxels of one slice, still to the whole other surface, in 3-D."""
        mask, reference = _run_of(self.mask_z, z), _run_of(self.reference_z, z)
        return self._of(mask, reference)

    def where(self, mask: Bool[np.ndarray, " a"], reference: Bool[np.ndarray, " b"]) -> SurfaceDistances:
        """The distances from some of the surface voxels only."""
        return self._of(mask, reference)

    def numbers(self) -> dict[str, float]:
        """All of them by name."""
        return {"hausdorff_mm": self.hausdorff_mm, "hausdorff95_mm": self.hausdorff95_mm, "asd_mm": self.asd_mm}

    def _of(self, mask: slice | Bool[np.ndarray, " a"], reference: slice | Bool[np.ndarray, " b"]) -> SurfaceDistances:
        return SurfaceDistances(
            self.mask_zyx[mask],
            self.mask_mm[mask],
            self.mask_beyond[mask],
            self.reference_zyx[reference],
            self.reference_mm[reference],
            self.reference_beyond[reference],
        )

    @property
    def _filled(self) -> list[Float[np.ndarray, " n"]]:
        return [part for part in (self.mask_mm, self.reference_mm) if part.size]


def _run_of(ascending: Int[np.ndarray, " n"], value: int) -> slice:
    first, last = np.searchsorted(ascending, (value, value + 1))
    return slice(int(first), int(last))


def _percentile95(distances: Float[np.ndarray, " n"]) -> float:
    # All or none are infinite: the other surface is there or is not.
    return float(np.percentile(distances, 95)) if np.isfinite(distances[0]) else float(distances[0])


def surface_distances(
    labels: Integer[np.ndarray, "z y x"],
    value: int,
    reference: Integer[np.ndarray, "z y x"],
    reference_value: int,
    spacing_xyz_mm: tuple[float, float, float],
    *,
    boxes: tuple[Box, Box],
) -> SurfaceDistances:
    """Distances between the surfaces of one label in two maps on one grid.

    Args:
        labels: A label map.
        value: Which label of it.
        reference: Another one on the same grid.
        reference_value: Which label of that.
        spacing_xyz_mm: The grid's.
        boxes: Where `value` and `reference_value` occur, as `label_boxes` finds it.
    """
    first, second = surface_voxels(labels, value, boxes[0]), surface_voxels(reference, reference_value, boxes[1])
    return SurfaceDistances(
        mask_zyx=first,
        mask_mm=nearest_mm(first, second, spacing_xyz_mm),
        mask_beyond=reference[tuple(first.T)] != reference_value,
        reference_zyx=second,
        reference_mm=nearest_mm(second, first, spacing_xyz_mm),
        reference_beyond=labels[tuple(second.T)] != value,
    )


def mask_surface_distances(
    mask: Bool[np.ndarray, "z y x"], reference: Bool[np.ndarray, "z y x"], spacing_xyz_mm: tuple[float, float, float]
) -> SurfaceDistances:
    """The same for two masks."""
    whole = tuple(slice(0, size) for size in mask.shape)
    return surface_distances(mask.view(np.uint8), 1, reference.view(np.uint8), 1, spacing_xyz_mm, boxes=(whole, whole))


def surface_voxels(labels: Integer[np.ndarray, "z y x"], value: int, box: Box) -> Int[np.ndarray, "n 3"]:
    """(z, y, x) indices, z ascending, of the voxels of a label with one of six neighbours that is not."""
    found = np.empty((0, 3), dtype=np.int32)
    if not is_empty(box):
        low, high = tuple(part.start for part in box), tuple(part.stop for part in box)
        found = np.empty((_surface(labels, value, low, high, found), 3), dtype=np.int32)
        _surface(labels, value, low, high, found)
    return found


@no_type_check
@njit(cache=True)
def _surface(labels: Any, value: Any, low: Any, high: Any, found: Any) -> Any:
    """Count surface voxels, and write them down unless `found` is empty."""
    nz, ny, nx = labels.shape
    first_z, first_y, first_x = low
    end_z, end_y, end_x = high
    count = 0
    for z in range(first_z, end_z):
        for y in range(first_y, end_y):
            for x in range(first_x, end_x):
                if labels[z, y, x] != value:
                    continue
                if (
                    z == 0
                    or y == 0
                    or x == 0
                    or z == nz - 1
                    or y == ny - 1
                    or x == nx - 1
                    or labels[z, y, x - 1] != value
                    or labels[z, y, x + 1] != value
                    or labels[z, y - 1, x] != value
                    or labels[z, y + 1, x] != value
                    or labels[z - 1, y, x] != value
                    or labels[z + 1, y, x] != value
                ):
                    if len(found):
                        found[count, 0] = z
                        found[count, 1] = y
                        found[count, 2] = x
                    count += 1
    return count
