"""What was aimed at, and what was found: the targets of the campaign out of its evaluations, none of them left out.

    python benchmarks/targets.py OUT/test

`OUT/test` holds what `recipes/campaign.sh` writes there. Values are means over the legs, each a mean over its muscles; Dice,
HD95 and ASD on slices that nobody annotated, volume error (absolute) of whole muscles. "At most .6 of guided" compares
1 - Dice. Contests are paired signed-rank tests over the legs, Holm's correction over all contests of a method.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from reach import reach_mm, wearing

from ifssnet.core.results.evaluation_results import Results
from ifssnet.measurement.statistics.paired_tests import holm, signed_rank
from ifssnet.workflow.evaluation.evaluation_folder import read_results

VOLUME = "whole_absolute_volume_error_percent"
SHOWN = {
    "dice": "Dice",
    "iou": "mIoU",
    "hausdorff_mm": "HDD, mm",
    "hausdorff95_mm": "HD95, mm",
    "asd_mm": "ASD, mm",
    VOLUME: "volume, %",
}
CONTEST = ("dice", "hausdorff95_mm", "asd_mm", VOLUME)
OTHERS = ("PG-Net-forward", "PG-Net-both", "unet-3d", "FBS", "GFS", "WS")
OURS = ("FS-forward", "WS-forward", "FS-both", "WS-both", "FS-area", "FS-fused", "anchored")


def legs(results: Results, method: str, metric: str) -> np.ndarray:
    values = results.values(metric)[method]
    return np.array([values[case] for case in results.cases])


def mean(results: Results, method: str, metric: str) -> float:
    return float(legs(results, method, metric).mean())


def error_share(results: Results, method: str) -> float:
    """1 - Dice against guided interpolation's."""
    return (1 - mean(results, method, "dice")) / (1 - mean(results, "guided", "dice"))


def row(asked: str, found: dict[str, float], held: dict[str, bool]) -> str:
    told = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
    judged = ", ".join(f"{name}: {'yes' if is_so else 'no'}" for name, is_so in held.items())
    return f"| {asked} | {told} | {judged} |"


def level(folder: Path, name: str, method: str, limits: dict[str, float], share: float | None = None) -> str | None:
    """One target: limits of some metrics, and of the share of guided interpolation's error."""
    if not (folder / name).is_dir():
        return None
    results = read_results(folder / name)
    if method not in results.methods:
        return None
    found = {SHOWN[metric]: mean(results, method, metric) for metric in SHOWN}
    held: dict[str, bool] = {}
    for metric, limit in limits.items():
        value = found[SHOWN[metric]]
        more = metric == "dice"
        held[f"{SHOWN[metric]} {'>=' if more else '<='} {limit}"] = value >= limit if more else value <= limit
    if share is not None:
        found["of guided's error"] = error_share(results, method)
        held[f"share <= {share}"] = found["of guided's error"] <= share
    return row(f"{name}: {method}", found, held)


def closeness(folder: Path) -> list[str]:
    results = read_results(folder / "every-100")
    found: list[str] = []
    for way in ("forward", "both"):
        full, weak = (mean(results, f"{kind}-{way}", "dice") for kind in ("FS", "WS"))
        found.append(
            row(f"every-100: WS-{way} beside FS-{way}", {"Dice": weak - full}, {"within .01": abs(weak - full) <= 0.01})
        )
    return found


def contests(results: Results, method: str, others: tuple[str, ...]) -> list[str]:
    """Who wins what, with p-values."""
    lines, pairs = list[str](), [(other, metric) for other in others for metric in CONTEST]
    tests = [signed_rank(legs(results, method, metric), legs(results, other, metric)) for other, metric in pairs]
    p_values = dict(zip(pairs, holm([test.p_value for test in tests]), strict=True))
    for other in others:
        cells: list[str] = []
        for metric in CONTEST:
            ahead = mean(results, method, metric) - mean(results, other, metric)
            wins = ahead > 0 if metric == "dice" else ahead < 0
            p = p_values[other, metric]
            cells.append(f"{'wins' if wins else 'loses'} by {abs(ahead):.3g} (p {p:.2g})")
        lines.append(f"| {method} | {other} | " + " | ".join(cells) + " |")
    return lines


def reach(folder: Path) -> list[str]:
    results = read_results(folder / "first-three")
    return [f"| {method} | {reach_mm(*wearing(results, method, 5.0), 0.9):.1f} |" for method in results.methods]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", type=Path)
    folder: Path = parser.parse_args().tests
    rows = [
        level(folder, "every-100", "FS-forward", {"dice": 0.92}),
        level(folder, "every-100", "FS-both", {"dice": 0.965, VOLUME: 1.5}),
        level(folder, "every-100", "FS-area", {"dice": 0.965, VOLUME: 1.5}),
        level(folder, "every-100", "FS-fused", {"dice": 0.965, VOLUME: 1.5}),
    ]
    for method in ("anchored", "anchored-s0", "anchored-s1"):
        rows += [
            level(folder, "every-27.7", method, {"dice": 0.975, "hausdorff95_mm": 1.3, VOLUME: 0.6}, 0.6),
            level(folder, "every-55.4", method, {"dice": 0.96, VOLUME: 1.5}, 0.5),
            level(folder, "every-110.8", method, {"dice": 0.93, VOLUME: 3.0}, 0.5),
            level(folder, "noise-1", method, {"dice": 0.955, VOLUME: 1.5}),
        ]
    print("| target | found | held |\n|---|---|---|")
    print("\n".join([*(found for found in rows if found is not None), *closeness(folder)]))
    results = read_results(folder / "every-100")
    print("\n| method | against | Dice | HD95 | ASD | volume error |\n|---|---|---|---|---|---|")
    for method in OURS:
        # Runs one way only beside PG-Net's one way.
        without = "PG-Net-both" if method.endswith("forward") else "PG-Net-forward"
        others = (*(other for other in OTHERS if other != without), *(("guided",) if method == "anchored" else ()))
        known = tuple(other for other in others if other in results.methods)
        if method in results.methods:
            print("\n".join(contests(results, method, known)))
    at_seeds = read_results(folder / "every-27.7")
    print("\n".join(contests(at_seeds, "anchored", ("guided", "no-image"))))
    print("\n| first-three: method | Dice of .9 up to, mm |\n|---|---|")
    print("\n".join(reach(folder)))


if __name__ == "__main__":
    main()
