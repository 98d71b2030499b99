"""Watershed from markers, as 3D Slicer's segment editor offers it."""

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
from ifssnet.geometry.untyped import gradient_magnitude, watershed
from ifssnet.propagate.baselines.markers import find_markers, grown_steps, volume_of


@dataclass(frozen=True)
class WatershedConfig:
    """How to flood.

    Attributes:
        feature_size_mm: SD of the Gaussian under the gradient; borders closer together than this merge. 2 mm as in Slicer.
        margin_mm: How far the region that is flooded reaches beyond all that was drawn; its rim is background.
    """

    feature_size_mm: float = 2.0
    margin_mm: float = 10.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"a positive number of mm for {name}", f"{value}", f"Correct {name}.")


@dataclass(frozen=True)
class Watershed:
    """The gradient's magnitude as a landscape, flooded from what was drawn and from the background.

    Grey levels are smoothed by a Gaussian first; two floods meet on the ridge of the gradient between them.
    """

    config: WatershedConfig = WatershedConfig()
    name = "watershed"
    needs_volume = True

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:
        """The method with its leg.

        Raises:
            InputError: No volume, or one that is not the seeds'.
        """
        return SimplePropagation(partial(self._steps, volume_of(volume, seeds), seeds), MethodDescription(asdict(self.config)))

    def _steps(self, volume: Volume, seeds: Seeds) -> Iterator[Step]:
        """Every slice between the lowest and the highest annotated one; the flood itself comes before the first."""
        markers = find_markers(volume, seeds, self.config.margin_mm)
        if markers is None:
            return
        sigma = [self.config.feature_size_mm / spacing for spacing in seeds.grid.spacing_zyx_mm]
        landscape = gradient_magnitude(markers.image, sigma)
        flooded = watershed(landscape, markers.markers)
        yield from grown_steps(markers, np.asarray(flooded, dtype=np.uint8), seeds)
