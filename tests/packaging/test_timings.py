"""What the tables of `benchmarks/` make of times: nothing is timed here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module


def test_a_ratio_is_that_of_one_round(module: Any) -> None:
    table, rows = module("one_table"), module("table_rows")
    now = [0.0]
    ours, theirs = iter([9.0, 1.0, 2.0, 4.0]), iter([9.0, 3.0, 2.0, 16.0])

    def takes(seconds: Any) -> None:
        now[0] += next(seconds)

    row = rows.Row("work", lambda: takes(ours), {"peer": lambda: takes(theirs)}, 0.5, "copying", (7e6, "voxels/s"))
    found = table.measured(row, 3, lambda: now[0])
    # The first round does not count; the others give 3, 1 and 4.
    assert found["seconds"] == [1.0, 2.0]
    assert found["peers"] == {"peer": {"seconds": [2.0, 3.0], "ratio": [1.0, 3.0]}}
    assert found["of_the_limit"] == 0.5
    assert found["rate"] == [7000000, "voxels/s"]
    entry = {
        **{"size_zyx": [3, 4, 5], "made": "now", "commit": "abc", "note": "", "machine": {"threads": 2, "processor": "one"}},
        **{"limits": {"sgemm_gflops": 100.0, "copy_gb_s": 10.0}, "rows": [found], "seconds_of": "clock"},
    }
    lines = table.markdown(entry).splitlines()
    assert lines[-3:] == ["| work | 1/2, 7000000 voxels/s | 50 % | peer 1.00/3.00 |", "", "Limits: copying."]


def test_a_cost_that_is_linear_has_the_exponent_one(module: Any) -> None:
    curves = module("cost_curves")
    voxels = [1.0, 4.0, 8.0, 16.0, 32.0]
    straight = curves.fitted(voxels, [(2.0 + 0.5 * n, 0.3 + 0.004 * n) for n in voxels])
    assert (straight["exponent"], straight["start_s"], straight["seconds_a_million_voxels"]) == (1.0, 2.0, 0.5)
    assert (straight["base_gb"], straight["bytes_a_voxel"], straight["furthest_from_the_line"]) == (0.3, 4.0, 0.0)
    bent = curves.fitted(voxels, [(2.0 + 0.5 * (n - 1) ** 2, 1.0) for n in voxels])
    assert bent["exponent"] == 2.0
    assert bent["furthest_from_the_line"] > 0.1
    assert bent["bytes_a_voxel"] == 0.0
