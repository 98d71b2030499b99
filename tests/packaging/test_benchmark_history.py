"""Each release has a file of its times, which speaks of the machine in words and of no person's folders."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ifssnet

REPOSITORY = Path(__file__).resolve().parents[2]
HISTORY = REPOSITORY / "benchmarks" / "history"
PARTS = {"version", "date", "machine", "versions", "what", "rounds", "note", "seconds", "processor_seconds", "ratio"}


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    module = __import__("record")
    sys.modules.pop("record")
    return module


def test_every_dated_version_of_the_changelog_and_this_one_have_their_times() -> None:
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = re.findall(r"^## (\S+) - \d{4}-", changes, re.MULTILINE)
    for version in {*dated, ifssnet.__version__}:
        entry = json.loads((HISTORY / f"{version}.json").read_text(encoding="utf-8"))
        assert set(entry) == PARTS
        assert entry["version"] == version
        assert set(entry["machine"]) == {"system", "processor", "cores", "memory_gb"}
        assert set(entry["seconds"]) == set(entry["processor_seconds"]) == set(entry["ratio"])
        assert entry["ratio"]["yardstick"] == 1
        assert all(seconds > 0 for seconds in entry["seconds"].values())
        assert not re.search(r"/(home|root|tmp|Users|work)\b|\\\\", json.dumps(entry))


def test_the_shortest_round_counts_and_the_first_does_not(record: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 5.0, 10.0, 12.0, 20.0, 29.0])
    computed = iter([0.0, 4.0, 4.0, 7.0, 7.0, 8.0])
    monkeypatch.setattr(record.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(record.time, "process_time", lambda: next(computed))
    ran: list[int] = []
    assert record.shortest(lambda: ran.append(1), rounds=3) == (2.0, 1.0)
    assert len(ran) == 4


def test_the_machine_is_described_in_words(record: ModuleType) -> None:
    described = record.machine()
    assert described.threads >= 1
    assert described.processor
    assert record.versions()["numpy"]
