"""The transfer suite: frozen, unlike training, and opened only as it was made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ifssnet.phantom.files.cohort import plan_cohort
from ifssnet.phantom.scanner import acquisition
from ifssnet.phantom.scanner.acquisition import SIZES, VolumeSize
from ifssnet.phantom.varied_scanner.draw import IN_TRAINING

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def legs() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return __import__("transfer_legs")


@pytest.fixture(scope="module")
def suite(legs: ModuleType) -> ModuleType:
    assert legs
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return __import__("transfer_suite")


def test_its_definition_is_frozen(legs: ModuleType) -> None:
    """Whoever changes a row makes another suite, whose table stands beside no earlier one."""
    assert legs.definition_hash() == "84b3eb6f90e7dd85"
    assert legs.definition_hash((replace(legs.ROWS[0], legs=4), *legs.ROWS[1:])) != legs.definition_hash()


def test_nobody_of_it_is_in_a_cohort(legs: ModuleType) -> None:
    own = [row.first + index for row in legs.ROWS for index in range(row.legs)]
    assert len(set(own)) == len(own)
    for seed in range(10):
        assert not {member.subject.seed for member in plan_cohort(44, seed=seed).members} & set(own)
    assert {row.scanner for row in legs.ROWS} - {"drawn"} == {"portable"}
    assert "portable" not in IN_TRAINING


@pytest.mark.parametrize("name", ["duchenne", "mri", "second"])
def test_a_row_is_written_as_a_cohort(
    legs: ModuleType, suite: ModuleType, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ifssnet.io.cohorts.cohort_folder import open_cohort
    from ifssnet.io.open import open_labels, open_volume

    tiny = VolumeSize(16, 32, 32, SIZES["small"].settings)
    monkeypatch.setattr(acquisition, "SIZES", {**SIZES, "tiny": tiny})
    monkeypatch.setattr(legs, "SIZES", {**SIZES, "quarter": tiny})
    row = replace(next(row for row in legs.ROWS if row.name == name), legs=1)
    monkeypatch.setattr(suite, "ROWS", (row,))
    suite.make(tmp_path, tmp_path / "no data")
    case = open_cohort(tmp_path / name).cases[0]
    assert case.split == "test"
    volume, labels = (
        open_volume(tmp_path / name / "test" / "L1" / "x1.mha"),
        open_labels(tmp_path / name / "test" / "L1" / "masksX1.mha"),
    )
    assert set(np.unique(labels.array)) == {0, 100, 150, 200}
    assert volume.array[labels.array > 0].mean() > 5
    facts = json.loads((tmp_path / "suite.json").read_text(encoding="utf-8"))
    assert set(facts["files"]) == {f"{name}/test/L1/x1.mha", f"{name}/test/L1/masksX1.mha"}


def test_rows_of_real_anatomy_are_left_out_without_it(
    legs: ModuleType, suite: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "ROWS", tuple(row for row in legs.ROWS if legs.needs_surfaces(row)))
    tmp_path.joinpath("suite").mkdir()
    suite.make(tmp_path / "suite", tmp_path / "no data")
    assert capsys.readouterr().out.count("left out") == 3


@pytest.mark.parametrize("change", ["definition", "file"])
def test_another_suite_is_not_opened(suite: ModuleType, tmp_path: Path, change: str) -> None:
    (tmp_path / "x.mha").write_bytes(b"made")
    facts = {
        "definition": suite.definition_hash(),
        "commit": "a",
        "made": "now",
        "files": {"x.mha": suite.sha256(tmp_path / "x.mha")},
    }
    if change == "definition":
        facts["definition"] = "0"
    else:
        (tmp_path / "x.mha").write_bytes(b"changed")
    (tmp_path / "suite.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(SystemExit, match="Make"):
        suite.evaluated(tmp_path, tmp_path / "out", tmp_path / "w.safetensors", [27.7], 1)


def test_a_line_of_the_table_is_means_and_sds_over_legs(legs: ModuleType, suite: ModuleType) -> None:
    dice = {"guided": (0.9, 0.8), "unchecked": (0.95, 0.85), "checked": (0.96, 0.96)}
    found = {
        "dice": {method: dict(zip(("L1", "L2"), values, strict=True)) for method, values in dice.items()},
        suite.VOLUME: {method: {"L1": 100 * (1 - a), "L2": 100 * (1 - b)} for method, (a, b) in dice.items()},
    }
    line = suite.table_line(legs.ROWS[0], 27.7, SimpleNamespace(values=found.__getitem__, cases=("L1", "L2")))
    expected = ".850 ± .071 | .900 ± .071 | .960 ± .000 | 15.0 ± 7.1 | 10.0 ± 7.1 | 4.0 ± 0.0"
    assert line == f"| duchenne | 27.7 | 2 | {expected} |"
