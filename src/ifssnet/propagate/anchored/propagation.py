"""The anchored network on one leg: first every slice that it sees, then every slice as corrected."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32

from ifssnet.core.errors import InputWarning
from ifssnet.core.images import Volume
from ifssnet.core.machine.threads import ahead
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription, SelfCheck
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.images import Images
from ifssnet.propagate.anchored.muscle import CorrectedMuscle, WantedSlice
from ifssnet.propagate.anchored.own_leg import OwnLeg
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
        own_leg: The leg that the network was tuned on; None for one that was not.
    """

    corrector: Corrector
    volume: Volume
    seeds: Seeds
    own_leg: OwnLeg | None = None

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

    def _check_of(self, maps: DepthMaps, muscles: Mapping[int, CorrectedMuscle]) -> SelfCheck:
        """The self check by some muscles; by all of them it is kept, for `describe` says it again."""
        if set(muscles) == {label for label, curves in maps.curves.items() if curves.gap_of}:
            return self.self_check or SelfCheck()
        return self._tried(muscles) if self.corrector.inference.check else SelfCheck()

    def steps(self) -> Iterator[Step]:
        """Yield the slices that the network sees as guided interpolation has them, then every slice as corrected.

        The volume is kept from the first to the last slice only, so no corrected slice is known before all were seen.
        """
        maps = self.interpolation.depth_maps
        if maps is not None:
            yield from self._steps(maps, self._muscles(maps), {z: set(labels) for z, labels in maps.labels_of.items()})

    def steps_on(self, wanted: Mapping[int, Set[int]]) -> Iterator[Step]:
        """Yield these slices alone, see `PartialPropagation`: the network sees no others but those close to them.

        How far its corrections count, and the level of each muscle, is found on these slices and muscles. Steps differ by
        so much from those of the whole leg.
        """
        maps = self.interpolation.depth_maps
        if maps is None:
            return
        sought = {z: {label for label in labels if z in wanted.get(label, ())} for z, labels in maps.labels_of.items()}
        muscles = {
            label: CorrectedMuscle(label, maps, self.corrector, wanted[label]) for label in wanted if label in maps.curves
        }
        muscles = {label: muscle for label, muscle in muscles.items() if muscle.slices}
        yield from self._steps(maps, muscles, {z: labels for z, labels in sought.items() if labels})

    def _steps(self, maps: DepthMaps, muscles: dict[int, CorrectedMuscle], sought: Mapping[int, Set[int]]) -> Iterator[Step]:
        """What comes of some slices of some muscles."""
        inference = self.corrector.inference
        seen_slices = {z for muscle in muscles.values() for z in muscle.slices}
        total = sum(len(muscle.slices) for muscle in muscles.values()) + sum(map(len, sought.values()))
        done = 0
        seen = Images(self.volume, self.corrector.sampling)

        def looked_at(z: int) -> dict[int, tuple[WantedSlice, Float32[np.ndarray, "row column"] | None]]:
            depths = maps.at(z)
            return {
                label: (
                    muscle.wanted(z, depths[label], seen),
                    self._probability(depths[label], maps, None) if label in sought.get(z, ()) else None,
                )
                for label, muscle in muscles.items()
                if z in muscle.place
            }

        for z, looks in ahead(looked_at, sorted(seen_slices)):
            for label, (wanted, first) in looks.items():
                muscles[label].take(wanted)
                done += 1
                if first is not None:
                    yield Step(label, z, first, done, total, provisional=True)
        # Only now: whoever waits has seen every slice by then.
        check = self._check_of(maps, muscles)
        if doubt := warning(check):
            warnings.warn(InputWarning(doubt), stacklevel=2)
        for muscle in muscles.values():
            muscle.share = check.share
            muscle.finish()
        levels = volume_levels(
            {label: muscle.logits for label, muscle in muscles.items()},
            {label: inference.volume_share(maps.curves[label].mean_gap * muscle.slice_mm) for label, muscle in muscles.items()},
        )

        def corrected(z: int) -> dict[int, Float32[np.ndarray, "row column"]]:
            depths = {label: depth for label, depth in maps.at(z).items() if label in sought[z]}
            return {
                label: self._probability(depth, maps, muscles[label].correction(z, levels[label]))
                for label, depth in depths.items()
            }

        for z, found in ahead(corrected, sought):
            for label, probability in found.items():
                done += 1
                yield Step(label, z, probability, done, total, within=maps.box)

    def describe(self) -> MethodDescription:
        """Settings, what guided interpolation chose and estimates, and how the network fared on hidden groups."""
        corrector = self.corrector
        details = {
            "sampling": corrector.sampling,
            "context": corrector.context,
            "network": corrector.network.config,
            "engine": corrector.network.engine,
        }
        prior = self.interpolation.describe()
        return MethodDescription(asdict(corrector.inference), details, prior=prior, self_check=self.self_check)

    def _muscles(self, maps: DepthMaps) -> dict[int, CorrectedMuscle]:
        """Every muscle with slices to be found, as nothing is known of them yet."""
        return {label: CorrectedMuscle(label, maps, self.corrector) for label in maps.curves if maps.curves[label].gap_of}

    def _tried(self, muscles: Mapping[int, CorrectedMuscle]) -> SelfCheck:
        """Every annotated group that can be hidden, and what the network makes of the interpolation across it."""
        scores = self._hidden_dice(muscles)
        return checked({self.seeds.name(label): list(own.values()) for label, own in scores.items()})

    def hidden_dice(self) -> dict[int, dict[int, list[float]]]:
        """Dice on every annotated slice that can be hidden, by label and slice, with each of `self_check.SHARES`."""
        maps = self.interpolation.depth_maps
        return {} if maps is None else self._hidden_dice(self._muscles(maps))

    def _hidden_dice(self, muscles: Mapping[int, CorrectedMuscle]) -> dict[int, dict[int, list[float]]]:
        corrector, seen = self.corrector, Images(self.volume, self.corrector.sampling)
        scores: dict[int, dict[int, list[float]]] = {label: {} for label in muscles}
        for label, muscle in muscles.items():
            for hidden in muscle.hidden(seen):
                wanted = hidden.wanted
                if self.own_leg is not None and self.own_leg.has_learned(self.volume, wanted.z):
                    # What the network knows by heart says nothing of the slices between.
                    continue
                correction = corrector.corrections(wanted.image[None], wanted.prior_px[None, None], wanted.cue_values[None])[0]
                prior = corrector.prior_logit(wanted.prior_px)
                scores[label][wanted.z] = hidden_dice(prior, correction, hidden.drawn)
        return scores

    def _probability(
        self, depth: Depth, maps: DepthMaps, correction: Float32[np.ndarray, "y x"] | None
    ) -> Float32[np.ndarray, "row column"]:
        """The probability of a whole slice, from the depth of the prior and the correction, both on the box."""
        size = np.float32(pixel_mm(maps.seeds.grid, self.corrector.sampling))
        logit = self.corrector.prior_logit(np.asarray(depth, np.float32) / size)
        if correction is not None:
            logit += correction
        probability = np.zeros(maps.seeds.grid.shape_zyx[1:], dtype=np.float32)
        probability[maps.box] = expit(logit)
        return probability
