"""`ifss simulate-expert`: what a rule for the next slice is worth, on a cohort whose truth is known."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ifssnet.core.cohort import Case
from ifssnet.core.errors import InputError
from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.core.progress import Progress
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.plain_data import plain
from ifssnet.workflow.cohorts.many_legs import legs_of
from ifssnet.workflow.files.result_files import check_suffix, check_target, write_json
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.simulated_expert import Rule, SimulatedExpert, SimulatedStep

VOLUME_PERCENT = 2.0
"""The error of the muscles' volumes that an expert draws until it is reached."""

DICE = 0.96
"""The Dice that an expert draws until it is reached."""


@dataclass(frozen=True)
class OutlinesNeeded:
    """How many outlines of all muscles a rule takes to a target, over legs.

    Attributes:
        rule: How slices are chosen.
        target: What is to be reached.
        legs: Legs on which it was reached.
        of: Legs that were drawn.
        mean: Outlines on those legs on which every rule reached it; None without any.
        sd: SD over these legs; None for fewer than two.
    """

    rule: str
    target: str
    legs: int
    of: int
    mean: float | None
    sd: float | None


@dataclass(frozen=True)
class Simulation:
    """Rules against each other.

    Attributes:
        cohort: Name of its folder.
        split: Which part of it.
        method: What carried the outlines.
        noise_mm: SD of the drawn borders.
        needed: Outlines to each target by each rule.
        curves: Leg, then rule, then what each number of outlines gave.
    """

    cohort: str
    split: str
    method: str
    noise_mm: float
    needed: tuple[OutlinesNeeded, ...]
    curves: Mapping[str, Mapping[str, tuple[SimulatedStep, ...]]]


def simulate_expert(
    cohort: Path,
    output: Path,
    *,
    split: str = "val",
    legs: int | None = None,
    method: str | None = None,
    rules: Sequence[Rule] = ("even", "volume", "shape", "correct"),
    most: int = 12,
    noise_mm: float = 0.0,
    seed: int = 0,
    device: str = "auto",
    force: bool = False,
) -> Generator[Progress, None, Simulation]:
    """Let an expert who knows the truth draw every leg of a split, slice after slice, by each rule.

    Args:
        cohort: Legs with labels.
        output: Where the curves go, as JSON.
        split: Which part of the cohort.
        legs: How many of them; None for all.
        method: What carries the outlines through a leg; None for the default.
        rules: How slices are chosen.
        most: Outlines of a muscle to end with, on average.
        noise_mm: SD of the drawn borders about the true ones.
        seed: What that noise starts from.
        device: Where a network computes.
        force: Replace the output.

    Raises:
        InputError: No such cohort or split, a leg without labels, or an output that cannot be written.
    """
    check_suffix(output, [".json"])
    check_target(output, force)
    methods = Methods(device)
    name = methods.best() if method is None else method
    methods.get(name)
    chosen = legs_of(open_cohort(cohort), split, legs)
    curves: dict[str, dict[str, tuple[SimulatedStep, ...]]] = {}
    for done, case in enumerate(chosen):
        expert = _expert(case, name, noise_mm, seed)
        curves[case.name] = {}
        for rule in rules:
            yield Progress(f"drawing by rule '{rule}'", done, len(chosen), case.name)
            curves[case.name][rule] = yield from expert.draw(rule, most, methods)
    found = Simulation(cohort.name, split, name, noise_mm, outlines_needed(curves, rules), curves)
    write_json(plain(found), output, force)
    return found


def _expert(case: Case, method: str, noise_mm: float, seed: int) -> SimulatedExpert:
    if case.volume_path is None or case.labels_path is None:
        raise InputError(f"a volume and labels of {case.name}", "one of them alone", "Complete the cohort.")
    labels = open_labels(case.labels_path)
    known = {value: name for value, name in labels.names.items() if name in TRICEPS_SURAE}
    return SimulatedExpert(open_volume(case.volume_path), replace(labels, names=known or labels.names), method, noise_mm, seed)


def outlines_needed(
    curves: Mapping[str, Mapping[str, tuple[SimulatedStep, ...]]], rules: Sequence[str]
) -> tuple[OutlinesNeeded, ...]:
    """How many outlines each rule takes to each target, over legs."""
    found: list[OutlinesNeeded] = []
    for target in (f"volume within {VOLUME_PERCENT:g} %", f"Dice {DICE:g}"):
        reached = {leg: {rule: _reached(steps, target) for rule, steps in own.items()} for leg, own in curves.items()}
        all_did = [leg for leg, own in reached.items() if all(count is not None for count in own.values())]
        for rule in rules:
            counts = np.array([reached[leg][rule] for leg in all_did], dtype=np.float64)
            did = sum(own[rule] is not None for own in reached.values())
            mean = float(counts.mean()) if counts.size else None
            sd = float(counts.std(ddof=1)) if counts.size > 1 else None
            found.append(OutlinesNeeded(rule, target, did, len(curves), mean, sd))
    return tuple(found)


def _reached(steps: Sequence[SimulatedStep], target: str) -> int | None:
    """The fewest outlines from which on the target holds to the end of the curve; None where it does not."""
    holds = [each.dice >= DICE if target.startswith("Dice") else each.volume_error_percent <= VOLUME_PERCENT for each in steps]
    if not holds or not holds[-1]:
        return None
    last_miss = max((index for index, held in enumerate(holds) if not held), default=-1)
    return steps[last_miss + 1].outlines
