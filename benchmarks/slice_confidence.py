"""How well each slice's confidence ranks its errors: the area under the ROC curve for slices with a Dice below 0.9.

    python benchmarks/slice_confidence.py COHORT [--split val] [--every-mm 27.7,55.4] [--method anchored] [--weights NAME]

Every muscle of every leg gets seeds of three slices every so many mm and the muscle's ends. Three scores are compared on
slices that nobody drew:

- law: the Dice that the law of gaps expects (`workflow/session/gap_errors.py`), from distances to drawn slices and areas;
- own: the Dice that the method's own probabilities expect of the mask, 2 E|mask and truth| / E(|mask| + |truth|);
- change: the Dice of the mask with guided interpolation's, which a network corrected;
- together: the product of law, own and change.

A row is a distance of annotated places. The last column is the AUC of each muscle of each leg by `together`: mean and SD.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.stats import rankdata
from stamp import commit, today

from ifssnet.core.errors import InputWarning
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.methods import LEARNED, learned, method
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.files.default_weights import default_weights, find_weights
from ifssnet.workflow.session.fill import INSIDE, expected_dice
from ifssnet.workflow.session.gap_errors import GapErrors, known_areas
from ifssnet.workflow.session.hidden_slices import dice_of

SCORES = ("law", "own", "change", "together")
BAD = 0.9
Rows = list[tuple[str, float, dict[str, float]]]
"""Muscle of a leg, Dice of a slice, and its scores."""


def auc(bad: np.ndarray, score: np.ndarray) -> float:
    """The chance that a bad slice has a lower score than a good one; ties count half."""
    if bad.all() or not bad.any():
        return float("nan")
    ranks = rankdata(-score)
    count = int(bad.sum())
    return float((ranks[bad].sum() - count * (count + 1) / 2) / (count * (len(bad) - count)))


def slices_of(name: str, volume: Volume, truth: LabelMap, seeds: Seeds, chosen: Propagator, guided: Propagator) -> Rows:
    found: dict[tuple[int, int], tuple[float, float, PackedMask]] = {}
    for step in chosen.prepare(volume, seeds).steps():
        inside = step.probability >= INSIDE
        mask, true = PackedMask.of(inside), PackedMask.of(truth.array[step.z] == step.label)
        found[step.label, step.z] = dice_of(mask, true), expected_dice(step.probability, inside), mask
    pixel_mm2 = float(np.prod(truth.grid.spacing_xyz_mm[:2]))
    prior = {
        (step.label, step.z): PackedMask.of(step.probability >= INSIDE)
        for step in guided.prepare(volume, seeds).steps()
        if (step.label, step.z) in found
    }
    rows: Rows = []
    for label, muscle in seeds.names.items():
        shown = seeds.present(label)
        if len(shown) < 2:
            continue
        areas = {z: value[2].pixels * pixel_mm2 for (own_label, z), value in found.items() if own_label == label}
        law = GapErrors(truth.grid.spacing_xyz_mm[2], known_areas(truth.grid.shape_zyx[0], areas), frozenset())
        for low, high in pairwise(shown):
            if high - low < 2:
                continue
            loss, _ = law.middle(low, high)
            for z in range(low + 1, high):
                if (label, z) not in found:
                    continue
                value, own, mask = found[label, z]
                along = (z - low) / (high - low)
                expected = 1 - 4 * along * (1 - along) * loss
                change = dice_of(mask, prior.get((label, z), mask))
                scores = {"law": expected, "own": own, "change": change, "together": expected * own * change}
                rows.append((f"{name} {muscle}", value, scores))
    return rows


def line(every_mm: float, rows: Rows) -> str:
    values = np.array([value for _, value, _ in rows])
    bad = values < BAD
    cells = [f"{auc(bad, np.array([scores[name] for _, _, scores in rows])):.3f}" for name in SCORES]
    each = [auc(*_pair(rows, muscle)) for muscle in sorted({muscle for muscle, _, _ in rows})]
    each = [value for value in each if np.isfinite(value)]
    spread = f"{np.mean(each):.3f} ± {np.std(each):.3f}, {len(each)} muscles" if each else "-"
    return f"| {every_mm:g} | {len(rows)} | {100 * bad.mean():.0f} % | " + " | ".join(cells) + f" | {spread} |"


def _pair(rows: Rows, muscle: str) -> tuple[np.ndarray, np.ndarray]:
    own = [(value, scores["together"]) for name, value, scores in rows if name == muscle]
    return np.array([value for value, _ in own]) < BAD, np.array([score for _, score in own])


def propagator(name: str, weights: str | None) -> Propagator:
    if name not in LEARNED:
        return method(name)
    path = default_weights(name) if weights is None else find_weights(weights, name)
    assert path is not None
    return learned(name, open_weights(path), "cpu")


def gaps(text: str) -> Iterable[float]:
    return (float(word) for word in text.split(","))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--every-mm", default="27.7,55.4")
    parser.add_argument("--method", default="anchored")
    parser.add_argument("--weights", default=None)
    given = parser.parse_args()
    warnings.simplefilter("ignore", InputWarning)
    cases = [case for case in open_cohort(given.cohort).of_split(given.split) if case.volume_path and case.labels_path]
    chosen, guided = propagator(given.method, given.weights), propagator("shape-interpolation", None)
    how = f"{given.method}@{given.weights}" if given.weights else given.method
    print(f"{today()}, {commit()}, {how}, {len(cases)} legs of {given.split}")
    print("| every, mm | slices | below .9 | " + " | ".join(SCORES) + " | together, by muscle |")
    print("|---" * (len(SCORES) + 4) + "|")
    for every_mm in gaps(given.every_mm):
        rows: Rows = []
        for case in cases:
            assert case.volume_path is not None
            assert case.labels_path is not None
            volume, truth = open_volume(case.volume_path), open_labels(case.labels_path)
            rows += slices_of(case.name, volume, truth, sample_seeds(truth, every_mm=every_mm), chosen, guided)
        print(line(every_mm, rows))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
