"""The demo on a coarse scan: three methods, whatever is installed, and a page that says what stands in for what."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.progress import drain
from ifssnet.io.open import open_labels
from ifssnet.phantom.scanner.sweep import SMALL
from ifssnet.workflow.demo.demo import demo
from ifssnet.workflow.demo.methods import demo_methods
from ifssnet.workflow.demo.result import DemoResult
from ifssnet.workflow.files.default_weights import ELSEWHERE
from weights_shelf import ENGINES, anchored, fill_shelf, without

LAST = ("Fill between slices", "fill-between-slices")


@pytest.fixture(scope="module")
def classical(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoResult]:
    folder = tmp_path_factory.mktemp("demo") / "classical"
    return folder, drain(demo(folder, settings=SMALL, spacing_mm=3.0))


def test_without_weights_it_compares_classical_methods_and_says_so(classical: tuple[Path, DemoResult]) -> None:
    folder, made = classical
    assert list(made.methods) == ["Guided interpolation", "Plain interpolation", LAST[0]]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "in place of the anchored network, of which no weights come with this version" in page
    assert "in place of IFSS-Net, of which no weights come with this version" in page
    assert len(made.notes) == 2
    for stem in ("leg", "plain", LAST[1]):
        assert open_labels(folder / f"{stem}.seg.nrrd").array.any()
    dice = {name: np.mean([scores.dice for scores in rows.values()]) for name, rows in made.methods.items()}
    assert dice["Guided interpolation"] > max(dice["Plain interpolation"], 0.85)
    assert made.muscles == made.methods["Guided interpolation"]


def test_what_is_compared_follows_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = fill_shelf(tmp_path / "shelf")
    monkeypatch.setenv(ELSEWHERE, str(shelf))
    assert [each.title for each in demo_methods()] == ["Anchored network", "IFSS-Net", LAST[0]]
    assert [each.method.propagator.name for each in demo_methods()] == ["anchored", "ifss-net", LAST[1]]
    (shelf / "ifss-net.safetensors").unlink()
    first, second, _ = demo_methods()
    assert (first.title, first.note) == ("Anchored network", "")
    assert second.title == "Plain interpolation"
    assert second.note == "in place of IFSS-Net, of which no weights come with this version"
    without(monkeypatch, *ENGINES)
    first, second, _ = demo_methods()
    assert (first.title, second.title) == ("Guided interpolation", "Plain interpolation")
    assert "in place of the anchored network, which needs a library that runs it" in first.note


@pytest.mark.slow
def test_with_weights_the_networks_take_their_places(
    classical: tuple[Path, DemoResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ELSEWHERE, str(fill_shelf(tmp_path / "shelf")))
    folder = tmp_path / "demo"
    made = drain(demo(folder, settings=SMALL, spacing_mm=3.0))
    assert list(made.methods) == ["Anchored network", "IFSS-Net", LAST[0]]
    # Without training the anchored network is guided interpolation, to the voxel.
    same = open_labels(classical[0] / "leg.seg.nrrd").array
    assert np.array_equal(open_labels(folder / "leg.seg.nrrd").array, same)
    told = json.loads((folder / "leg.seg.nrrd.json").read_text(encoding="utf-8"))
    assert told["method"]["name"] == "anchored"
    assert told["weights"]["kind"] == anchored().kind
    assert json.loads((folder / "ifss-net.seg.nrrd.json").read_text(encoding="utf-8"))["method"]["name"] == "ifss-net"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "in place of the anchored network" not in page
    assert "in place of IFSS-Net" not in page
