"""Propagation of masks by a network that sees its own last masks: window after window away from each given group.

The networks are steppers; what is fed back, where a run starts and ends, and how two runs become one, is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float32

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.untyped import expit, logit
from ifssnet.propagate.interpolation.depth_maps import DepthMaps
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapePropagation
from ifssnet.propagate.network_input.region import Sampling, paste
from ifssnet.propagate.recurrent.blend_directions import blend_directions
from ifssnet.propagate.recurrent.close_runs import blend_closed, close_run
from ifssnet.propagate.recurrent.run import Feedback, FoundSlice, Stepper, run
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, find_groups

LEAST = np.float32(1e-4)
"""Probabilities are kept so far from 0 and 1 before their logits are taken."""

FORWARD, BOTH = "forward", "both"
DIRECTIONS = (FORWARD, BOTH)


@dataclass(frozen=True)
class RecurrentInference:
    """How to run.

    Attributes:
        direction: "forward" from the first given group upwards, each further group taking over where it lies (paper,
            III-A, and its published code); "both" from every group to both sides, two runs that meet being blended.
        stride: Slices from one window to the next (paper: 1; a window's depth gives one prediction a slice).
        feedback: What the mask stream sees: "soft" the last probabilities, "hard" these cut at 0.5, "given" the last
            given masks only (an ablation: no recurrence).
        overlap: Where a slice has several predictions, the "last" one counts or their "mean".
        close_mm: Let two runs that meet go on to each other's group, and correct each by what it misses that by, over
            about this length back (`close_runs.py`); 0 leaves them as they are.
        by_confidence: Blend two runs by confidence as well as by distance, where they are not closed.
        fuse_guided: Share of guided interpolation in what is found between two given groups; 0 for none.
        keep_area: Share of the way from the area that is found on a slice between two given groups to the one that the curve
            through the given areas has there (`area_curves.py`); 0 leaves it as found.
        empty_windows: How many windows in a row without the muscle end a run.
        tapering: Past the outermost groups it ends, too, where a muscle that has dwindled grows again, and, where there is
            more than one group, masks are taken for as old as the group, not a stride, so that they are doubted.
        smooth_seeds: Given masks whose borders scatter are smoothed, as guided interpolation smooths them, before they are
            propagated and before runs are closed on them; in the result they stay as drawn.
    """

    direction: str = BOTH
    stride: int = 3
    feedback: str = "soft"
    overlap: str = "last"
    close_mm: float = 10.0
    by_confidence: bool = True
    fuse_guided: float = 0.0
    keep_area: float = 0.0
    empty_windows: int = 4
    tapering: bool = True
    smooth_seeds: bool = True

    def __post_init__(self) -> None:
        for name, choices in (
            ("direction", DIRECTIONS),
            ("feedback", ("soft", "hard", "given")),
            ("overlap", ("last", "mean")),
        ):
            if getattr(self, name) not in choices:
                raise InputError(f"one of {', '.join(choices)} for {name}", f"'{getattr(self, name)}'", f"Correct {name}.")
        if self.stride < 1 or self.empty_windows < 1:
            raise InputError(
                "a stride and empty_windows of 1 or more", f"{self.stride} and {self.empty_windows}", "Correct them."
            )
        if not (math.isfinite(self.close_mm) and self.close_mm >= 0):
            raise InputError("a close_mm from 0", f"{self.close_mm}", "Correct it.")
        for name in ("fuse_guided", "keep_area"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"a share from 0 to 1 for {name}", f"{getattr(self, name)}", f"Correct {name}.")


@dataclass(frozen=True)
class PlannedGap:
    """Slices that were not given, between two groups, or beside one.

    Attributes:
        slices: Ascending.
        low: The group below, where it shows the muscle.
        high: The group above, likewise.
        up: Whether a run comes up from the group below.
        down: Whether one comes down from the group above.
    """

    slices: range
    low: AnnotatedGroup | None
    high: AnnotatedGroup | None
    up: bool
    down: bool


def plan(masks: Mapping[int, Mask], slices: int, direction: str) -> tuple[PlannedGap, ...]:
    """The gaps of one muscle that runs go through: never past a slice where the muscle was given as absent.

    Args:
        masks: What is given, by slice.
        slices: How many slices the volume has.
        direction: "forward" or "both".
    """
    groups = find_groups(masks)
    gaps: list[PlannedGap] = []
    for below, above in zip((None, *groups), (*groups, None), strict=True):
        between = range(0 if below is None else below.last + 1, slices if above is None else above.first)
        low = below if below is not None and below.present else None
        high = above if above is not None and above.present else None
        up, down = low is not None, high is not None and direction == BOTH
        if between and (up or down):
            gaps.append(PlannedGap(between, low, high, up, down))
    return tuple(gaps)


@dataclass(frozen=True, eq=False)
class Recurrent:
    """Propagates given masks from window to window; one muscle at a time, so its cost in memory is that of a gap.

    Attributes:
        stepper: The network behind its protocol.
        sampling: The network's pixels, as in its training.
        inference: How to run.
        name: The method's name on the command line.
        facts: About the network and its weights, for provenance.
    """

    stepper: Stepper
    sampling: Sampling = field(default_factory=Sampling)
    inference: RecurrentInference = RecurrentInference()
    name: str = "recurrent"
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
    needs_volume = True

    def __post_init__(self) -> None:
        if self.inference.stride > self.stepper.window:
            raise InputError(
                f"a stride of at most {self.stepper.window}, the window's depth",
                f"{self.inference.stride}",
                "Choose a smaller stride, so that no slice is left out.",
            )

    def prepare(self, volume: Volume | None, seeds: Seeds) -> RecurrentPropagation:
        """The method with its leg.

        Raises:
            InputError: There is no volume.
        """
        if volume is None:
            raise InputError(f"a volume for the method '{self.name}'", "none", "Give the volume.")
        return RecurrentPropagation(self, volume, seeds)


@dataclass(frozen=True, eq=False)
class RecurrentPropagation:
    """A recurrent network with a leg to go through.

    Attributes:
        method: The network and how it runs.
        volume: Grey levels.
        seeds: What the expert drew.
    """

    method: Recurrent
    volume: Volume
    seeds: Seeds

    @property
    def inference(self) -> RecurrentInference:
        """How the network runs."""
        return self.method.inference

    @cached_property
    def interpolation(self) -> ShapePropagation:
        """Guided interpolation of the same seeds: its smoothing is chosen once, whatever of it is used."""
        return ShapeInterpolation().prepare(None, self.seeds)

    @cached_property
    def plans(self) -> Mapping[int, tuple[PlannedGap, ...]]:
        """The gaps of each muscle that runs go through, by label."""
        direction, slices = self.inference.direction, self.seeds.grid.slices
        return {label: plan(self.seeds.masks[label], slices, direction) for label in self.seeds.labels}

    def steps(self) -> Iterator[Step]:
        """Yield every slice that a run reaches, muscle after muscle."""
        carried = self.interpolation.smoothed_seeds if self.inference.smooth_seeds else self.seeds
        done, total = 0, sum(len(gap.slices) for gaps in self.plans.values() for gap in gaps)
        for label, gaps in self.plans.items():
            guided = self._guided(label)
            for gap in gaps:
                found = self._found(self.volume, carried.masks[label], gap)
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
        settings = {**asdict(self.inference), "sampling": asdict(self.method.sampling)}
        return MethodDescription(settings, {**self.method.facts, "groups": groups})

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
        feedback = Feedback(settings.stride, settings.feedback, settings.overlap, settings.empty_windows)
        past = self.inference.tapering and ahead is None
        largest_px = max(int(mask.sum()) for mask in masks.values()) if past else None
        # From the only group of all a run has the whole muscle before it, not what lies between its last group and its end.
        doubted = past and sum(group.present for group in find_groups(masks)) > 1
        return run(
            self.method.stepper,
            volume,
            self.method.sampling,
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
        """With guided interpolation, where there are groups to interpolate between."""
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


def with_area(probability: Float32[np.ndarray, "y x"], area_px: float, share: float) -> Float32[np.ndarray, "y x"]:
    """The same logits, raised or lowered until the muscle has another area.

    Args:
        probability: As found.
        area_px: The area that is its due.
        share: How far to go there from the area as found.
    """
    found = int((probability >= 0.5).sum())
    # Where nothing at all speaks for the muscle, no area puts it.
    possible = probability[probability > LEAST]
    wanted = min(max(round((1 - share) * found + share * area_px), 1), possible.size - 1)
    if not found or wanted in (0, found):
        return probability
    # Half way between the last pixel that is in and the first that is out.
    cut = possible.size - wanted
    out, inside = logit(np.partition(possible, (cut - 1, cut))[cut - 1 : cut + 1].clip(LEAST, 1 - LEAST))
    logits = logit(probability.clip(LEAST, 1 - LEAST))
    return np.where(probability > LEAST, expit(logits - (out + inside) / 2), probability).astype(np.float32)


def _whole(found: FoundSlice | None, shape_yx: tuple[int, int]) -> Float32[np.ndarray, "y x"]:
    """On the whole slice; a run that ended before it says that the muscle is absent."""
    if found is None:
        return np.zeros(shape_yx, dtype=np.float32)
    return np.clip(paste(found.probability, found.region, shape_yx, 0.0), 0, 1)
