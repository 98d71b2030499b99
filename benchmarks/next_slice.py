"""Where slices are best drawn: the law of `workflow/session/gap_errors.py`, and what no rule can do better.

Real anatomy (surfaces of three legs), guided interpolation, ends marked, drawn without any error. Two tables for
docs/experiments/next-slice.md:

1. The error that interpolation leaves in a gap, against its width and the muscle's area there.
2. Outlines to a Dice of .96: spaced evenly, placed by the law, and placed by someone who knows the truth and tries every
   place before each outline. The last one is a bound that no rule without the truth can be asked to pass.

    python benchmarks/next_slice.py [--data ../shared/data] [--legs "VHF left"] [--law]

The law takes about three minutes on one core, the second table about five minutes a leg.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ifssnet.core.images import LabelMap
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.surfaces.voxelise import voxelise
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.propagate.methods import method
from ifssnet.workflow.session.gap_errors import (
    VOLUME_SD,
    VOLUME_SD_AT_AN_END,
    WRONG,
    WRONG_AT_AN_END,
    GapErrors,
    known_areas,
)
from ifssnet.workflow.session.slices_needed import MuscleErrors, slices_needed

LEGS = {"VHF left": "VHF_surfaces/Left", "VHF right": "VHF_surfaces/Right", "VHM left": "VHM_surfaces/Left"}
MUSCLES = ("SOL", "GM", "GL")
SPACING_MM = (1.0, 1.0, 2.0)
COUNTS = range(3, 10)
MOST = 12
DICE = 0.96
TRIED = 24
INTERPOLATION = method("shape-interpolation", smoothing=0.0)


@dataclass(frozen=True)
class Filled:
    """What interpolation makes of some drawn slices: pixels found and wrong on each slice."""

    dice: float
    found: np.ndarray
    wrong: np.ndarray


@dataclass
class Muscle:
    """One muscle of a leg, its truth, and every result so far."""

    name: str
    truth: np.ndarray
    labels: LabelMap
    done: dict[tuple[int, ...], Filled] = field(default_factory=dict)

    @property
    def slices(self) -> tuple[int, int]:
        there = np.flatnonzero(self.truth.any(axis=(1, 2)))
        return int(there[0]), int(there[-1])

    @property
    def ends(self) -> dict[int, Mask]:
        """Empty slices just past the muscle, and its first or last slice where it is cut there."""
        first, last = self.slices
        found: dict[int, Mask] = {}
        for outside, edge in ((first - 1, first), (last + 1, last)):
            if 0 <= outside < len(self.truth):
                found[outside] = np.zeros(self.truth.shape[1:], dtype=bool)
            else:
                found[edge] = self.truth[edge]
        return found

    def evenly(self, count: int) -> list[int]:
        first, last = self.slices
        return [round(float(z)) for z in np.linspace(first - 1, last + 1, count + 2)[1:-1]]

    def filled(self, drawn: Sequence[int]) -> Filled:
        key = tuple(sorted(set(drawn)))
        if key not in self.done:
            self.done[key] = self._filled(key)
        return self.done[key]

    def _filled(self, drawn: tuple[int, ...]) -> Filled:
        masks = dict(sorted((self.ends | {z: self.truth[z] for z in drawn}).items()))
        area = self.truth.sum(axis=(1, 2))
        found, shared = area * 0, area * 0
        for z in masks:
            found[z] = shared[z] = area[z]
        seeds = Seeds({1: masks}, self.labels.grid, {1: self.name})
        for step in INTERPOLATION.prepare(None, seeds).steps():
            inside = step.probability >= 0.5
            found[step.z], shared[step.z] = np.count_nonzero(inside), np.count_nonzero(inside & self.truth[step.z])
        dice = 2 * shared.sum() / (found.sum() + area.sum())
        return Filled(float(dice), found, found + area - 2 * shared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("IFSSNET_DATA", "../shared/data")))
    parser.add_argument("--legs", default="", help="some of the table's, commas between; all of them otherwise")
    parser.add_argument("--law", action="store_true", help="the first table alone")
    chosen = parser.parse_args()
    muscles = [muscle for leg in chosen.legs.split(",") if leg for muscle in of_leg(chosen.data, leg)]
    muscles = muscles or [muscle for leg in LEGS for muscle in of_leg(chosen.data, leg)]
    print_law(muscles)
    if not chosen.law:
        print_bound(muscles)


def of_leg(data: Path, leg: str) -> list[Muscle]:
    labels = voxelise(read_surfaces(data / "legs" / LEGS[leg], MUSCLES), SPACING_MM)
    values = {name: value for value, name in labels.names.items()}
    return [Muscle(f"{leg} {name}", labels.array == values[name], labels) for name in MUSCLES]


def print_law(muscles: list[Muscle]) -> None:
    rows: dict[bool, list[tuple[float, float, float]]] = {False: [], True: []}
    for muscle in muscles:
        for count in COUNTS:
            for at_an_end, width_mm, area_mm2, wrong_mm3, error_mm3 in gaps(muscle, muscle.evenly(count)):
                reach = width_mm**2 * np.sqrt(max(area_mm2, 1.0))
                rows[at_an_end].append((wrong_mm3 / reach, error_mm3 / reach, width_mm))
    print(
        "| gap | gaps | wrong voxels / (width^2 sqrt(area)): mean, 10 to 90 % | used | RMS error of volume, the same | used |"
    )
    print("|---|---|---|---|---|---|")
    used = {False: (WRONG, VOLUME_SD), True: (WRONG_AT_AN_END, VOLUME_SD_AT_AN_END)}
    for at_an_end, found in rows.items():
        wrong, error, _ = np.array(found).T
        low, high = np.percentile(wrong, (10, 90))
        where = "to an end" if at_an_end else "between two"
        print(
            f"| {where} | {len(found)} | {wrong.mean():.3f}, {low:.3f} to {high:.3f} | {used[at_an_end][0]} "
            f"| {np.sqrt((error**2).mean()):.3f} | {used[at_an_end][1]} |"
        )


def gaps(muscle: Muscle, drawn: list[int]) -> Iterator[tuple[bool, float, float, float, float]]:
    """Whether it runs to an end, width, mean area, volume of wrong voxels and error of the volume, for each gap."""
    filled, area = muscle.filled(drawn), muscle.truth.sum(axis=(1, 2))
    pixel_mm2, slice_mm = SPACING_MM[0] * SPACING_MM[1], SPACING_MM[2]
    bounds = sorted([*muscle.ends, *drawn])
    for low, high in pairwise(bounds):
        if high - low > 2:
            inside = slice(low + 1, high)
            at_an_end = not (area[low] and area[high])
            wrong, error = filled.wrong[inside].sum(), abs(int(filled.found[inside].sum()) - int(area[inside].sum()))
            voxel = pixel_mm2 * slice_mm
            yield at_an_end, (high - low) * slice_mm, filled.found[inside].mean() * pixel_mm2, wrong * voxel, error * voxel


def print_bound(muscles: list[Muscle]) -> None:
    rules: dict[str, Callable[[Muscle], Iterator[list[int]]]] = {
        "evenly": spaced_evenly,
        "by the law": by_the_law,
        "knowing the truth": knowing_the_truth,
    }
    print(f"\n| muscle | {' | '.join(rules)} |\n|---|{'---|' * len(rules)}")
    for muscle in muscles:
        counts = [outlines(muscle, rule) for rule in rules.values()]
        print(f"| {muscle.name} | {' | '.join('-' if count is None else str(count) for count in counts)} |", flush=True)


def outlines(muscle: Muscle, rule: Callable[[Muscle], Iterator[list[int]]]) -> int | None:
    """The fewest outlines with which the target is reached."""
    return next((len(drawn) for drawn in rule(muscle) if muscle.filled(drawn).dice >= DICE), None)


def spaced_evenly(muscle: Muscle) -> Iterator[list[int]]:
    for count in range(1, MOST + 1):
        yield muscle.evenly(count)


def by_the_law(muscle: Muscle) -> Iterator[list[int]]:
    """Two slices evenly, then one after another where the law plans them."""
    drawn = muscle.evenly(2)
    yield drawn
    while len(drawn) < MOST:
        drawn = [*drawn, planned(muscle, drawn)]
        yield drawn


def planned(muscle: Muscle, drawn: list[int]) -> int:
    areas = {z: float(pixels) for z, pixels in enumerate(muscle.filled(drawn).found) if pixels or z in muscle.ends}
    law = GapErrors(
        SPACING_MM[2],
        known_areas(len(muscle.truth), areas),
        frozenset(z for z, mask in muscle.ends.items() if not mask.any()),
    )
    between = list(pairwise(sorted([*muscle.ends, *drawn])))
    left = tuple(tuple(law.best_places("shape", low, high, 8)) for low, high in between)
    errors = MuscleErrors("shape", law.areas_mm2.sum() * law.slice_mm, left)
    counts = slices_needed({1: errors}, 1 - DICE)
    # Where none is needed any more: one, in the gap in which it takes most away.
    if not any(counts.values()):
        counts[1, min((own[1][0] - own[0][0], number) for number, own in enumerate(left) if len(own) > 1)[1]] = 1
    return min(
        (law.with_slice("shape", low, z, high) - left[number][0][0], z)
        for number, (low, high) in enumerate(between)
        for z in left[number][counts[1, number]][1]
    )[1]


def knowing_the_truth(muscle: Muscle) -> Iterator[list[int]]:
    """Each outline where it makes the Dice largest, of all places tried."""
    first, last = muscle.slices
    drawn: list[int] = []
    step = max(2, (last - first) // TRIED)
    while len(drawn) < MOST:
        taken = {*drawn, *muscle.ends}
        places = [z for z in range(first + 1, last, step) if all(abs(z - other) > 1 for other in taken)]
        drawn = [*drawn, max(places, key=lambda z: muscle.filled([*drawn, z]).dice)]
        yield drawn


if __name__ == "__main__":
    main()
