"""Filling between slices, as 3D Slicer's segment editor does it: ITK's morphological contour interpolator."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.machine.extras import install_command
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.core.segmentation import Propagation, SimplePropagation
from ifssnet.geometry.masks.box import bounding_box
from ifssnet.propagate.interpolation.gaps import find_gaps
from ifssnet.propagate.seeding.annotated_groups import find_groups

MARGIN = 2
"""Pixels around the two masks that are handed to ITK."""


@dataclass(frozen=True)
class FillBetweenSlicesConfig:
    """What ITK is given.

    Attributes:
        heuristic_alignment: Search for the shift under which two regions overlap most before they are interpolated.
        distance_transform: Find the way from one region to the other by distance transforms (ITK's and Slicer's
            default) rather than by repeated dilations.
        overlap: Which muscle a pixel goes to that two were filled into: the "first" by label value, or the "last" as in 3D
            Slicer.
    """

    heuristic_alignment: bool = True
    distance_transform: bool = True
    overlap: Literal["first", "last"] = "first"


@dataclass(frozen=True)
class FillBetweenSlices:
    """Morphological contour interpolation (Zukić et al., The Insight Journal, 2016), by ITK itself.

    ITK takes a slice for annotated only where both its neighbours are empty, and so overlooks most of any three
    consecutive ones. Each gap between annotated slices is therefore handed to it on its own, with the two masks
    on its sides as its only content. Between the muscle and its absence nothing is filled.
    """

    config: FillBetweenSlicesConfig = FillBetweenSlicesConfig()
    name = "fill-between-slices"
    needs_volume = False

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:  # noqa: ARG002
        """The method with its seeds; `volume` is not read.

        Raises:
            InputError: ITK's interpolator is not installed.
        """
        itk = _itk()
        description = MethodDescription(asdict(self.config), {"itk": str(itk.Version.GetITKVersion())})
        return SimplePropagation(partial(self._steps, itk, seeds), description)

    def _steps(self, itk: Any, seeds: Seeds) -> Iterator[Step]:
        """Every slice between two annotated ones with the muscle, muscle after muscle."""
        gaps = {
            label: [p for p in find_gaps(find_groups(seeds.masks[label]), seeds.grid.slices, 0) if p.interpolates]
            for label in seeds.labels
        }
        done, total = 0, sum(len(gap.slices) for of_label in gaps.values() for gap in of_label)
        last = self.config.overlap == "last"
        taken: dict[int, Mask] = {}
        # Where the last one wins it comes first, and leaves to the others what it has not taken.
        for label, of_label in sorted(gaps.items(), reverse=last):
            for gap in of_label:
                low, high = gap.slices.start - 1, gap.slices.stop
                below, above = seeds.masks[label][low], seeds.masks[label][high]
                box = bounding_box(below | above, MARGIN)
                filled = self._filled(itk, below[box], above[box], high - low)
                for z in gap.slices:
                    probability = np.zeros(seeds.grid.shape_zyx[1:], dtype=np.float32)
                    probability[box] = filled[z - low]
                    if last:
                        before = taken.setdefault(z, np.zeros(probability.shape, dtype=bool))
                        probability[before] = 0
                        before |= probability > 0
                    done += 1
                    yield Step(label, z, probability, done, total)

    def _filled(self, itk: Any, below: Mask, above: Mask, gap: int) -> Bool[np.ndarray, "z y x"]:
        """The slices from one mask to the other, both included."""
        # An empty slice on either side, so that ITK sees both masks stand alone.
        stack = np.zeros((gap + 3, *below.shape), dtype=np.uint8)
        stack[1], stack[-2] = below, above
        image = itk.image_from_array(stack)
        interpolator = itk.MorphologicalContourInterpolator[type(image)].New(Input=image)
        interpolator.SetAxis(2)
        interpolator.SetHeuristicAlignment(self.config.heuristic_alignment)
        interpolator.SetUseDistanceTransform(self.config.distance_transform)
        interpolator.Update()
        return np.asarray(itk.array_from_image(interpolator.GetOutput()))[1:-1] > 0


def itk_installed() -> bool:
    """Whether ITK's interpolator is there; where it is, finding out takes as long as loading it."""
    try:
        _itk()
    except InputError:
        return False
    return True


def _itk() -> Any:
    """ITK's Python package; imported here because it takes ten seconds and most runs do without."""
    remedy = f"Install it: {install_command('itk')}"
    # Its generated types warn while they are initialised; where warnings are errors that would end the interpreter.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            itk = import_module("itk")
        except ImportError as missing:
            raise InputError("ITK's morphological contour interpolator", "an installation without it", remedy) from missing
        # The parts load when they are first named.
        if not all(hasattr(itk, part) for part in ("MorphologicalContourInterpolator", "Version", "image_from_array")):
            raise InputError("ITK with its morphological contour interpolator", "ITK without it", remedy)
    return itk
