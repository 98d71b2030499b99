"""The table for the docs: a method that failed has a row that says so, and the others have their numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "evaluation_table.py"
METRICS = ("dice", "hausdorff95_mm", "asd_mm", "whole_absolute_volume_error_percent")


def number(mean: float | None, legs: int = 2, infinite: int = 0) -> dict[str, object]:
    return {"legs": legs, "mean": mean, "sd": None if mean is None else 0.01, "infinite": infinite}


def written(folder: Path) -> None:
    """Two legs without GL: hold ran on both, guided on none, plain found nothing on one of them."""
    places = ("mean", "SOL", "GM")
    failed = [{"case": case, "method": "guided", "error": "out of memory"} for case in ("P1", "P2")]
    by_method = {"hold": number(0.75), "guided": number(None, 0), "plain": number(None, 2, 1)}
    summary = {
        "about": {
            "given": {"protocol": "all-seeds", "every": None, "every_mm": 27.7, "noise_mm": 0.0},
            "methods": {name: {} for name in by_method},
            "failed": failed,
        },
        "metrics": {metric: dict.fromkeys(places, by_method) for metric in METRICS},
        "against": {"method": "guided", "tests": {}},
        "cost": {"hold": {"seconds_mean": 1.2}, "guided": {"seconds_mean": None}, "plain": {"seconds_mean": 3.4}},
    }
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def test_a_failed_method_has_a_row_and_the_others_keep_theirs(tmp_path: Path) -> None:
    written(tmp_path / "run")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "run")], check=False, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()[2:]]
    assert [row[1] for row in rows] == ["hold", "guided (failed on 2)", "plain"]
    assert rows[0][2:4] == [".750 ± .010", ".750 / .750 / -"]
    assert set(rows[1][2:]) == {"-", "- / - / -", ""}
    assert rows[2][2] == "inf in 1 of 2"
