"""How far masks are carried before they wear off: Dice of a slice against the distance past the last given slice.

    python benchmarks/reach.py EVALUATION [--least .9] [--bin 2.77]

For each method the median over legs and muscles of their slices' mean Dice by distance, and the distance at which it
first falls below `--least`, between the middles of two bins on a straight line. The median, because a muscle's tip is a few
pixels large. A slice where a muscle is drawn though it has ended has Dice 0.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

SHOWN_MM = (5, 10, 20, 40, 80, 120)


def curves(folder: Path, width_mm: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By method: middles of the bins, and the median over legs and muscles there."""
    values: dict[str, dict[int, dict[tuple[str, str], list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    with gzip.open(folder / "slices.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            at = float(row["since_given_mm"] or "nan")
            if np.isfinite(at) and row["dice"]:
                values[row["method"]][int(at // width_mm)][row["case"], row["muscle"]].append(float(row["dice"]))
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for method, bins in values.items():
        places = sorted(bins)
        medians = [float(np.median([np.mean(one) for one in bins[place].values()])) for place in places]
        found[method] = ((np.array(places) + 0.5) * width_mm, np.array(medians))
    return found


def reach_mm(middles: np.ndarray, curve: np.ndarray, least: float) -> float:
    """Where the curve first falls below; infinite where it does not."""
    below = np.flatnonzero(curve < least)
    if not below.size:
        return float("inf")
    i = int(below[0])
    if i == 0:
        return float(middles[0] * least / curve[0]) if curve[0] else 0.0
    share = (curve[i - 1] - least) / (curve[i - 1] - curve[i])
    return float(middles[i - 1] + share * (middles[i] - middles[i - 1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--least", type=float, default=0.9)
    parser.add_argument("--bin", type=float, default=2.77)
    asked = parser.parse_args()
    order = json.loads((asked.evaluation / "summary.json").read_text())["about"]["methods"]
    found = curves(asked.evaluation, asked.bin)
    print(f"| method | Dice at {', '.join(map(str, SHOWN_MM))} mm | below {asked.least:g} from, mm |\n|---|---|---|")
    for method in order:
        if method in found:
            middles, curve = found[method]
            shown = " / ".join(f"{np.interp(at, middles, curve):.3f}" for at in SHOWN_MM)
            print(f"| {method} | {shown} | {reach_mm(middles, curve, asked.least):.1f} |")


if __name__ == "__main__":
    main()
