"""How far masks are carried before they wear off: Dice against the distance past the last given slice.

    python benchmarks/reach.py EVALUATION [--least .9] [--bin 5]

For each method the mean over legs of the Dice of what lies so far away, all muscles together and slices by their area (the
curve of `ifss figures`' drift picture), and the distance at which it first falls below `--least`, on a straight line
between the middles of two bins.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ifssnet.core.results.evaluation_results import Results
from ifssnet.measurement.reference.drift import drift_curve
from ifssnet.workflow.evaluation.evaluation_folder import read_results

SHOWN_MM = (5, 10, 20, 40, 80, 120)
AXIS = "since_given_mm"


def wearing(results: Results, method: str, width_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Middles of the bins that hold muscle, and the Dice there."""
    edges = np.arange(0.0, np.nanmax(results.slices.column(AXIS)) + 2 * width_mm, width_mm)
    curve = drift_curve(results, method, AXIS, "dice", edges)
    known = np.isfinite(curve)
    return (edges[:-1] + width_mm / 2)[known], curve[known]


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
    parser.add_argument("--bin", type=float, default=5.0)
    asked = parser.parse_args()
    results = read_results(asked.evaluation)
    print(f"| method | Dice at {', '.join(map(str, SHOWN_MM))} mm | below {asked.least:g} from, mm |\n|---|---|---|")
    for method in results.methods:
        middles, curve = wearing(results, method, asked.bin)
        if curve.size:
            shown = " / ".join(f"{np.interp(at, middles, curve):.3f}" for at in SHOWN_MM)
            print(f"| {method} | {shown} | {reach_mm(middles, curve, asked.least):.1f} |")


if __name__ == "__main__":
    main()
