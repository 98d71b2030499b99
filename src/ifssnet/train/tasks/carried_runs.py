"""Samples from slice to slice whose prior is the mask that the network itself found on the slice before.

A mask that is made wrong at random is not wrong as the network's own masks are: these start with a few pixels at a muscle's
tip, stay too small, and lose it. A run goes on as in use while the network learns from each of its slices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from ifssnet.core.errors import InputError
from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.propagate.anchored.carrying import GivenSlice, carried_input
from ifssnet.propagate.network_input.region import Sampling, normalised
from ifssnet.train.data.augment import Bends, GreyChanges, change_grey, draw_warp, flip
from ifssnet.train.data.looks import RandomLooks, change_look
from ifssnet.train.tasks.anchored_samples import JITTER_PX, RIM_PX, MuscleSamples, TrainingSample


@dataclass(frozen=True)
class CarriedRunsConfig:
    """Runs among a batch's samples.

    Attributes:
        places: How many samples of a batch belong to runs; 0 for none. Each update takes every run on by a slice.
        from_ends: Share of the runs that start at a muscle's outermost slices.
        given: The slices that are given there, the first of them the outermost.
        beyond_mm: How far past the muscle's end a run goes on, to learn to end.
        lost_dice: A mask below this Dice has lost the muscle: its run goes on from the true one.
    """

    places: int = 0
    from_ends: float = 0.5
    given: int = 3
    beyond_mm: float = 10.0
    lost_dice: float = 0.2

    def __post_init__(self) -> None:
        shares = 0 <= self.from_ends <= 1 and 0 <= self.lost_dice < 1
        if self.places < 0 or self.given < 1 or not (0 <= self.beyond_mm < math.inf and shares):
            raise InputError(
                "places and beyond_mm from 0, given from 1, from_ends from 0 to 1, lost_dice from 0 to below 1",
                f"{self.places}, {self.beyond_mm}, {self.given}, {self.from_ends} and {self.lost_dice}",
                "Correct them.",
            )


@dataclass(frozen=True)
class RunChanges:
    """How a run's slices are changed, all of them alike.

    Attributes:
        bends: Deformations in the plane.
        bent: Share of runs that are bent.
        grey: Changes of grey levels.
        looks: Other looks.
    """

    bends: Bends
    bent: float
    grey: GreyChanges
    looks: RandomLooks


@dataclass(frozen=True, eq=False)
class CarriedRun:
    """The slices of a run, in its order, after augmentation.

    Attributes:
        images: Normalised grey levels, from `behind` places before the given slice on.
        masks: The truth, from the given slice on.
        given: The drawn slice that it starts from.
        step_mm: From slice to slice.
        unseen: 1 where no frame shows anything, on the slices of `masks`; None where nobody says.
    """

    images: Float32[np.ndarray, "place y x"]
    masks: Float32[np.ndarray, "slice y x"]
    given: GivenSlice
    step_mm: float
    unseen: Float32[np.ndarray, "slice y x"] | None = None

    @property
    def steps(self) -> int:
        """How many slices are to be found."""
        return len(self.masks) - 1

    def sample(self, step: int, last: Float32[np.ndarray, "y x"], references: bool) -> TrainingSample:
        """The network's input and the label at a step from 1 on, carried from the mask before."""
        around = len(self.images) - self.steps + 1
        images = self.images[step - 1 : step - 1 + around]
        images, depth_px, numbers = carried_input(images, last, self.given, step * self.step_mm, references)
        label = self.masks[step]
        if self.unseen is not None:
            label = np.where(self.unseen[step] > 0, np.float32(np.nan), label)
        return TrainingSample(images, depth_px, label, numbers)


def draw_run(
    rng: np.random.Generator,
    source: MuscleSamples,
    config: CarriedRunsConfig,
    changes: RunChanges,
    sampling: Sampling,
    most: int,
) -> CarriedRun:
    """A run of one muscle, to some millimetres past its end at most.

    Args:
        rng: Its random numbers.
        source: The muscle of a leg, of which every slice is known.
        config: Where it starts, and how far it goes.
        changes: How its slices are changed.
        sampling: The network's pixels.
        most: The most slices that are to be found, from 1.
    """
    leg, offsets = source.leg, source.context.offsets_mm
    half = len(offsets) // 2
    step_mm = (offsets[-1] - offsets[0]) / (len(offsets) - 1)
    step = max(1, round(step_mm / leg.slice_mm))
    way = 1 if rng.random() < 0.5 else -1
    present = source.present if way > 0 else source.present[::-1]
    at_end, place = bool(rng.random() < config.from_ends), float(rng.random())
    place_of_given = min(config.given, len(present)) - 1 if at_end else int(place * len(present))
    start = present[place_of_given]
    room = leg.slices - 1 - start if way > 0 else start
    wanted = abs(present[-1] - start) + round(config.beyond_mm / leg.slice_mm)
    steps = min(most, max(1, min(wanted, room) // step))
    # Behind the given slice lie those that are given beside it, as in use.
    places = range(1 - half, steps + half + 1)
    slices = [min(max(start + way * (step * at if at > 0 else at), 0), leg.slices - 1) for at in places]
    top, left, side = _square(rng, source, [start, *slices[half : half + steps]])
    grey = np.stack([leg.grey(z, top, left, side) for z in (*slices, start)])
    truth = [start, *slices[half : half + steps]]
    masks = np.stack([_mask(source, z, top, left, side) for z in truth])
    hidden = [leg.unseen(z, top, left, side) for z in truth]
    unseen = None if hidden[0] is None else np.stack([np.asarray(each, np.float32) for each in hidden])
    if source.shows_tissue:
        tissue = np.stack([leg.tissue(z, top, left, side) for z in (*slices, start)])
        grey = change_look(rng, grey, tissue, len(slices), sampling.pixel_mm, changes.looks)
    grey = change_grey(rng, grey, changes.grey)
    if rng.random() < changes.bent:
        warp = draw_warp(rng, (side, side), sampling.pixel_mm, changes.bends)
        bent = warp.image(masks)
        # A tip of a pixel or two may fall between pixels; there would be nothing to start from.
        if (bent[0] >= 0.5).any():
            grey, masks, unseen = warp.image(grey), bent, None if unseen is None else warp.image(unseen)
    inner = slice(RIM_PX, -RIM_PX)
    planes = [grey, masks, np.zeros_like(masks) if unseen is None else unseen]
    grey, masks, gone = flip(rng, *(np.ascontiguousarray(array[..., inner, inner]) for array in planes))
    images = normalised(grey, sampling)
    if source.context.zero_image:
        images = np.zeros_like(images)
    given = GivenSlice(images[-1], soft_depth(np.ascontiguousarray(masks[0])))
    return CarriedRun(images[:-1], masks, given, step_mm, None if unseen is None else gone)


@dataclass(eq=False)
class RunningPlace:
    """A place of a batch: run after run, each from the masks that the network finds.

    Attributes:
        runs: One after another.
        lost_dice: See `CarriedRunsConfig`.
        references: Whether the network sees drawn slices.
    """

    runs: Sequence[CarriedRun]
    lost_dice: float
    references: bool
    _run: int = 0
    _step: int = 0
    _last: Float32[np.ndarray, "y x"] | None = field(default=None, repr=False)

    def sample(self) -> TrainingSample:
        """The next slice, carried from the last mask."""
        if self._step == self.runs[self._run].steps:
            self._run, self._step, self._last = self._run + 1, 0, None
        run = self.runs[self._run]
        last = run.masks[0] if self._last is None else self._last
        self._step += 1
        return run.sample(self._step, last, self.references)

    def found(self, probability: Float32[np.ndarray, "y x"]) -> None:
        """What the network found on the slice of the last `sample`."""
        true = self.runs[self._run].masks[self._step]
        self._last = true if is_lost(probability, true, self.lost_dice) else probability


def is_lost(found: Float32[np.ndarray, "y x"], true: Float32[np.ndarray, "y x"], least_dice: float) -> bool:
    """Whether a mask has so little of a muscle that there is nothing to go on from; never where there is no muscle."""
    one, other = found >= 0.5, true >= 0.5
    if not other.any():
        return False
    return 2 * int((one & other).sum()) < least_dice * (int(one.sum()) + int(other.sum()))


def _mask(source: MuscleSamples, z: int, top: int, left: int, side: int) -> Float32[np.ndarray, "y x"]:
    """A square of a slice's truth, 0 beyond the slice."""
    return (source.leg.tissue(z, top, left, side) == source.value).astype(np.float32)


def _square(rng: np.random.Generator, source: MuscleSamples, slices: Sequence[int]) -> tuple[int, int, int]:
    """A square of the crop's side and its rim around a muscle on all slices of a run: top, left, side."""
    side = source.config.crop_px + 2 * RIM_PX
    drawn = np.any([source.leg.mask(z, source.value) for z in slices], axis=0)
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    moved = rng.integers(-JITTER_PX, JITTER_PX + 1, 2)
    top, left = (
        round((float(own[0]) + float(own[-1]) + 1 - side) / 2) + int(by) for own, by in zip((rows, columns), moved, strict=True)
    )
    return top, left, side
