"""The transfer suite: legs unlike those that networks train on. Nobody trains on them, nor chooses a setting by them.

    python benchmarks/transfer_suite.py make SUITE [--data ../shared/data]          (a quarter of an hour of one core)
    python benchmarks/transfer_suite.py evaluate SUITE OUT [--weights FILE] [--gaps 27.7,55.4] [--workers 1]

`make` writes a small cohort for each row, and `suite.json`: the definition, its hash, the commit, and the hash of every
file. `evaluate` refuses a suite of another definition, or one whose files have changed. It runs guided interpolation and
the anchored network, unchecked and checked, on every row, and writes one table with its date, its commit, the suite's hash
and the weights'. Both go on where they were stopped. Rows of real anatomy need the surfaces in `--data`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path

import numpy as np
from stamp import commit, today
from transfer_legs import ROWS, Row, definition_hash, labels_of, needs_surfaces, write_row_leg

from ifssnet.core.progress import drain
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.core.results.evaluation_results import Results
from ifssnet.io.storage.toml_text import toml
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod
from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate
from ifssnet.workflow.files.default_weights import default_weights

VOLUME = "whole_absolute_volume_error_percent"
METHODS = ("guided", "unchecked", "checked")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    making = jobs.add_parser("make")
    making.add_argument("suite", type=Path)
    making.add_argument("--data", type=Path, default=Path(os.environ.get("IFSSNET_DATA", "../shared/data")))
    making.add_argument("--rows", default="", help="some rows' names, commas between")
    judging = jobs.add_parser("evaluate")
    judging.add_argument("suite", type=Path)
    judging.add_argument("out", type=Path)
    judging.add_argument("--weights", type=Path, default=None, help="of an anchored network; those of the package otherwise")
    judging.add_argument("--gaps", default="27.7,55.4", help="mm")
    judging.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    if asked.job == "make":
        make(asked.suite, asked.data, asked.rows)
    else:
        gaps = [float(gap) for gap in asked.gaps.split(",")]
        print(evaluated(asked.suite, asked.out, asked.weights or default_weights("anchored"), gaps, asked.workers))


def make(suite: Path, data: Path, only: str = "") -> None:
    """Make every row that is not there yet."""
    for row in ROWS:
        surfaces = needs_surfaces(row)
        if only and row.name not in only.split(","):
            continue
        if surfaces and not (data / surfaces).is_dir():
            print(f"{row.name}: left out, for there is no {data / surfaces}", flush=True)
            continue
        for index in range(row.legs):
            if not (suite / row.name / "test" / f"L{index + 1}" / "masksX1.mha").exists():
                write_row_leg(row, index, data, suite)
                print(f"{row.name} {index + 1} of {row.legs}", flush=True)
        about = {"name": f"transfer suite: {row.name}", "notes": [row.tells], "labels": labels_of(row)}
        (suite / row.name / "cohort.toml").write_text(toml(about), encoding="utf-8", newline="\n")
        facts = {"definition": definition_hash(), "commit": commit(), "made": today(), "files": files_of(suite)}
        (suite / "suite.json").write_text(json.dumps(facts, indent=1), encoding="utf-8", newline="\n")


def files_of(suite: Path) -> dict[str, str]:
    """The hash of every file of the rows that are whole."""
    whole = {row.name for row in ROWS if (suite / row.name / "cohort.toml").exists()}
    found = sorted(p for p in suite.glob("*/test/*/*.mha") if p.relative_to(suite).parts[0] in whole)
    return {p.relative_to(suite).as_posix(): sha256(p) for p in found}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def evaluated(suite: Path, out: Path, weights: Path, gaps: list[float], workers: int) -> str:
    """The table, written to OUT/table.md as well."""
    facts = json.loads((suite / "suite.json").read_text(encoding="utf-8"))
    if facts["definition"] != definition_hash():
        raise SystemExit(f"expected a suite of the definition {definition_hash()}, found {facts['definition']}. Make it again.")
    if changed := [name for name, known in facts["files"].items() if sha256(suite / name) != known]:
        raise SystemExit(f"expected the files that were made, found {changed[0]} changed. Make the suite again.")
    methods = (
        ComparedMethod("guided", "guided", {}, None),
        ComparedMethod("unchecked", "anchored", {"check": False}, weights),
        ComparedMethod("checked", "anchored", {}, weights),
    )
    lines = [
        f"Suite {facts['definition']}, made {facts['made']} at {facts['commit']}; opened {today()} at {commit()}; "
        f"weights {weights.name}, sha256 {sha256(weights)[:16]}.",
        "",
        "| row | gap, mm | legs | Dice: guided | unchecked | checked | volume error, %: guided | unchecked | checked |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in (row for row in ROWS if (suite / row.name / "cohort.toml").exists()):
        for gap in gaps:
            options = EvaluationOptions(methods, SeedProtocol("all-seeds", every_mm=gap), workers=workers, keep=0)
            results = drain(evaluate(suite / row.name, out / f"{row.name}-{gap:g}", options))
            lines.append(table_line(row, gap, results))
            print(lines[-1], flush=True)
    if absent := [row.name for row in ROWS if not (suite / row.name / "cohort.toml").exists()]:
        lines += ["", f"Not made: {', '.join(absent)}."]
    text = "\n".join(lines) + "\n"
    (out / "table.md").write_text(text, encoding="utf-8", newline="\n")
    return text


def table_line(row: Row, gap: float, results: Results) -> str:
    """Mean and SD over the legs, each a mean over its muscles."""
    dice, volume = results.values("dice"), results.values(VOLUME)
    cells = [row.name, f"{gap:g}", str(len(results.cases))]
    cells += [spread(list(dice[method].values()), 3) for method in METHODS]
    cells += [spread(list(volume[method].values()), 1) for method in METHODS]
    return "| " + " | ".join(cells) + " |"


def spread(values: list[float], digits: int) -> str:
    if not values:
        return "-"
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {np.std(values, ddof=1):.{digits}f}"
    return text.replace("0.", ".") if digits == 3 else text


if __name__ == "__main__":
    main()
