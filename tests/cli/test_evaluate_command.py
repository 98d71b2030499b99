"""`ifss evaluate` and `ifss figures`: what the words mean, and one run on digital legs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ifssnet.cli.commands.evaluate import Protocol
from ifssnet.cli.commands.evaluate import run as evaluate
from ifssnet.cli.commands.figures import run as figures
from ifssnet.cli.commands.phantom import Size, cohort
from ifssnet.cli.main import main
from ifssnet.cli.method_words import methods
from ifssnet.core.errors import InputError
from ifssnet.core.results.evaluation_results import SCORE_COLUMNS
from ifssnet.io.storage.tables import parquet_here, read_table, write_table


def test_words_become_methods(tmp_path: Path):
    file = tmp_path / "a,b.safetensors"
    plain = tmp_path / "best.safetensors"
    for path in (file, plain):
        path.touch()
    found = methods(["hold,flat=shape-interpolation:plain=true,extrapolate_mm=5,guided", "fbs=fill-between-slices"])
    assert [(m.label, m.name, dict(m.settings)) for m in found] == [
        ("hold", "hold", {}),
        ("flat", "shape-interpolation", {"plain": True, "extrapolate_mm": 5}),
        ("guided", "guided", {}),
        ("fbs", "fill-between-slices", {}),
    ]
    blind = methods([f"b=watershed@{plain}:image=zero"])[0]
    assert (blind.label, blind.weights, blind.sees_no_image, blind.method_settings) == ("b", plain, True, {})
    assert methods(["x=hold"], [f"x={file}"])[0].weights == file


def test_a_direction_goes_to_methods_that_know_one_and_have_none():
    held, own, other = methods(["hold,near=hold:direction=both,plain"], direction="forward")
    assert (held.settings, own.settings, other.settings) == ({"direction": "forward"}, {"direction": "both"}, {})


@pytest.mark.parametrize(
    "words", [["nonsense"], ["a/b=hold"], ["hold:"], ["=hold"], ["hold@/nowhere.safetensors"], ["hold:image=some"]]
)
def test_words_that_are_no_methods_are_refused(words: list[str]):
    with pytest.raises(InputError):
        methods(words)


def test_weights_that_come_with_the_package_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("anchored", "ifss-net-weak"):
        (tmp_path / f"{name}.safetensors").touch()
    monkeypatch.setenv("IFSSNET_WEIGHTS", str(tmp_path))
    found = methods(["anchored,a=anchored@default,weak=ifss-net@ifss-net-weak,pg-net,guided"])
    files = [None if m.weights is None else m.weights.stem for m in found]
    assert files == ["anchored", "anchored", "ifss-net-weak", None, None]
    with pytest.raises(InputError, match="weights for ifss-net"):
        methods(["ifss-net@default"])


def test_weights_for_nothing_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="anchored"):
        methods(["hold"], [f"anchored={tmp_path}"])
    with pytest.raises(InputError, match="NAME=FILE"):
        methods(["hold"], ["best.safetensors"])


def test_tables_come_back_as_they_were(tmp_path: Path):
    columns = {"name": ["a,b", "ü"], "value": [float("nan"), float("inf")]}
    for name in ("t.csv", "t.csv.gz"):
        write_table(columns, tmp_path / name)
        assert read_table(tmp_path / name, ["value", "name"]) == {"value": ["", "inf"], "name": ["a,b", "ü"]}
    with pytest.raises(InputError, match="other"):
        read_table(tmp_path / "t.csv", ["other"])
    if not parquet_here():
        with pytest.raises(InputError, match=r"pip install .pyarrow"):
            write_table(columns, tmp_path / "t.parquet")


def test_small_digital_legs_from_cohort_to_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cohort(tmp_path / "legs", subjects=1, split="0/0/1", size=Size.small, second=0, quiet=True)
    out = tmp_path / "out"
    results = evaluate(
        str(tmp_path / "legs"), ["hold,plain,guided"], out, protocol=Protocol.all_seeds, every_mm=27.7, workers=0, quiet=True
    )
    assert results.summary is not None
    dice = {name: results.summary.metrics["dice"]["mean"][name].mean for name in ("hold", "plain", "guided")}
    assert dice["hold"] < dice["plain"] < dice["guided"]
    assert "guided" in capsys.readouterr().out
    with (out / "scores.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == SCORE_COLUMNS
    assert {row["muscle"] for row in rows} == {"SOL", "GM", "GL"}
    drawn = figures(out, quiet=True)
    assert "slice-distances-SOL.svg" in drawn.files
    with pytest.raises(InputError, match="force"):
        figures(out, quiet=True)


def test_a_wrong_folder_ends_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for words in (["evaluate", str(tmp_path), "--methods", "hold", "-o", str(tmp_path / "o")], ["figures", str(tmp_path)]):
        with pytest.raises(SystemExit) as leaving:
            main(words)
        assert leaving.value.code == 2
        assert "Traceback" not in capsys.readouterr().err
