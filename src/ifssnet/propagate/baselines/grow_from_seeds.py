"""Growing from seeds (fast GrowCut), as 3D Slicer's segment editor offers it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, SimplePropagation
from ifssnet.propagate.baselines.markers import find_markers, grown_steps, volume_of
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
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"a positive number for {name}", f"{value}", f"Correct {name}.")


@dataclass(frozen=True)
class GrowFromSeeds:
    """Every voxel joins the seed to which the cheapest path leads (Zhu, Kolesov, Gao, Kikinis and Tannenbaum 2014).

    A path costs the differences of the grey levels along it and a little for its length. The image's range is
    brought to 255 first, so that the setting means the same for every kind of image.
    """

    config: GrowFromSeedsConfig = GrowFromSeedsConfig()
    name = "grow-from-seeds"
    needs_volume = True

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:
        """The method with its leg.

        Raises:
            InputError: No volume, or one that is not the seeds'.
        """
        return SimplePropagation(partial(self._steps, volume_of(volume, seeds), seeds), MethodDescription(asdict(self.config)))

    def _steps(self, volume: Volume, seeds: Seeds) -> Iterator[Step]:
        """Every slice between the lowest and the highest annotated one; the growing itself comes before the first."""
        markers = find_markers(volume, seeds, self.config.margin_mm)
        if markers is None:
            return
        low, high = float(markers.image.min()), float(markers.image.max())
        image = (markers.image - np.float32(low)) * np.float32(255 / (high - low) if high > low else 1.0)
        spacing = np.array(seeds.grid.spacing_zyx_mm)
        grown = nearest_seeds(image, markers.markers, spacing, self.config.locality_per_mm)
        yield from grown_steps(markers, grown, seeds)
