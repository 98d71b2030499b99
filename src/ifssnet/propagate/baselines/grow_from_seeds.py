"""Growing from seeds (fast GrowCut), as 3D Slicer's segment editor offers it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.propagate.baselines.markers import (
    MarkerPropagation,
    Markers,
    check_positive,
    drawn_markers,
    find_markers,
    volume_of,
)
from ifssnet.propagate.baselines.shortest_paths import nearest_seeds


@dataclass(frozen=True)
class GrowFromSeedsConfig:
    """How to grow.

    Attributes:
        locality_per_mm: What a millimetre of way costs, in grey levels of an image whose range is 255: the higher,
            the more the nearest seed wins over the most alike. Slicer's own default is 0.
        margin_mm: How far the region in which seeds grow reaches beyond all that was drawn; its rim is background.
        as_slicer: Do as 3D Slicer's effect does with the same segmentation: what was drawn is all that is marked, the region is
            the box of it and a tenth more, grey levels are as they are. The two settings above do not count then.
        seed_locality: 3D Slicer's setting of that name, for `as_slicer` alone.
    """

    locality_per_mm: float = 0.1
    margin_mm: float = 10.0
    as_slicer: bool = False
    seed_locality: float = 0.0

    def __post_init__(self) -> None:
        check_positive({"locality_per_mm": self.locality_per_mm, "margin_mm": self.margin_mm})
        if not (math.isfinite(self.seed_locality) and self.seed_locality >= 0):
            raise InputError("a seed_locality of 0 or more", f"{self.seed_locality}", "Correct seed_locality.")
        if self.seed_locality and not self.as_slicer:
            raise InputError(
                "seed_locality together with as_slicer", "seed_locality alone", "Add as_slicer=true, or set locality_per_mm."
            )


@dataclass(frozen=True)
class GrowFromSeeds:
    """Every voxel joins the seed to which the cheapest path leads (Zhu, Kolesov, Gao, Kikinis and Tannenbaum 2014).

    A path costs the differences of the grey levels along it and a little for its length. The image's range is
    brought to 255 first, so that the setting means the same for every kind of image.
    """

    config: GrowFromSeedsConfig = GrowFromSeedsConfig()
    name = "grow-from-seeds"
    needs_volume = True

    def prepare(self, volume: Volume | None, seeds: Seeds) -> MarkerPropagation:
        """The method with its leg.

        Raises:
            InputError: No volume, or one that is not the seeds'.
        """
        described = MethodDescription(asdict(self.config))
        if self.config.as_slicer:
            return MarkerPropagation(volume_of(volume, seeds), seeds, drawn_markers, self._grown_as_slicer, described)
        find = partial(find_markers, margin_mm=self.config.margin_mm)
        return MarkerPropagation(volume_of(volume, seeds), seeds, find, self._grown, described)

    def _grown_as_slicer(self, markers: Markers, spacing_zyx_mm: tuple[float, float, float]) -> UInt8[np.ndarray, "z y x"]:
        locality = self.config.seed_locality
        return nearest_seeds(markers.image, markers.markers, np.array(spacing_zyx_mm), locality, as_slicer=True)

    def _grown(self, markers: Markers, spacing_zyx_mm: tuple[float, float, float]) -> UInt8[np.ndarray, "z y x"]:
        low, high = float(markers.image.min()), float(markers.image.max())
        image = (markers.image - np.float32(low)) * np.float32(255 / (high - low) if high > low else 1.0)
        return nearest_seeds(image, markers.markers, np.array(spacing_zyx_mm), self.config.locality_per_mm)
