"""How often a muscle's volume lies within its interval, and how wide that is, on legs whose volumes are known.

    python benchmarks/volume_intervals.py COHORT... [--split val] [--every-mm 13.85,27.7,55.4,110.8] [--noise-mm 0,1]
        [--method shape-interpolation]

A row is a cohort, a distance of annotated places and an error of drawing; it counts muscles of all legs of the split. The
rows of the transfer suite are cohorts: `benchmarks/volume_intervals.py SUITE/*/ --split test`. "1.75 would be"
is the number of standard errors that nine in ten muscles of the row lie within: what `volume_margin.NINE_IN_TEN` was set to on
training legs, over all rows together, with the finite-sample correction of conformal prediction.
"""

from __future__ import annotations

import argparse
import math
import warnings
from pathlib import Path

import numpy as np
from stamp import commit, today

from ifssnet.api import segment
from ifssnet.core.errors import InputWarning
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.propagate.interpolation.volume_margin import NINE_IN_TEN
from ifssnet.propagate.seeding.seed_sampling import sample_seeds

Found = list[tuple[bool, float, float]]
"""Of each muscle: whether its volume lies within, half the interval's width in percent, and the error in standard errors."""


def leg_intervals(labels_path: Path, volume_path: Path | None, every_mm: float, noise_mm: float, method: str) -> Found:
    labels = open_labels(labels_path)
    seeds = sample_seeds(labels, every_mm=every_mm, noise_mm=noise_mm)
    volume = None if volume_path is None or method == "shape-interpolation" else open_volume(volume_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        found = segment(volume, seeds, method=method)
    assert found.provenance is not None
    rows: Found = []
    for label, name in seeds.names.items():
        voxels = {what: int((each.array == label).sum()) for what, each in (("true", labels), ("found", found.labels))}
        true, own = (count * labels.grid.voxel_volume_mm3 / 1000 for count in (voxels["true"], voxels["found"]))
        interval = found.provenance.volume_estimates()[name].interval_cm3(own)
        if interval is not None and true > 0:
            half = (interval[1] - own) or math.nan
            rows.append((interval[0] <= true <= interval[1], 100 * half / true, NINE_IN_TEN * abs(true - own) / half))
    return rows


def nine_in_ten(errors: list[float]) -> float:
    """The quantile that holds for the next one with a chance of nine in ten."""
    place = math.ceil(0.9 * (len(errors) + 1)) - 1
    return sorted(errors)[min(place, len(errors) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cohorts", type=Path, nargs="+")
    parser.add_argument("--split", default="val")
    parser.add_argument("--every-mm", default="13.85,27.7,55.4,110.8")
    parser.add_argument("--noise-mm", default="0,1")
    parser.add_argument("--method", default="shape-interpolation")
    given = parser.parse_args()
    cohorts = {folder.name: legs_of(folder, given.split) for folder in given.cohorts}
    count = sum(len(legs) for legs in cohorts.values())
    print(f"{today()}, {commit()}, {given.method}, {count} legs of {given.split}")
    quantile = f"{NINE_IN_TEN} would be"
    print(f"| cohort | every, mm | drawn wrong, mm | muscles | within the 90 % interval | half its width, % | {quantile} |")
    print("|---|---|---|---|---|---|---|")
    every: Found = []
    for name, legs in cohorts.items():
        for noise_mm in (float(word) for word in given.noise_mm.split(",")):
            for every_mm in (float(word) for word in given.every_mm.split(",")):
                rows: Found = []
                for labels_path, volume_path in legs:
                    rows += leg_intervals(labels_path, volume_path, every_mm, noise_mm, given.method)
                every += rows
                print(_line(f"{name} | {every_mm:g} | {noise_mm:g}", rows), flush=True)
    print(_line("all | | ", every))


def legs_of(folder: Path, split: str) -> list[tuple[Path, Path | None]]:
    """The labels and the volume of each leg of a split that has labels."""
    cases = open_cohort(folder).of_split(split)
    return [(case.labels_path, case.volume_path) for case in cases if case.labels_path is not None]


def _line(what: str, rows: Found) -> str:
    within, half = (np.mean([row[at] for row in rows]) for at in (0, 1))
    return f"| {what} | {len(rows)} | {100 * within:.0f} % | {half:.2f} | {nine_in_ten([row[2] for row in rows]):.2f} |"


if __name__ == "__main__":
    main()
