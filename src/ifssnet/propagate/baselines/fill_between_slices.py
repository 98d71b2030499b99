"""Filling between slices, as 3D Slicer's segment editor does it: morphological contour interpolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Float32

from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.core.segmentation import Propagation, SimplePropagation
from ifssnet.geometry.masks.box import bounding_box
from ifssnet.propagate.baselines.contour_interpolation import ContourInterpolation
from ifssnet.propagate.interpolation.gaps import find_gaps
from ifssnet.propagate.seeding.annotated_groups import find_groups


@dataclass(frozen=True)
class FillBetweenSlicesConfig:
    """How to fill.

    Attributes:
        heuristic_alignment: Search for the shift under which two regions overlap most only as long as shifts get better; False:
            try all of them.
        distance_transform: Find the way from one region to the other by distances rather than by repeated dilations, which is
            what 3D Slicer does. It is the default of ITK's filter.
        overlap: Which muscle a pixel goes to that two were filled into: the "first" by label value, or the "last" as in 3D
            Slicer.
    """

    heuristic_alignment: bool = True
    distance_transform: bool = False
    overlap: Literal["first", "last"] = "first"


@dataclass(frozen=True)
class FillBetweenSlices:
    """Morphological contour interpolation (Zukić et al., The Insight Journal, 2016), gap by gap.

    ITK's filter, which 3D Slicer calls, takes a slice for annotated only where both its neighbours are empty, and so overlooks
    most of any three consecutive ones. Here each gap between annotated slices is filled from the two masks on its sides.
    Between the muscle and its absence nothing is filled.
    """

    config: FillBetweenSlicesConfig = FillBetweenSlicesConfig()
    name = "fill-between-slices"
    needs_volume = False

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:  # noqa: ARG002
        """The method with its seeds; `volume` is not read."""
        return SimplePropagation(partial(self._steps, seeds), MethodDescription(asdict(self.config)))

    def _steps(self, seeds: Seeds) -> Iterator[Step]:
        """Every slice between two annotated ones with the muscle, muscle after muscle."""
        gaps = {
            label: [p for p in find_gaps(find_groups(seeds.masks[label]), seeds.grid.slices, 0) if p.interpolates]
            for label in seeds.labels
        }
        done, total = 0, sum(len(gap.slices) for of_label in gaps.values() for gap in of_label)
        last = self.config.overlap == "last"
        taken: dict[int, Mask] = {}
        interpolation = ContourInterpolation(self.config.heuristic_alignment, self.config.distance_transform)
        # Where the last one wins it comes first, and leaves to the others what it has not taken.
        for label, of_label in sorted(gaps.items(), reverse=last):
            masks = seeds.masks[label]
            # Shifts are looked for in the box of all that was drawn of the muscle, as ITK does.
            box = bounding_box(np.any(list(masks.values()), axis=0)) if of_label else ()
            for gap in of_label:
                low, high = gap.slices.start - 1, gap.slices.stop
                filled = interpolation.between(masks[low], masks[high], high - low, box)
                for z in gap.slices:
                    probability: Float32[np.ndarray, "y x"] = filled[z - low - 1].astype(np.float32)
                    if last:
                        before = taken.setdefault(z, np.zeros(probability.shape, dtype=bool))
                        probability[before] = 0
                        before |= probability > 0
                    done += 1
                    yield Step(label, z, probability, done, total)
