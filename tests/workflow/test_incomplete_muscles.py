"""A muscle that is cut is said wherever its numbers stand: in the terminal, in the JSON and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.io.save import save
from ifssnet.workflow.leg.segment_files import segment_files

Z, Y, X = np.mgrid[:30, :40, :40]
WHOLE = (((Z - 15) / 12) ** 2 + ((Y - 20) / 15) ** 2 + ((X - 20) / 15) ** 2 < 1).astype(np.uint8)


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def maps(tmp_path: Path) -> dict[str, Path]:
    found = {"whole": tmp_path / "whole.seg.nrrd", "cut": tmp_path / "cut.seg.nrrd"}
    save(LabelMap(WHOLE, Grid(WHOLE.shape, (1.0, 1.0, 3.0)), {1: "SOL"}), found["whole"])
    save(LabelMap(WHOLE * (Z <= 15), Grid(WHOLE.shape, (1.0, 1.0, 3.0)), {1: "SOL"}), found["cut"])
    return found


def test_measure_says_it_in_words_and_in_json(maps: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("measure", maps["cut"]) == 0
    said = capsys.readouterr()
    assert "outermost slice (z 15)" in " ".join((said.out + said.err).split())
    assert run("measure", maps["cut"], "--json") == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["severity"], finding["unit"]) == ("warning", "cm2")
    assert run("measure", maps["whole"], "--json") == 0
    assert "findings" not in json.loads(capsys.readouterr().out)


def test_the_page_says_it_before_any_number(maps: dict[str, Path], tmp_path: Path) -> None:
    assert run("report", maps["cut"], "-o", tmp_path / "cut.html", "-q") == 0
    page = (tmp_path / "cut.html").read_text(encoding="utf-8")
    assert page.index("outermost slice (z 15)") < page.index("Measures of each muscle")
    assert run("report", maps["whole"], "-o", tmp_path / "whole.html", "-q") == 0
    assert "outermost slice" not in (tmp_path / "whole.html").read_text(encoding="utf-8")


def test_segment_says_it_of_ends_that_were_not_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, slices, said in (("cut", (9, 15, 18), True), ("whole", (4, 9, 15, 21, 26), False)):
        seeds = tmp_path / f"{name}.seg.nrrd"
        save(LabelMap(WHOLE * np.isin(Z, slices), Grid(WHOLE.shape, (1.0, 1.0, 3.0)), {1: "SOL"}), seeds)
        words = ("--seeds", seeds, "--method", "shape-interpolation", "-o", tmp_path / f"{name}.nrrd", "--json")
        assert run("segment", *words) == 0
        assert ("findings" in json.loads(capsys.readouterr().out)) is said


def test_clicks_are_named_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clicks = np.zeros_like(WHOLE)
    clicks[[4, 15, 26], 20, 20] = 1
    seeds = tmp_path / "clicks.seg.nrrd"
    save(LabelMap(clicks, Grid(WHOLE.shape, (1.0, 1.0, 3.0)), {1: "SOL"}), seeds)
    work = segment_files(None, seeds, tmp_path / "found.nrrd", "shape-interpolation", {})
    told = [finding.text for finding in next(work).findings]
    assert any("SOL has at most 1 mm2 on any slice, which is a click" in text for text in told)
    work.close()
    assert run("segment", "--seeds", seeds, "--method", "shape-interpolation", "-o", tmp_path / "found.nrrd") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("which is a click") == 1
