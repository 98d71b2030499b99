"""What more annotated slices are worth: Dice and volume error against an expert's minutes, out of evaluations.

    recipes/campaign.sh COHORT OUT
    python benchmarks/intervals.py OUT/test/every-6.9 OUT/test/every-13.9 OUT/test/every-27.7 ... --methods guided,anchored

Mean ± SD over the legs, each a mean over its muscles. An outline on one slice counts `--seconds`; the paper gives no time, so
the minutes are the number of outlines in another unit.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from ifssnet.workflow.evaluation.evaluation_folder import read_results

METRICS = (("dice", 3), ("hausdorff95_mm", 2), ("whole_absolute_volume_error_percent", 2))


def outlines(folder: Path) -> list[int]:
    """By leg, how many outlines were given over all its muscles."""
    found: dict[str, int] = {}
    for path in sorted((folder / "cases").glob("*/*.json")):
        given = json.loads(path.read_text(encoding="utf-8")).get("given_slices")
        if given is not None:
            found[path.parent.name] = sum(len(slices) for slices in given.values())
    return list(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluations", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=60.0, help="an expert's, for one outline (an assumption)")
    parser.add_argument("--methods", default="")
    asked = parser.parse_args()
    wanted = set(filter(None, asked.methods.split(",")))
    print("| every | outlines a leg | minutes | method | Dice | HD95, mm | volume error, % |\n|---|---|---|---|---|---|---|")
    for folder in asked.evaluations:
        results = read_results(folder)
        count, every = float(np.mean(outlines(folder))), results.about.given.distance
        for method in (one for one in results.methods if not wanted or one in wanted):
            cells = [every, f"{count:.0f}", f"{count * asked.seconds / 60:.0f}", method]
            for metric, digits in METRICS:
                values = np.array(list(results.values(metric)[method].values()))
                cells.append(
                    f"{values.mean():.{digits}f} ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else f"{values[0]}"
                )
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
