"""Slices of several muscles, in whatever order they come, into one segmentation."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Integer, UInt16

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import Progress, Step
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Segmentation
from ifssnet.geometry.compiled import compiled

SCALE = 65534
"""Probabilities wait as whole numbers of 1/65534, rounded down: exactly those of 0.5 and above are at least half of it."""
HALF = SCALE // 2


@dataclass(frozen=True, eq=False)
class _Patch:
    """The part of a slice where a muscle is not out of the question."""

    top: int
    left: int
    levels: UInt16[np.ndarray, "y x"]

    @property
    def place(self) -> tuple[slice, slice]:
        """Where on the slice it lies."""
        height, width = self.levels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def assemble(steps: Iterable[Step], seeds: Seeds, *, keep_probability: bool = False) -> Generator[Progress, None, Segmentation]:
    """Collect what a propagator yields, and restore what the expert drew.

    A pixel goes to the muscle that is most probable there, at 0.5 or above; the lowest label value wins a tie. On the
    slices annotated for a muscle exactly the expert's pixels are that muscle's, and no other muscle's. Memory: one or
    two bytes for each pixel of the muscles' bounding boxes, and the labels themselves.

    Args:
        steps: In any order; a slice that comes twice counts as it came last, and a provisional one not at all.
        seeds: What the expert drew.
        keep_probability: Keep the probability as well, float16: 1 and 0 where the expert drew.

    Yields:
        Progress, a step a time.

    Returns:
        The segmentation, with the seeds' names and colours and without provenance.

    Raises:
        InputError: A step for a label that is not in the seeds, for a slice that is not on their grid, of another
            shape, or with a probability that is not a number from 0 to 1.
    """
    floor = 1 if keep_probability else HALF
    patches: dict[int, dict[int, _Patch | None]] = {}
    for step in steps:
        _check(step, seeds)
        patch = _patch(step, floor)
        if step.z not in seeds.masks[step.label] and not step.provisional:
            patches.setdefault(step.z, {})[step.label] = patch
        yield Progress("propagating", step.done, step.total, "first look" if step.provisional else "")

    grid = seeds.grid
    labels = np.zeros(grid.shape_zyx, dtype=np.min_scalar_type(max(seeds.labels, default=0)))
    probability = np.zeros(grid.shape_zyx, dtype=np.float16) if keep_probability else None
    doubly_drawn = 0
    for z in sorted(set(patches) | set(seeds.annotated_slices)):
        best = np.zeros(grid.shape_zyx[1:], dtype=np.uint16)
        for label, patch in sorted(patches.pop(z, {}).items()):
            if patch is not None:
                _claim(labels[z], best, label, patch)
        doubly_drawn += _keep_drawn(labels[z], best, z, seeds)
        if probability is not None:
            probability[z] = best / np.float32(SCALE)
    if doubly_drawn:
        what = f"{doubly_drawn} pixels were drawn as two muscles; they stay with the muscle of the lower label value"
        warnings.warn(InputWarning(what), stacklevel=2)
    names = {label: seeds.name(label) for label in seeds.labels}
    return Segmentation(LabelMap(labels, grid, names, dict(seeds.colors)), probability)


def _check(step: Step, seeds: Seeds) -> None:
    if step.label not in seeds.masks or not 0 <= step.z < seeds.grid.slices:
        raise InputError(
            f"steps for the labels {', '.join(map(str, seeds.labels))} on slices 0 to {seeds.grid.slices - 1}",
            f"label {step.label} on slice {step.z}",
            "Give the seeds that the method was started with.",
        )
    if step.probability.shape != seeds.grid.shape_zyx[1:]:
        raise InputError(
            f"a probability for each of {seeds.grid.shape_zyx[1:]} pixels (y, x)",
            f"{step.probability.shape} for slice {step.z}",
            "Give the seeds that the method was started with.",
        )


def _patch(step: Step, floor: int) -> _Patch | None:
    """What has to be remembered of a slice: nothing where the muscle is out of the question."""
    probability, (first_row, first_column) = step.probability, (0, 0)
    if step.within is not None:
        rows, columns = step.within
        probability, first_row, first_column = probability[step.within], int(rows.start), int(columns.start)
    low, high, top, bottom, left, right = _bounds(probability, probability.dtype.type(floor / SCALE))
    if not (low >= 0 and high <= 1):
        raise InputError("probabilities from 0 to 1", f"{low} to {high} on slice {step.z}", "Choose another method.")
    if bottom == 0:
        return None
    return _Patch(first_row + top, first_column + left, _scaled(probability[top:bottom, left:right]))


@no_type_check
@compiled(nogil=True)
def _bounds(probability, floor):
    """Least and largest value, NaN where one is; the box of what is at least `floor`, as first and last row and column."""
    height, width = probability.shape
    low, high = probability[0, 0], probability[0, 0]
    odd = False
    top, bottom, left, right = height, 0, width, 0
    for y in range(height):
        row = probability[y]
        marked = False
        for x in range(width):
            value = row[x]
            low = value if value < low else low
            high = value if value > high else high
            odd |= value != value  # noqa: PLR0124, only NaN differs from itself
            marked |= value >= floor
        if marked:
            top, bottom = min(top, y), y + 1
            first = 0
            while not row[first] >= floor:
                first += 1
            last = width
            while not row[last - 1] >= floor:
                last -= 1
            left, right = min(left, first), max(right, last)
    if odd:
        return np.nan, np.nan, 0, 0, 0, 0
    return np.float64(low), np.float64(high), top, bottom, left, right


@no_type_check
@compiled(nogil=True)
def _scaled(probability):
    """Probabilities as whole numbers of 1 / `SCALE`, rounded down."""
    height, width = probability.shape
    levels = np.empty((height, width), np.uint16)
    for y in range(height):
        for x in range(width):
            levels[y, x] = np.uint16(np.float64(probability[y, x]) * SCALE)
    return levels


def _claim(labels: Integer[np.ndarray, "y x"], best: UInt16[np.ndarray, "y x"], label: int, patch: _Patch) -> None:
    """Give a muscle the pixels where it is more probable than any before it."""
    _win(labels[patch.place], best[patch.place], labels.dtype.type(label), patch.levels)


@no_type_check
@compiled(nogil=True)
def _win(labels, best, label, levels):
    height, width = levels.shape
    nobody = label - label
    for y in range(height):
        for x in range(width):
            level = levels[y, x]
            if level > best[y, x]:
                best[y, x] = level
                labels[y, x] = label if level >= HALF else nobody


def _keep_drawn(labels: Integer[np.ndarray, "y x"], best: UInt16[np.ndarray, "y x"], z: int, seeds: Seeds) -> int:
    """What the expert drew wins over everything else on its slice; tells how many pixels were drawn as two muscles."""
    drawn = np.zeros(labels.shape, dtype=bool)
    doubly = 0
    for label in seeds.labels:
        mask = seeds.masks[label].get(z)
        if mask is None:
            continue
        doubly += int((drawn & mask).sum())
        mine = mask & ~drawn
        labels[mine], best[mine] = label, SCALE
        drawn |= mask
    return doubly
