"""Both legs in one file: segmented, measured, compared, reported and agreed on side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.io.seeds.png_masks import read_png_masks
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.reference.compare import compare
from ifssnet.workflow.leg.conversion import only

GRID = Grid((24, 30, 80), (1.0, 1.0, 3.0))
Z, Y, X = np.mgrid[:24, :30, :80].astype(np.float64)
LEFT = ((Z - 12) / 11) ** 2 + ((Y - 15) / 10) ** 2 + ((X - 60) / 15) ** 2 < 1
RIGHT = ((Z - 12) / 11) ** 2 + ((Y - 15) / 8) ** 2 + ((X - 20) / 12) ** 2 < 1
BOTH = np.where(LEFT, 1, np.where(RIGHT, 2, 0)).astype(np.uint8)
NAMES = [{1: "soleus left", 2: "soleus right"}, {1: "SOL_L", 2: "SOL_R"}]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.mark.parametrize("names", NAMES)
def test_from_seeds_to_the_page(tmp_path: Path, names: dict[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    truth, seeds = tmp_path / "truth.seg.nrrd", tmp_path / "seeds.seg.nrrd"
    save(LabelMap(BOTH, GRID, names), truth)
    save(LabelMap(BOTH * np.isin(Z, (2, 4, 7, 12, 17, 20, 22)).astype(np.uint8), GRID, names), seeds)
    found = tmp_path / "found.seg.nrrd"
    assert run("segment", "--seeds", seeds, "--method", "shape-interpolation", "-o", found) == 0
    capsys.readouterr()
    assert run("measure", found, "--json") == 0
    muscles = json.loads(capsys.readouterr().out)["muscles"]
    assert list(muscles) == ["SOL left", "SOL right"]
    assert muscles["SOL left"]["volume_cm3"] == pytest.approx(LEFT.sum() * 3 / 1000, rel=0.05)
    assert muscles["SOL right"]["volume_cm3"] == pytest.approx(RIGHT.sum() * 3 / 1000, rel=0.05)
    assert run("compare", found, truth, "--without", seeds, "--json") == 0
    compared = json.loads(capsys.readouterr().out)
    assert all(compared["muscles"][name]["dice"] > 0.9 for name in muscles)
    assert compared["provenance"]["left_out"]["slices"]
    if names == NAMES[0]:
        # The names are the same by now.
        return
    assert run("report", found, "--reference", truth, "--seeds", seeds, "-o", tmp_path / "page.html", "-q") == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "SOL left" in page
    assert "SOL right" in page


def test_raters_agree_on_each_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for rater in ("one", "two"):
        (tmp_path / rater).mkdir()
        for subject in range(4):
            array = np.roll(BOTH, subject, axis=1) * (2 * subject + (rater == "two") < Y).astype(np.uint8)
            save(LabelMap(array.astype(np.uint8), GRID, NAMES[1]), tmp_path / "leg.nrrd", force=True)
            assert run("measure", tmp_path / "leg.nrrd", "-o", tmp_path / rater / f"leg{subject}.json", "-q") == 0
    capsys.readouterr()
    assert run("agree", tmp_path / "one", tmp_path / "two", "--json") == 0
    assert list(json.loads(capsys.readouterr().out)["muscles"]) == ["SOL left", "SOL right"]


def test_two_ways_of_saying_sides_meet_and_one_leg_is_not_taken_for_either() -> None:
    ours, theirs = (LabelMap(BOTH, GRID, names) for names in NAMES)
    assert compare(ours, theirs).mean.dice == 1
    one = LabelMap(BOTH * (BOTH == 1), GRID, {1: "SOL"})
    with pytest.raises(InputError, match="both the segmentation and the reference"):
        compare(one, theirs)
    assert list(measure(LabelMap(BOTH * (BOTH == 1), GRID, {1: "SOL_L"})).muscles) == ["SOL"]


def test_one_side_is_taken_out_by_its_name(tmp_path: Path) -> None:
    save(LabelMap(BOTH, GRID, NAMES[0]), tmp_path / "both.nrrd")
    (right,) = only([open_labels(tmp_path / "both.nrrd")], ("SOL_L", "SOL_R"), tmp_path / "both.nrrd")
    assert right.names == {1: "SOL left", 2: "SOL right"}
    assert np.array_equal(right.array == 2, RIGHT & ~LEFT)


def test_masks_of_both_sides_are_two_muscles(tmp_path: Path) -> None:
    from PIL import Image

    for name, area in (("SOL_L", LEFT), ("SOL_R", RIGHT)):
        Image.fromarray((255 * area[12]).astype(np.uint8)).save(tmp_path / f"{name}_0012.png")
    read = read_png_masks(tmp_path, GRID)
    by_name = {read.names[label]: by_slice[12] for label, by_slice in read.drawn.items()}
    assert np.array_equal(by_name["SOL left"], LEFT[12])
    assert np.array_equal(by_name["SOL right"], RIGHT[12])
