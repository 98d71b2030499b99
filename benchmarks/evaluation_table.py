"""A Markdown table out of evaluations, for docs/experiments: every number there comes from `ifss evaluate` through this.

    python benchmarks/evaluation_table.py EVALUATION [EVALUATION ...] [--methods A,B]

Mean ± SD over the legs, each a mean over its muscles; Dice of the muscles one by one; the p-value of Dice against the
evaluation's reference method after Holm's correction. Dice, HD95 and ASD are those of slices that nobody annotated, volume
error (absolute) that of whole muscles.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

MUSCLES = ("SOL", "GM", "GL")
COLUMNS = ("dice", "hausdorff95_mm", "asd_mm", "whole_absolute_volume_error_percent")
NOTHING: dict[str, Any] = {"mean": None, "sd": None, "legs": 0, "infinite": 0}


def number(entry: dict[str, Any], digits: int) -> str:
    if not entry["legs"]:
        return "-"
    if entry.get("mean") is None:
        return f"inf in {entry['infinite']} of {entry['legs']}"
    text = f"{entry['mean']:.{digits}f}"
    spread = f" ± {entry['sd']:.{digits}f}" if entry.get("sd") is not None else ""
    return (text + spread).replace("0.", ".") if digits == 3 else text + spread


def rows(folder: Path, wanted: set[str]) -> list[str]:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    metrics, tests = summary["metrics"], summary["against"]["tests"].get("dice", {}).get("mean", {})
    given = summary["about"]["given"]
    where = f"{given['every_mm']} mm" if given["every_mm"] else f"{given['every'] or 100} slices"
    found: list[str] = []
    for method in summary["about"]["methods"]:
        if wanted and method not in wanted:
            continue
        failed = [each for each in summary["about"]["failed"] if each["method"] == method]
        one = {name: metrics.get(name, {}).get("mean", {}).get(method, NOTHING) for name in COLUMNS}
        muscles = [metrics.get("dice", {}).get(muscle, {}).get(method, NOTHING) for muscle in MUSCLES]
        by_muscle = " / ".join("-" if each["mean"] is None else f"{each['mean']:.3f}".removeprefix("0") for each in muscles)
        seconds = summary["cost"].get(method, {}).get("seconds_mean")
        p = tests.get(method, {}).get("p_holm")
        cells = [
            f"{given['protocol']}, {where}" + (f", {given['noise_mm']} mm wrong" if given["noise_mm"] else ""),
            method + (f" (failed on {len(failed)})" if failed else ""),
            number(one["dice"], 3),
            by_muscle,
            number(one["hausdorff95_mm"], 2),
            number(one["asd_mm"], 2),
            number(one["whole_absolute_volume_error_percent"], 2),
            "" if p is None else f"{p:.3f}"[1:] if p < 1 else "1",
            "-" if seconds is None else f"{seconds:.0f}",
        ]
        found.append("| " + " | ".join(cells) + " |")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluations", type=Path, nargs="+")
    parser.add_argument("--methods", default="")
    asked = parser.parse_args()
    print("| given | method | Dice | SOL / GM / GL | HD95, mm | ASD, mm | volume error, % | p | s a leg |")
    print("|---|---|---|---|---|---|---|---|---|")
    for folder in asked.evaluations:
        print("\n".join(rows(folder, {name for name in asked.methods.split(",") if name})))


if __name__ == "__main__":
    main()
