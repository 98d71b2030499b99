"""Watershed from markers, as 3D Slicer's segment editor offers it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.images import Volume
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.untyped import gradient_magnitude, watershed
from ifssnet.propagate.baselines.markers import MarkerPropagation, Markers, check_positive, find_markers, volume_of


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
        check_positive(asdict(self), of_mm=True)


@dataclass(frozen=True)
class Watershed:
    """The gradient's magnitude as a landscape, flooded from what was drawn and from the background.

    Grey levels are smoothed by a Gaussian first; two floods meet on the ridge of the gradient between them.
    """

    config: WatershedConfig = WatershedConfig()
    name = "watershed"
    needs_volume = True

    def prepare(self, volume: Volume | None, seeds: Seeds) -> MarkerPropagation:
        """The method with its leg.

        Raises:
            InputError: No volume, or one that is not the seeds'.
        """
        described = MethodDescription(asdict(self.config))
        find = partial(find_markers, margin_mm=self.config.margin_mm)
        return MarkerPropagation(volume_of(volume, seeds), seeds, find, self._grown, described)

    def _grown(self, markers: Markers, spacing_zyx_mm: tuple[float, float, float]) -> UInt8[np.ndarray, "z y x"]:
        landscape = gradient_magnitude(markers.image, [self.config.feature_size_mm / spacing for spacing in spacing_zyx_mm])
        return np.asarray(watershed(landscape, markers.markers), dtype=np.uint8)
