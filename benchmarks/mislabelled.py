"""What one annotated place drawn under the wrong muscle's name does: docs/experiments/real-legs.md.

    python benchmarks/mislabelled.py COHORT [--split val] [--legs 5] [--every-mm 27.7]

At the middle place where GM is annotated the expert drew GL, and the other way round, as a tired hand does. Printed: GM's and
GL's Dice on slices that nobody drew, drawn well and mistaken, over the whole muscle and over the two gaps beside that place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from ifssnet.core.cohort import TEST, TRAIN, VAL
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.figures.evaluation_report.table_one import written
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.storage.weights import open_weights
from ifssnet.measurement.statistics.spread import mean_and_sd
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.methods import learned, method
from ifssnet.propagate.seeding.annotated_groups import find_groups
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.leg import LabelledLeg, load_legs
from ifssnet.workflow.files.default_weights import find_weights


def mistaken(seeds: Seeds, leg: LabelledLeg) -> tuple[Seeds, dict[int, tuple[int, int]]]:
    """Seeds where one place shows the other muscle's outline, and between which slices that is felt, for GM and GL."""
    masks: dict[int, dict[int, Mask]] = {label: dict(seeds.masks[label]) for label in seeds.labels}
    of_name = {name: label for label, name in seeds.names.items()}
    felt: dict[int, tuple[int, int]] = {}
    for label, source in ((of_name["GM"], of_name["GL"]), (of_name["GL"], of_name["GM"])):
        groups = [knot for knot in find_groups(seeds.masks[label]) if knot.present]
        wrong = groups[len(groups) // 2].slices
        for z in wrong:
            masks[label][z] = leg.labels.array[z] == source
        drawn = np.array(seeds.slices(label))
        felt[label] = (int(drawn[drawn < wrong[0]].max()), int(drawn[drawn > wrong[-1]].min()))
    return Seeds(masks, seeds.grid, seeds.names), felt


def dice(found: np.ndarray, true: np.ndarray) -> float:
    return 2 * float((found & true).sum()) / max(1, int(found.sum()) + int(true.sum()))


def look(leg: LabelledLeg, propagator: Propagator, every_mm: float) -> np.ndarray:
    """GM's and GL's Dice: whole and near, drawn well and mistaken."""
    good = sample_seeds(leg.labels, consecutive=3, every_mm=every_mm)
    bad, felt = mistaken(good, leg)
    found: list[list[float]] = []
    for seeds in (good, bad):
        array = drain(assemble(propagator.prepare(leg.volume, seeds).steps(), seeds)).labels.array
        rows: list[float] = []
        for label, (low, high) in felt.items():
            open_slices = np.ones(len(array), dtype=bool)
            open_slices[list(seeds.slices(label))] = False
            near = open_slices.copy()
            near[:low], near[high + 1 :] = False, False
            rows += [dice(array[part] == label, leg.labels.array[part] == label) for part in (open_slices, near)]
        found.append([float(np.mean(rows[0::2])), float(np.mean(rows[1::2]))])
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--split", choices=(TRAIN, VAL, TEST), default=VAL)
    parser.add_argument("--legs", type=int, default=5)
    parser.add_argument("--every-mm", type=float, default=27.7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    methods = {
        "guided": method("shape-interpolation"),
        "anchored": learned("anchored", open_weights(find_weights(None, "anchored"))),
    }
    legs = load_legs(open_cohort(asked.cohort), asked.split, None, asked.legs)
    print("| method | drawn well: whole, near | one place mistaken: whole, near |\n|---|---|---|")
    for name, propagator in methods.items():
        rows = np.array([look(leg, propagator, asked.every_mm) for leg in legs])
        cells = [", ".join(written(*mean_and_sd(rows[:, i, j].tolist()), 3) for j in (0, 1)) for i in (0, 1)]
        print(f"| {name} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
