"""Growing from seeds (fast GrowCut), as 3D Slicer's segment editor offers it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.images import Volume
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.propagate.baselines.markers import MarkerPropagation, Markers, check_positive, volume_of
from ifssnet.propagate.baselines.shortest_paths import nearest_seeds


@dataclass(frozen=True)
class GrowFromSeedsConfig:
    """How to grow.

    Attributes:
        locality_per_mm: What a millimetre of way costs, in grey levels of an image whose range is 255: the higher,
            the more the nearest seed wins over the most alike. Slicer's own default is 0.
        margin_mm: How far the region in which seeds grow reaches beyond all that was drawn; its rim is background.
    """

    locality_per_mm: float = 0.1
    margin_mm: float = 10.0

    def __post_init__(self) -> None:
        check_positive(asdict(self))


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
        return MarkerPropagation(volume_of(volume, seeds), seeds, self.config.margin_mm, self._grown, described)

    def _grown(self, markers: Markers, spacing_zyx_mm: tuple[float, float, float]) -> UInt8[np.ndarray, "z y x"]:
        low, high = float(markers.image.min()), float(markers.image.max())
        image = (markers.image - np.float32(low)) * np.float32(255 / (high - low) if high > low else 1.0)
        return nearest_seeds(image, markers.markers, np.array(spacing_zyx_mm), self.config.locality_per_mm)
