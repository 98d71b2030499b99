"""An option that another one makes useless is refused, in every command; nothing is read before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.cli.method_words import methods
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.io.save import save
from ifssnet.propagate.seeding.protocols import distance_findings
from ifssnet.workflow.leg.segment_files import segment_files

GRID = Grid((30, 12, 12), (1.0, 1.0, 1.1))


@pytest.fixture
def leg(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    array = np.zeros(GRID.shape_zyx, np.uint8)
    array[2:28, 3:9, 3:9] = 1
    save(LabelMap(array, GRID, {1: "SOL"}), tmp_path / "full.seg.nrrd")
    array[4:26] = 0
    save(LabelMap(array, GRID, {1: "SOL"}), tmp_path / "drawn.seg.nrrd")
    (tmp_path / "table.csv").write_text("subject,a,b\nP1,1,2\nP2,2,3\nP3,4,4\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("segment --seeds drawn.seg.nrrd -o o.nrrd --method shape-interpolation --plain --set plain=false", "plain"),
        ("segment --seeds drawn.seg.nrrd -o o.nrrd --extrapolate-mm 5 --set extrapolate-mm=3", "extrapolate"),
        ("segment --seeds drawn.seg.nrrd -o o.nrrd --direction both --set direction=forward", "direction"),
        ("segment --seeds drawn.seg.nrrd -o o.nrrd --method shape-interpolation --device cuda", "--device"),
        ("segment --seeds drawn.seg.nrrd -o o.nrrd --method shape-interpolation --probability o.nrrd", "twice"),
        ("segment --seeds drawn.seg.nrrd -o o.nrrd --rater AB", "--provenance"),
        ("seeds full.seg.nrrd -o o.seg.nrrd --seed 3", "--noise-mm"),
        ("seeds full.seg.nrrd -o o.seg.nrrd --config plus.xml", "--volume"),
        ("seeds full.seg.nrrd -o o.seg.nrrd --every 5 --every-mm 5", "--every"),
        ("measure full.seg.nrrd --erosion-mm 1", "--volume"),
        ("measure full.seg.nrrd --probe-side=+y", "--volume"),
        ("measure full.seg.nrrd --mdc 3", "--against"),
        ("compare full.seg.nrrd drawn.seg.nrrd --per-slice o.csv -o o.csv", "twice"),
        ("agree table.csv --quantity length_mm", "--quantity"),
        ("convert full.seg.nrrd o.nrrd --config plus.xml", "--config"),
        ("info full.seg.nrrd --config plus.xml", "--config"),
        ("evaluate legs --methods hold -o o --protocol every-100 --every-mm 27.7", "--every-mm"),
        ("evaluate legs --methods hold -o o --protocol first-three --every 50", "--every"),
        ("evaluate legs --methods hold -o o --every 50 --every-mm 10", "every_mm"),
        ("evaluate legs --methods hold -o o --seed 4", "--noise-mm"),
        ("evaluate legs --methods guided,plain -o o --direction both", "--direction"),
        ("evaluate legs --methods anchored@a.safetensors --weights anchored=b.safetensors -o o", "one file of weights"),
        ("pseudo-labels legs -o o --policy constant --first 100", "--first"),
        ("pseudo-labels legs -o o --constant 100", "--constant"),
        ("train legs --recipe full -o o --minutes 3 --set trainer.units=4", "--minutes"),
        ("experiment leg-3d-us data -o o --dry-run --yes", "--dry-run"),
        ("experiment leg-3d-us data -o o --minutes 3 --set full:trainer.units=4", "--minutes"),
        ("dataset leg-3d-us data --keep-archives", "--download"),
        ("compound s.mha -o o.mha --grid g.mha --spacing 1", "--spacing"),
        ("compound s.mha -o o.mha --fill-mm 3", "--fill"),
        ("phantom leg -o o --anatomy . --variant child", "variant"),
        ("report full.seg.nrrd -o o.html --other A=drawn.seg.nrrd", "reference"),
    ],
)
def test_what_would_have_no_effect(words: str, option: str, leg: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(words.split())
    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert "Error" in said
    assert option in said
    assert not {path.stem for path in leg.iterdir()} & {"o"}


def test_no_noise_that_is_asked_for_may_have_a_seed(leg: Path) -> None:
    """As in a loop over more and more noise."""
    with pytest.raises(SystemExit) as leaving:
        main(["seeds", "full.seg.nrrd", "-o", "o.seg.nrrd", "--noise-mm", "0", "--seed", "3"])
    assert leaving.value.code == 0
    assert (leg / "o.seg.nrrd").exists()


def test_a_direction_reaches_those_that_know_one() -> None:
    found = methods(["hold,guided"], direction="both")
    assert [dict(each.settings) for each in found] == [{"direction": "both"}, {}]


def test_every_100_says_how_far_its_slices_are_apart(leg: Path) -> None:
    done = drain(segment_files(None, leg / "full.seg.nrrd", leg / "o.nrrd", "shape-interpolation", {}, protocol="every-100"))
    assert [(each.figure, each.unit) for each in done.findings if "every-100" in each.text] == [(110.0, "mm")]


@pytest.mark.parametrize(
    ("protocol", "slice_mm"), [("every-100", 0.277), ("every-100", 0.3), ("all-seeds", 5.0), ("first-three", 5.0)]
)
def test_where_slices_are_the_papers_or_are_not_counted_nothing_is_said(protocol: str, slice_mm: float) -> None:
    assert distance_findings(protocol, slice_mm) == ()
