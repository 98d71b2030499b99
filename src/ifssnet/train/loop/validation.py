"""Validation as a user would see it: a few slices are given, the method propagates them, the others are compared."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Propagator
from ifssnet.measurement.reference.overlap import Overlap
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.leg import LabelledLeg


@dataclass(frozen=True)
class ValidationConfig:
    """Which slices are given in validation, and how many legs and slices are validated.

    Attributes:
        every_mm: The distance from one group of given slices to the next; 0 gives the first group only (paper, III-C).
        consecutive: The given slices in each group (paper: 3).
        ends: Whether the first and the last slice of a muscle, and those beside them, are given, too.
        legs: The most legs that are validated.
        slices: The most slices of each leg, about the middle of its muscles, to save time; 0 for all.
        pictures: How many slices of the first leg are drawn.
    """

    every_mm: float = 27.7
    consecutive: int = 3
    ends: bool = True
    legs: int = 2
    slices: int = 0
    pictures: int = 3

    def __post_init__(self) -> None:
        if not (math.isfinite(self.every_mm) and self.every_mm >= 0) or min(self.consecutive, self.legs) < 1:
            raise InputError(
                "every_mm from 0, at least 1 consecutive slice and 1 leg",
                f"{self.every_mm}, {self.consecutive} and {self.legs}",
                "Correct them.",
            )
        if min(self.slices, self.pictures) < 0:
            raise InputError("slices and pictures from 0", f"{self.slices} and {self.pictures}", "Correct them.")


@dataclass(frozen=True, eq=False)
class ShownSlice:
    """A slice to be drawn.

    Attributes:
        leg: The leg's name.
        z: The slice's index in the whole leg.
        grey: The grey levels.
        found: The labels that were propagated.
        true: The true labels.
    """

    leg: str
    z: int
    grey: Shaped[np.ndarray, "y x"]
    found: Shaped[np.ndarray, "y x"]
    true: Shaped[np.ndarray, "y x"]


@dataclass(frozen=True, eq=False)
class Validation:
    """What a validation found: means over the legs, on the slices that were not given.

    Attributes:
        dice: Dice of each muscle.
        volume_error_percent: The mean of the absolute volume errors of each muscle.
        shown: Slices to be drawn.
    """

    dice: dict[str, float]
    volume_error_percent: dict[str, float]
    shown: tuple[ShownSlice, ...] = ()

    @property
    def mean_dice(self) -> float:
        """The mean of the muscles' Dice."""
        return sum(self.dice.values()) / max(len(self.dice), 1)

    def numbers(self) -> dict[str, float]:
        """The columns of the log."""
        return {
            "dice": self.mean_dice,
            **{f"dice_{name}": value for name, value in self.dice.items()},
            **{f"volume_error_percent_{name}": value for name, value in self.volume_error_percent.items()},
        }


def validate(
    propagator: Propagator, legs: Sequence[LabelledLeg], config: ValidationConfig
) -> Generator[Progress, None, Validation]:
    """Give some slices of each leg, propagate them, and compare the rest with the truth.

    Args:
        propagator: With the network as it is.
        legs: The first `config.legs` of them count.
        config: What is given.

    Raises:
        InputError: A leg without muscles.
    """
    dice: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    shown: list[ShownSlice] = []
    chosen = legs[: config.legs]
    for number, leg in enumerate(chosen):
        first, volume, labels = middle(leg, config.slices)
        seeds = sample_seeds(
            labels,
            consecutive=config.consecutive,
            every_mm=config.every_mm or None,
            first_only=not config.every_mm,
            ends=config.ends,
        )
        work = assemble(propagator.prepare(volume if propagator.needs_volume else None, seeds).steps(), seeds)
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                found = stop.value
                break
            yield Progress("validating", number * step.total + step.done, len(chosen) * step.total, leg.name)
        for label in seeds.labels:
            open_slices = np.ones(labels.grid.slices, dtype=np.bool_)
            open_slices[list(seeds.slices(label))] = False
            counts = _compare(found.labels.array == label, labels.array == label, open_slices)
            if counts.reference:
                dice.setdefault(seeds.name(label), []).append(counts.dice)
                errors.setdefault(seeds.name(label), []).append(abs(counts.volume_error_percent))
        if number == 0:
            shown += _shown_slices(leg.name, first, volume, labels, found.labels, config.pictures)
    return Validation(
        {name: sum(values) / len(values) for name, values in sorted(dice.items())},
        {name: sum(values) / len(values) for name, values in sorted(errors.items())},
        tuple(shown),
    )


def middle(leg: LabelledLeg, slices: int) -> tuple[int, Volume, LabelMap]:
    """A limited number of slices about the middle of the muscles, and the first one's number in the leg."""
    labels = leg.labels
    present = _present(labels)
    if not present.size:
        raise InputError(f"a muscle in {leg.name}", "none of those wanted", "Check its labels.")
    if not slices or slices >= labels.grid.slices:
        return 0, leg.volume, labels
    first = int(np.clip((present[0] + present[-1] + 1 - slices) // 2, 0, labels.grid.slices - slices))
    keep = slice(first, first + slices)
    grid = labels.grid.cropped((first, 0, 0), (slices, *labels.grid.shape_zyx[1:]))
    seen = None if leg.volume.seen is None else leg.volume.seen[keep]
    shown = Volume(leg.volume.array[keep], grid, seen=seen)
    return first, shown, LabelMap(labels.array[keep], grid, labels.names, labels.colors)


def _present(labels: LabelMap) -> Shaped[np.ndarray, " slice"]:
    values = list(labels.names)
    return np.flatnonzero([np.isin(plane, values).any() for plane in labels.array])


def _compare(found: Bool[np.ndarray, "z y x"], true: Bool[np.ndarray, "z y x"], where: Bool[np.ndarray, " z"]) -> Overlap:
    """Counts over some of the slices."""
    found, true = found[where], true[where]
    both, mask, reference = int((found & true).sum()), int(found.sum()), int(true.sum())
    return Overlap(both, mask - both, reference - both, found.size - mask - reference + both)


def _shown_slices(leg: str, first: int, volume: Volume, labels: LabelMap, found: LabelMap, count: int) -> list[ShownSlice]:
    """Slices evenly spread over where the muscles are."""
    present = _present(labels)
    at = [int(present[(2 * i + 1) * len(present) // (2 * count)]) for i in range(count)]
    shown: list[ShownSlice] = []
    for z in at:
        true = np.where(np.isin(labels.array[z], list(labels.names)), labels.array[z], 0)
        shown.append(ShownSlice(leg, first + z, volume.array[z], found.array[z], true))
    return shown
