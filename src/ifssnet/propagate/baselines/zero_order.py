"""Zero-order interpolation (ZOI): the way in which the paper's training labels were made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.core.segmentation import Propagation, SimplePropagation
from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.untyped import smoothed
from ifssnet.propagate.interpolation.gaps import Gap, find_gaps
from ifssnet.propagate.seeding.annotated_groups import find_groups

TRUNCATE_SD = 4.0
"""How many standard deviations from its middle the Gaussian is cut."""


@dataclass(frozen=True)
class ZeroOrderConfig:
    """How to interpolate.

    Attributes:
        sigma_mm: SD of the Gaussian that smooths each muscle, in three dimensions; 0 for none. The source (Gonzalez
            Duque et al., SIPAIM 2020) says that the volume is smoothed and not by how much: 1 mm takes off the steps
            between neighbouring slices and little else.
    """

    sigma_mm: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma_mm) and self.sigma_mm >= 0):
            raise InputError("a sigma_mm of 0 or more", f"{self.sigma_mm}", "Correct sigma_mm.")


@dataclass(frozen=True)
class ZeroOrder:
    """Between two annotated slices every slice takes the smaller of the two masks; then the muscle is smoothed.

    Between the muscle and a slice where it is absent the smaller mask is the empty one. Volumes come out too small.
    """

    config: ZeroOrderConfig = ZeroOrderConfig()
    name = "zero-order"
    needs_volume = False

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:  # noqa: ARG002
        """The method with its seeds; `volume` is not read."""
        return SimplePropagation(partial(self._steps, seeds), MethodDescription(asdict(self.config)))

    def _steps(self, seeds: Seeds) -> Iterator[Step]:
        """Every slice between annotated ones, muscle after muscle."""
        gaps = {label: find_gaps(find_groups(seeds.masks[label]), seeds.grid.slices, 0) for label in seeds.labels}
        done, total = 0, sum(len(gap.slices) for of_label in gaps.values() for gap in of_label)
        sigma_zyx = [self.config.sigma_mm / spacing for spacing in seeds.grid.spacing_zyx_mm]
        margin = [math.ceil(TRUNCATE_SD * sigma) for sigma in sigma_zyx]
        for label, of_label in gaps.items():
            held = {z: _smaller(gap, seeds.masks[label]) for gap in of_label for z in gap.slices}
            masks = {**seeds.masks[label], **held}
            box = bounding_box(np.any([mask for mask in masks.values() if mask.any()], axis=0), margin[1:]) if masks else ()
            empty = np.zeros(seeds.grid.shape_zyx[1:], dtype=bool)
            for gap in of_label:
                context = range(gap.slices.start - margin[0], gap.slices.stop + margin[0])
                stack = np.array([masks.get(z, empty)[box] for z in context], dtype=np.float32)
                smooth = smoothed(stack, sigma_zyx, "nearest", TRUNCATE_SD)
                for z in gap.slices:
                    probability = np.zeros(seeds.grid.shape_zyx[1:], dtype=np.float32)
                    probability[box] = np.clip(smooth[z - context.start], 0, 1)
                    done += 1
                    yield Step(label, z, probability, done, total)


def _smaller(gap: Gap, masks: Mapping[int, Mask]) -> Mask:
    """The smaller of the masks on the two sides of a gap; the lower slice's where they are the same size."""
    assert gap.left is not None
    assert gap.right is not None
    return min(masks[gap.left.last], masks[gap.right.first], key=lambda mask: int(mask.sum()))
