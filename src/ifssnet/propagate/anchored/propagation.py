"""The anchored network on one leg: first every slice that it sees, then every slice as corrected."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32

from ifssnet.core.errors import InputWarning
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription, SelfCheck
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.images import Images
from ifssnet.propagate.anchored.muscle import CorrectedMuscle
from ifssnet.propagate.anchored.self_check import checked, hidden_dice, warning
from ifssnet.propagate.anchored.volume_level import volume_levels
from ifssnet.propagate.interpolation.depth_maps import Depth, DepthMaps
from ifssnet.propagate.interpolation.shape_interpolation import ShapePropagation
from ifssnet.propagate.network_input.region import pixel_mm


@dataclass(frozen=True, eq=False)
class AnchoredPropagation:
    """The anchored network with a leg to go through.

    Attributes:
        corrector: The network, and what is done with its corrections.
        volume: Grey levels.
        seeds: What the expert drew.
    """

    corrector: Corrector
    volume: Volume
    seeds: Seeds

    @cached_property
    def interpolation(self) -> ShapePropagation:
        """The interpolation that the network corrects."""
        return self.corrector.inference.guided.prepare(None, self.seeds)

    @cached_property
    def self_check(self) -> SelfCheck | None:
        """How far the network's corrections hold on this leg; None where no muscle was drawn.

        The same however often it is worked out: it depends on the volume and the seeds only.
        """
        maps = self.interpolation.depth_maps
        if maps is None:
            return None
        return self._tried(self._muscles(maps)) if self.corrector.inference.check else SelfCheck()

    def steps(self) -> Iterator[Step]:
        """Yield the slices that the network sees as guided interpolation has them, then every slice as corrected.

        The volume is kept from the first to the last slice only, so no corrected slice is known before all were seen.
        """
        maps, check, inference = self.interpolation.depth_maps, self.self_check, self.corrector.inference
        if maps is None or check is None:
            return
        muscles = self._muscles(maps)
        seen_slices = {z for muscle in muscles.values() for z in muscle.slices}
        total = sum(len(muscle.slices) for muscle in muscles.values()) + sum(map(len, maps.labels_of.values()))
        done = 0
        seen = Images(self.volume, self.corrector.sampling)
        if doubt := warning(check):
            warnings.warn(InputWarning(doubt), stacklevel=2)
        for muscle in muscles.values():
            muscle.share = check.share
        for z in sorted(seen_slices):
            depths = maps.at(z)
            for label, muscle in muscles.items():
                if z in muscle.place:
                    muscle.prepare(z, depths[label], seen)
                    done += 1
                    yield Step(label, z, self._probability(depths[label], maps, None), done, total)
        for muscle in muscles.values():
            muscle.finish()
        levels = volume_levels(
            {label: muscle.logits for label, muscle in muscles.items()},
            {label: inference.volume_share(maps.curves[label].mean_gap * muscle.slice_mm) for label, muscle in muscles.items()},
        )
        for z in maps.labels_of:
            for label, depth in maps.at(z).items():
                done += 1
                correction = muscles[label].correction(z, levels[label])
                yield Step(label, z, self._probability(depth, maps, correction), done, total)

    def describe(self) -> MethodDescription:
        """Settings, what guided interpolation chose and estimates, and how the network fared on hidden groups."""
        corrector = self.corrector
        details = {"sampling": corrector.sampling, "context": corrector.context, "network": corrector.network.config}
        prior = self.interpolation.describe()
        return MethodDescription(asdict(corrector.inference), details, prior=prior, self_check=self.self_check)

    def _muscles(self, maps: DepthMaps) -> dict[int, CorrectedMuscle]:
        """Every muscle with slices to be found, as nothing is known of them yet."""
        return {label: CorrectedMuscle(label, maps, self.corrector) for label in maps.curves if maps.curves[label].gap_of}

    def _tried(self, muscles: Mapping[int, CorrectedMuscle]) -> SelfCheck:
        """Every annotated group that can be hidden, and what the network makes of the interpolation across it."""
        corrector, seen = self.corrector, Images(self.volume, self.corrector.sampling)
        scores: dict[str, list[list[float]]] = {self.seeds.name(label): [] for label in muscles}
        for label, muscle in muscles.items():
            for hidden in muscle.hidden(seen):
                wanted = hidden.wanted
                correction = corrector.corrections(wanted.image[None], wanted.prior_px[None, None], wanted.cue_values[None])[0]
                dice = hidden_dice(corrector.prior_logit(wanted.prior_px), correction, hidden.drawn)
                scores[self.seeds.name(label)].append(dice)
        return checked(scores)

    def _probability(
        self, depth: Depth, maps: DepthMaps, correction: Float32[np.ndarray, "row column"] | None
    ) -> Float32[np.ndarray, "row column"]:
        """The probability of a whole slice, from the depth of the prior on the box and the correction on the whole slice."""
        size = np.float32(pixel_mm(maps.seeds.grid, self.corrector.sampling))
        logit = self.corrector.prior_logit(np.asarray(depth, np.float32) / size)
        if correction is not None:
            logit = logit + correction[maps.box]
        probability = np.zeros(maps.seeds.grid.shape_zyx[1:], dtype=np.float32)
        probability[maps.box] = expit(logit)
        return probability
