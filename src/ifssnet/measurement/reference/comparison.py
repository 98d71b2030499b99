"""One muscle against its reference: counts and distances, from which every metric follows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ifssnet.measurement.reference.overlap import Overlap, total
from ifssnet.measurement.reference.parts import SurfaceParts
from ifssnet.measurement.reference.surface_distance import SurfaceDistances
from ifssnet.measurement.reference.surfels import SurfelDistances


@dataclass(frozen=True, eq=False)
class Comparison:
    """One muscle against its reference, counted once: 3-D and per-slice numbers follow from it.

    Attributes:
        slices: The slices that count, ascending.
        overlaps: The overlap on each of them.
        distances: From the surface voxels on them to the whole other surface.
        surfels: The same for the surfaces cut into small areas, for the surface Dice.
        parts: The ends and sides of the surfaces.
        voxel_cm3: Volume of a voxel.
    """

    slices: Sequence[int]
    overlaps: Sequence[Overlap]
    distances: SurfaceDistances
    surfels: SurfelDistances
    parts: SurfaceParts
    voxel_cm3: float

    @property
    def overlap(self) -> Overlap:
        """The overlap over all slices that count."""
        return total(self.overlaps)

    @property
    def volume_cm3(self) -> float:
        """The segmentation's volume on the slices that count."""
        return self.overlap.mask * self.voxel_cm3

    @property
    def reference_volume_cm3(self) -> float:
        """The reference's volume on the slices that count."""
        return self.overlap.reference * self.voxel_cm3

    def without(self, left_out: Collection[int]) -> Comparison | None:
        """The same on the other slices; None where none is left."""
        away = frozenset(left_out)
        kept = [index for index, z in enumerate(self.slices) if z not in away]
        if not kept:
            return None
        distances, surfels = self.distances, self.surfels
        if away:
            surfels = surfels.without(sorted(away))
            numbers = np.array(sorted(away), dtype=np.int64)
            distances = distances.where(~np.isin(distances.mask_z, numbers), ~np.isin(distances.reference_z, numbers))
        return replace(
            self,
            slices=[self.slices[i] for i in kept],
            overlaps=[self.overlaps[i] for i in kept],
            distances=distances,
            surfels=surfels,
        )
