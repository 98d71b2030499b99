"""What tuning on a leg's own drawn slices is worth: legs of a transfer suite before and after `ifss adapt`.

python benchmarks/adaptation.py SUITE [--rows duchenne,phantom-1] [--gaps 27.7,55.4] [--legs 3]

SUITE is a folder of `transfer_suite.py make`. A row is one leg at one distance of drawn places (triples and ends, exact). Dice
is the mean over the muscles' slices that nobody drew, and over the muscles; volume errors are absolute, of whole muscles. Both
networks are used with their check. The last line gives means and SDs over legs and distances.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from stamp import commit, today

from ifssnet.core.errors import InputWarning
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.adaptation import AdaptationConfig, adapt
from ifssnet.workflow.files.default_weights import find_weights
from ifssnet.workflow.leg.case import as_networks_read, segment
from ifssnet.workflow.session.hidden_slices import dice_of

SPLITS = ("train", "val", "test")


def scores(weights: Weights, volume: Volume, seeds: Seeds, truth: LabelMap) -> tuple[float, float]:
    """Mean Dice of slices that nobody drew, and the mean absolute volume error in percent."""
    found = drain(segment(volume, seeds, Anchored.from_weights(weights))).labels.array
    dice: list[float] = []
    errors: list[float] = []
    for label in seeds.labels:
        mask, true = found == label, truth.array == label
        slices = [z for z in np.flatnonzero(true.any(axis=(1, 2))) if z not in seeds.masks[label]]
        dice.append(float(np.mean([dice_of(PackedMask.of(mask[z]), PackedMask.of(true[z])) for z in slices])))
        errors.append(100 * abs(float(mask.sum()) / float(true.sum()) - 1))
    return float(np.mean(dice)), float(np.mean(errors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--rows", default="duchenne,phantom-1")
    parser.add_argument("--gaps", default="27.7,55.4", help="mm")
    parser.add_argument("--legs", type=int, default=3, help="of a row, at most")
    parser.add_argument("--learning-rate", type=float)
    given = parser.parse_args()
    warnings.simplefilter("ignore", InputWarning)
    weights, config = open_weights(find_weights(None, "anchored")), AdaptationConfig(most_s=600)
    if given.learning_rate:
        config = AdaptationConfig(optimiser=type(config.optimiser)(learning_rate=given.learning_rate), most_s=600)
    print(f"{today()}, {commit()}, {config.updates} updates at {config.optimiser.learning_rate:g}")
    print("| leg | every, mm | kept back: guided | before | after | kept | leg: before | after | volume, %: before | after |")
    print("|---" * 10 + "|")
    every: list[tuple[float, ...]] = []
    for row in given.rows.split(","):
        cohort = open_cohort(given.suite / row)
        for case in [case for split in SPLITS for case in cohort.of_split(split)][: given.legs]:
            assert case.volume_path is not None
            assert case.labels_path is not None
            volume, truth = open_volume(case.volume_path), open_labels(case.labels_path)
            for gap in map(float, given.gaps.split(",")):
                seeds = sample_seeds(truth, every_mm=gap)
                tuned = drain(adapt(weights, as_networks_read(volume, seeds)[0], seeds, config))
                before = scores(weights, volume, seeds, truth)
                after = scores(tuned.weights, volume, seeds, truth) if tuned.kept else before
                every.append((before[0], after[0], before[1], after[1]))
                hidden = f"{tuned.dice_interpolation:.3f} | {tuned.dice_before:.3f} | {tuned.dice_after:.3f}"
                leg = f"{before[0]:.3f} | {after[0]:.3f} | {before[1]:.1f} | {after[1]:.1f}"
                print(f"| {row} {case.name} | {gap:g} | {hidden} | {'yes' if tuned.kept else 'no'} | {leg} |")
                sys.stdout.flush()
    means, sds = np.mean(every, axis=0), np.std(every, axis=0)
    cells = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(means, sds, strict=True)]
    print(f"| mean ± SD |  |  |  |  |  | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
