"""A recurrent network on one leg: gap after gap of each muscle, runs that meet made one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float32

from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.interpolation.depth_maps import DepthMaps
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapePropagation
from ifssnet.propagate.network_input.region import Sampling, paste
from ifssnet.propagate.recurrent.blend_directions import blend_directions
from ifssnet.propagate.recurrent.close_runs import blend_closed, close_run
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.kept_area import with_area
from ifssnet.propagate.recurrent.planned_gaps import PlannedGap, planned_gaps
from ifssnet.propagate.recurrent.run import Feedback, FoundSlice, Stepper, run
from ifssnet.propagate.seeding.annotated_groups import find_groups


@dataclass(frozen=True, eq=False)
class RecurrentPropagation:
    """A recurrent network with a leg to go through.

    Attributes:
        stepper: The network behind its protocol.
        sampling: The network's pixels, as in its training.
        inference: How it runs.
        facts: About the network and its weights, for provenance.
        volume: Grey levels.
        seeds: What the expert drew.
        beyond_only: Runs leave the outermost annotated groups outwards, and nothing between groups is looked for.
    """

    stepper: Stepper
    sampling: Sampling
    inference: RecurrentInference
    facts: Mapping[str, object]
    volume: Volume
    seeds: Seeds
    beyond_only: bool = False

    @cached_property
    def interpolation(self) -> ShapePropagation:
        """Guided interpolation of the same seeds: its smoothing is chosen once, whatever of it is used."""
        return ShapeInterpolation().prepare(None, self.seeds)

    @cached_property
    def plans(self) -> Mapping[int, tuple[PlannedGap, ...]]:
        """The gaps of each muscle that runs go through, by label."""
        direction, slices = self.inference.direction, self.seeds.grid.slices
        plans = {label: planned_gaps(self.seeds.masks[label], slices, direction) for label in self.seeds.labels}
        if not self.beyond_only:
            return plans
        return {label: tuple(gap for gap in gaps if gap.is_outermost) for label, gaps in plans.items()}

    def steps(self) -> Iterator[Step]:
        """Yield every slice that a run reaches, muscle after muscle."""
        given = self.interpolation.smoothed_seeds if self.inference.smooth_seeds else self.seeds
        done, total = 0, sum(len(gap.slices) for gaps in self.plans.values() for gap in gaps)
        for label, gaps in self.plans.items():
            guided = self._guided(label)
            for gap in gaps:
                found = self._found(self.volume, given.masks[label], gap)
                for count, (z, probability) in enumerate(found, start=1):
                    yield Step(label, z, self._fused(guided, z, probability), done + count, total)
                # A run that ended early has said all that there is to say about its gap.
                done += len(gap.slices)

    def describe(self) -> MethodDescription:
        """Settings, the network's facts, and for each muscle the groups that it was propagated from."""
        groups = {
            self.seeds.name(label): [
                (group.first, group.last) for group in find_groups(self.seeds.masks[label]) if group.present
            ]
            for label in self.seeds.labels
        }
        settings = {**asdict(self.inference), "sampling": asdict(self.sampling)}
        return MethodDescription(settings, {**self.facts, "groups": groups})

    def _found(
        self, volume: Volume, masks: Mapping[int, Mask], gap: PlannedGap
    ) -> Iterator[tuple[int, Float32[np.ndarray, "y x"]]]:
        """The slices of a gap as they are found, on the whole slice."""
        shape = volume.grid.shape_zyx[1:]
        if gap.low is None or gap.high is None or not (gap.up and gap.down):
            for found in self._run(volume, masks, gap, gap.up):
                yield found.z, _whole(found, shape)
            return
        low, high = gap.low.last, gap.high.first
        # One slice more at the end of each: there it is known what should have been found.
        on = 1 if self.inference.close_mm else 0
        up = replace(gap, slices=range(gap.slices.start, gap.slices.stop + on))
        down = replace(gap, slices=range(gap.slices.start - on, gap.slices.stop))
        from_below = {found.z: found for found in self._run(volume, masks, up, True)}
        from_above = {found.z: found for found in self._run(volume, masks, down, False)}
        if self.inference.close_mm:
            length = self.inference.close_mm / volume.grid.spacing_zyx_mm[0]
            first = close_run(from_below, low, high, masks[high], length)
            second = close_run(from_above, high, low, masks[low], length)
            # A run that lost the muscle on its way to a group that shows it has nothing to say.
            first, second = first or second, second or first
            if first is not None and second is not None:
                for z in gap.slices:
                    yield z, blend_closed(first[z], second[z], z - low, high - z, shape)
                return
        for z in gap.slices:
            if z in from_below or z in from_above:
                one, other = _whole(from_below.get(z), shape), _whole(from_above.get(z), shape)
                yield z, blend_directions(one, other, float(z - low), float(high - z), self.inference.by_confidence)

    def _run(self, volume: Volume, masks: Mapping[int, Mask], gap: PlannedGap, upwards: bool) -> Iterator[FoundSlice]:
        """The run into a gap from one of its groups."""
        source, ahead = (gap.low, gap.high) if upwards else (gap.high, gap.low)
        assert source is not None
        given = {z: masks[z] for z in source.slices}
        # Both groups are given, so the region may know of both: a run rarely has to move it then.
        near = {} if ahead is None else {z: masks[z] for z in ahead.slices}
        settings = self.inference
        feedback = Feedback(settings.stride, settings.feedback, settings.overlap, settings.empty_windows, settings.whole_slice)
        past = self.inference.tapering and ahead is None
        largest_px = max(int(mask.sum()) for mask in masks.values()) if past else None
        # From the only group of all a run has the whole muscle before it, not what lies between its last group and its end.
        doubted = past and sum(group.present for group in find_groups(masks)) > 1
        return run(
            self.stepper,
            volume,
            self.sampling,
            feedback,
            given,
            near,
            gap.slices,
            upwards,
            largest_px,
            doubted,
        )

    def _guided(self, label: int) -> DepthMaps | None:
        """Guided interpolation of one muscle, where it is asked for."""
        if not self.inference.fuse_guided and not self.inference.keep_area:
            return None
        return self.interpolation.depth_maps_alone(label)

    def _fused(self, guided: DepthMaps | None, z: int, probability: Float32[np.ndarray, "y x"]) -> Float32[np.ndarray, "y x"]:
        """The probability mixed with guided interpolation, where there are groups to interpolate between."""
        if guided is None or z not in guided.labels_of:
            return probability
        share = np.float32(self.inference.fuse_guided)
        if share:
            prior = np.zeros_like(probability)
            for depth in guided.at(z).values():
                prior[guided.box] = expit(depth)
            probability = (1 - share) * probability + share * prior
        if self.inference.keep_area:
            (own_curves,) = guided.curves.values()
            return with_area(probability, own_curves.area_px[z], self.inference.keep_area)
        return probability


def _whole(found: FoundSlice | None, shape_yx: tuple[int, int]) -> Float32[np.ndarray, "y x"]:
    """On the whole slice; a run that ended before it says that the muscle is absent."""
    if found is None:
        return np.zeros(shape_yx, dtype=np.float32)
    return np.clip(paste(found.probability, found.region, shape_yx, 0.0), 0, 1)
