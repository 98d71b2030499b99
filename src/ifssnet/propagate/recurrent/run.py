"""One run of a recurrent network: from a given group, window after window, its own masks fed back to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ifssnet.core.images import Volume
from ifssnet.core.seeds import Mask
from ifssnet.propagate.network_input.region import (
    Region,
    Sampling,
    crop,
    normalised,
    paste,
    pixel_mm,
    region_of,
    slice_step,
    whole_region,
)

Planes = Float32[np.ndarray, "z v u"]
GIVEN, HARD, MEAN = "given", "hard", "mean"


@runtime_checkable
class Stepper(Protocol):
    """A network that propagates masks. Arrays are in the order of the run, whichever way along the leg that is."""

    @property
    def window(self) -> int:
        """Slices that a step sees and predicts."""
        ...

    @property
    def ahead(self) -> int:
        """The last slices of a window that it sees, and predicts in earnest in later windows only."""
        ...

    @property
    def ages_from_group(self) -> bool:
        """Whether the age that a step is given is always that of the given group."""
        ...

    def start(self, images: Planes, masks: Planes) -> Any:
        """See given slices and their masks.

        Args:
            images: A window of normalised grey levels.
            masks: How much of each pixel the muscle covers there, 0 to 1.

        Returns:
            The memory that the first step starts from; None where there is none.
        """
        ...

    def step(self, images: Planes, previous: Planes, memory: Any, age: int) -> tuple[Planes, Any]:
        """Predict a window.

        Args:
            images: Its normalised grey levels.
            previous: The masks of the window before, given or predicted.
            memory: As the step before left it.
            age: How many places old the masks in `previous` are, or are to be taken for.

        Returns:
            The probability of each pixel, and the memory for the next step.
        """
        ...


@dataclass(frozen=True)
class Feedback:
    """How predictions come back; see `recurrent.RecurrentInference`."""

    stride: int = 3
    kind: str = "soft"
    overlap: str = "last"
    empty_windows: int = 4
    whole_slice: bool = False


@dataclass(frozen=True, eq=False)
class FoundSlice:
    """One slice.

    Attributes:
        z: Which.
        region: Where on the slice.
        probability: There.
    """

    z: int
    region: Region
    probability: Float32[np.ndarray, "v u"]


@dataclass
class _Latest:
    """What the windows so far said about a slice: masks of given slices stay, predictions are replaced or averaged."""

    value: Float32[np.ndarray, "v u"]
    given: bool = False
    count: int = 1

    def update(self, value: Float32[np.ndarray, "v u"], overlap: str) -> None:
        if self.given:
            return
        self.count += 1
        self.value = self.value + (value - self.value) / np.float32(self.count) if overlap == MEAN else value


DWINDLED, AGAIN, NOTICED = 0.25, 1.5, 0.01
"""Shares: of the largest area, below which a muscle is about to end; of the least since, at which it grows again; and of
the largest, so that a few pixels more are nothing."""


@dataclass
class Tapering:
    """Watches a muscle past the outermost given group: cross-sections dwindle to an end, and one that grows again is not it.

    Attributes:
        largest: Area seen so far, given or found, in network pixels.
        least: Since then.
    """

    largest: float
    least: float = math.inf

    def is_over(self, area: float) -> bool:
        """Take in the next slice's area; whether the muscle had ended before it."""
        if self.least < DWINDLED * self.largest and area > AGAIN * self.least + NOTICED * self.largest:
            return True
        if area >= self.largest:
            self.largest, self.least = area, area
        self.least = min(self.least, area)
        return False


@dataclass(frozen=True, eq=False)
class Path:
    """The slices of a run. Places are counted along it.

    Places 0 to window - 1 are the reference: the last given slices before the run leaves the group, the first of them
    repeated where fewer were given. Each further place lies a step of slices on.

    Attributes:
        reference: Slices, in the order of the run.
        step: Slices from place to place, negative downwards.
        wanted: The slices wanted, ascending; they begin beside the group.
    """

    reference: tuple[int, ...]
    step: int
    wanted: range

    @property
    def final(self) -> int:
        """The last place: at or just past the end of the slices wanted."""
        return len(self.reference) - 1 + math.ceil(len(self.wanted) / abs(self.step))

    def slice_at(self, place: int) -> int:
        """The slice at a place; past the volume's ends too."""
        count = len(self.reference)
        return self.reference[place] if place < count else self.reference[-1] + self.step * (place - count + 1)

    def until(self, place: int) -> tuple[tuple[int, float], ...]:
        """The slices from the place before to this one that are wanted, each with how far it lies on the way (0 to 1]."""
        end, sign = self.slice_at(place), 1 if self.step > 0 else -1
        start = end - self.step
        count = abs(self.step)
        return tuple((start + sign * k, k / count) for k in range(1, count + 1) if start + sign * k in self.wanted)


def find_path(given: Mapping[int, Mask], window: int, wanted: range, upwards: bool, step: int) -> Path:
    """The path from a group into the slices beside it."""
    nearest = sorted(given, reverse=not upwards)[-window:]
    return Path((nearest[0],) * (window - len(nearest)) + tuple(nearest), step if upwards else -step, wanted)


def run(
    stepper: Stepper,
    volume: Volume,
    sampling: Sampling,
    feedback: Feedback,
    given: Mapping[int, Mask],
    near: Mapping[int, Mask],
    wanted: range,
    upwards: bool,
    largest_px: int | None = None,
    doubted: bool = False,
) -> Iterator[FoundSlice]:
    """Yield the slices wanted in the order of the run, until it is through or the muscle has ended.

    Args:
        stepper: The network.
        volume: Grey levels.
        sampling: The network's pixels.
        feedback: How predictions come back.
        given: The group that the run starts from, slice to mask.
        near: Further given masks, which the region has to hold as well.
        wanted: The slices wanted, ascending; they begin beside the group.
        upwards: Towards higher slices.
        largest_px: Where nothing is given beyond them: the muscle's largest given area in voxels, to tell its end by.
        doubted: Masks are taken for as old as the group: every window makes it likelier that the muscle has ended.
    """
    window = stepper.window
    path = find_path(given, window, wanted, upwards, slice_step(volume.grid, sampling))
    scene = _Scene(stepper, volume, sampling, path, given, {**near, **given}, feedback.whole_slice)
    region, memory, masks = scene.enter(scene.first_region())
    latest: dict[int, _Latest] = {place: _Latest(mask, True) for place, mask in enumerate(masks)}
    before, emitted, first, empty = masks[-1], window - 1, 0, 0
    taper = None
    if largest_px is not None:
        taper = Tapering(largest_px / region.factor**2)
        taper.is_over(float(masks[-1].sum()))
    # Windows go on until the last slice wanted is no longer ahead of what they find.
    last = window - 1 - stepper.ahead
    while first + last < path.final:
        previous = masks if feedback.kind == GIVEN else _planes([latest[place] for place in range(first, first + window)])
        if feedback.kind == HARD:
            previous = (previous >= 0.5).astype(np.float32)
        first += feedback.stride
        places = range(first, first + window)
        images = scene.images([path.slice_at(place) for place in places], region)
        age = first if feedback.kind == GIVEN or doubted or stepper.ages_from_group else feedback.stride
        probability, memory = stepper.step(images, previous, memory, age)
        for place, value in zip(places, probability, strict=True):
            if place in latest:
                latest[place].update(value, feedback.overlap)
            else:
                latest[place] = _Latest(value)
        empty = 0 if (probability >= 0.5).any() else empty + 1
        if empty >= feedback.empty_windows:
            return
        # A slice is settled when no later window holds it.
        settled = path.final if first + last >= path.final else min(first + feedback.stride - 1, first + last)
        for place in range(emitted + 1, settled + 1):
            if taper is not None and taper.is_over(float((latest[place].value >= 0.5).sum())):
                return
            for z, share in path.until(place):
                value = latest[place].value
                mixed = value if share == 1 else (before + (value - before) * np.float32(share)).astype(np.float32)
                yield FoundSlice(z, region, mixed)
            before, emitted = latest[place].value, place
        latest = {place: latest[place] for place in places}
        needed = scene.region_for(latest[places[-1]].value, region)
        if needed != region:
            for one in latest.values():
                one.value = scene.moved(one.value, region, needed)
            before = scene.moved(before, region, needed)
            region, memory, masks = scene.enter(needed)


@dataclass(frozen=True, eq=False)
class _Scene:
    """What a run sees, in whatever region it is."""

    stepper: Stepper
    volume: Volume
    sampling: Sampling
    path: Path
    given: Mapping[int, Mask]
    held: Mapping[int, Mask]
    whole_slice: bool

    def first_region(self) -> Region:
        """Around everything that is held, or the whole slice."""
        if self.whole_slice:
            return whole_region(self.volume.grid, self.sampling)
        return region_of(self.held, self.volume.grid, self.sampling)

    def enter(self, region: Region) -> tuple[Region, Any, Planes]:
        """See the reference in a region: the region, the memory, and the reference's masks there."""
        masks = crop(np.array([self.given[z] for z in self.path.reference]), region)
        return region, self.stepper.start(self.images(self.path.reference, region), masks), masks

    def images(self, slices: Sequence[int], region: Region) -> Planes:
        """Normalised grey levels; the outermost slice again past the volume's ends."""
        inside = np.clip(slices, 0, self.volume.grid.slices - 1)
        return normalised(crop(self.volume.array[inside], region), self.sampling)

    def region_for(self, probability: Float32[np.ndarray, "v u"], region: Region) -> Region:
        """The same region, unless the muscle has come so close to its border that it needs another."""
        if self.whole_slice:
            return region
        room = max(1, int(self.sampling.margin_mm / 2 / pixel_mm(self.volume.grid, self.sampling)))
        inside = probability >= 0.5
        near_border = inside.copy()
        near_border[room:-room, room:-room] = False
        if not near_border.any():
            return region
        whole = paste(inside.astype(np.float32), region, self.volume.grid.shape_zyx[1:], 0.0) >= 0.5
        return region_of({**self.held, -1: whole}, self.volume.grid, self.sampling)

    def moved(self, probability: Float32[np.ndarray, "v u"], old: Region, new: Region) -> Float32[np.ndarray, "b a"]:
        """A prediction in another region."""
        return crop(paste(probability, old, self.volume.grid.shape_zyx[1:], 0.0)[None], new)[0]


def _planes(latest: Sequence[_Latest]) -> Planes:
    return np.stack([one.value for one in latest])
