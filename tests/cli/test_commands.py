"""The commands as a user runs them: files in, files out, words and exit codes."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.commands import compare, convert, info, measure, report, seeds, segment
from ifssnet.cli.main import app, main
from ifssnet.core.errors import InputError
from ifssnet.core.facts.file_facts import ImageFacts
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import open_seeds

GRID = Grid((60, 44, 50), (1.0, 1.0, 2.0), (-20.0, 5.0, 100.0))
NAMES = {1: "SOL", 2: "GM"}


def two_cones() -> LabelMap:
    """SOL: a disc whose radius grows by 0.2 mm a slice from 6 mm, slices 8 to 47. GM: a disc of 6 mm, slices 20 to 39."""
    y, x = np.mgrid[:44, :50]
    array = np.zeros(GRID.shape_zyx, np.uint8)
    for z in range(8, 48):
        array[z][np.hypot(y - 22, x - 16) < 6 + 0.2 * (z - 8) / 2] = 1
    for z in range(20, 40):
        array[z][np.hypot(y - 22, x - 40) < 6] = 2
    return LabelMap(array, GRID, NAMES)


@pytest.fixture
def leg(tmp_path: Path) -> Path:
    folder = tmp_path / "jambe gauche é"  # a space and an accent, as folders have them
    folder.mkdir()
    labels = two_cones()
    save(labels, folder / "truth.seg.nrrd")
    grey = np.where(labels.array == 1, 120, np.where(labels.array == 2, 90, 40)).astype(np.uint8)
    save(Volume(grey, GRID), folder / "leg.mha")
    return folder


def run_quietly(arguments: list[str]) -> int:
    """The exit code of a command, in process."""
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    return int(leaving.value.code or 0)


def test_every_command_shows_an_example():
    for command in app.registered_commands:
        assert command.callback is not None
        assert "Example: `ifss " in (command.callback.__doc__ or ""), command.name


def test_the_way_from_truth_through_seeds_to_a_comparison(leg: Path, capsys: pytest.CaptureFixture[str]):
    drawn, found = leg / "seeds.seg.nrrd", leg / "found.seg.nrrd"
    seeds.run([leg / "truth.seg.nrrd"], drawn, consecutive=3, every=10, quiet=True)
    masks = open_seeds(drawn).masks
    # SOL is present on 8..47: triples at 8, 18, 28, 38; the last slice 47; absent ones at 7 and 48.
    assert sorted(masks[1]) == [7, 8, 9, 10, 18, 19, 20, 28, 29, 30, 38, 39, 40, 47, 48]
    assert not masks[1][7].any()
    segment.run(None, [drawn], found, provenance=True, quiet=True)
    capsys.readouterr()
    answer = compare.run(found, leg / "truth.seg.nrrd", json=True)
    printed = json.loads(capsys.readouterr().out)
    assert {name: muscle["dice"] for name, muscle in printed["muscles"].items()} == {
        name: muscle.dice for name, muscle in answer.muscles.items()
    }
    assert set(printed) >= {"muscles", "mean"}
    for muscle in (*printed["muscles"].values(), printed["mean"]):
        assert {
            "dice", "miou", "hausdorff_mm", "hausdorff95_mm", "asd_mm", "precision", "recall", "volume_error_percent",
        } <= set(muscle)  # fmt: skip
    assert printed["muscles"]["GM"]["dice"] == 1.0  # the same disc on every slice
    # A cone of 7 to 10 pixels' radius: what is left is which pixels of the border count, a fraction of a pixel's width.
    assert printed["muscles"]["SOL"]["asd_mm"] < 0.3
    assert printed["muscles"]["SOL"]["dice"] > 0.96
    told = json.loads((leg / "found.seg.nrrd.json").read_text(encoding="utf-8"))
    assert told["method"]["name"] == "shape-interpolation"
    assert told["annotated_slices"]["SOL"]["annotated"] == sorted(masks[1])
    assert len(told["seeds"]["sha256"]) == 64


def test_measuring_says_the_volume_of_a_disc(leg: Path, capsys: pytest.CaptureFixture[str]):
    measure.run(leg / "truth.seg.nrrd", leg / "leg.mha", json=True)
    muscles = json.loads(capsys.readouterr().out)["muscles"]
    pixels = int((np.hypot(*np.mgrid[-22:22, -22:22]) < 6).sum())
    assert muscles["GM"]["volume_cm3"] == pytest.approx(20 * pixels * 2 / 1000)
    assert muscles["GM"]["length_mm"] == pytest.approx(40.0)
    assert muscles["GM"]["max_acsa_cm2"] == pytest.approx(pixels / 100)


def test_the_report_is_one_page_with_the_numbers(leg: Path):
    page = leg / "report.html"
    report.run(leg / "truth.seg.nrrd", page, leg / "leg.mha", leg / "truth.seg.nrrd", slices=4, quiet=True)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "SOL" in text
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_the_report_shows_other_methods_beside_the_first(leg: Path):
    seeds.run([leg / "truth.seg.nrrd"], leg / "seeds.seg.nrrd", consecutive=3, every=10, quiet=True)
    segment.run(None, [leg / "seeds.seg.nrrd"], leg / "found.seg.nrrd", provenance=True, quiet=True)
    page, truth = leg / "report.html", leg / "truth.seg.nrrd"
    words, drawn = [f"perfect={truth}"], [leg / "seeds.seg.nrrd"]
    report.run(leg / "found.seg.nrrd", page, leg / "leg.mha", truth, drawn, words, slices=2, quiet=True)
    text = page.read_text(encoding="utf-8")
    # The first is named by its provenance; a truth against itself has a Dice of 1.
    found = dict(re.findall(r'<td data-method="(\w+)" data-muscle="SOL" data-key="dice" data-value="([^"]*)"', text))
    assert list(found) == ["Guided", "perfect"]
    assert float(found["perfect"]) == 1.0
    assert 0.96 < float(found["Guided"]) < 1
    for words, needed in ((["perfect"], "NAME=SEG"), (["=x.mha"], "NAME=SEG"), (["a=nowhere.mha"], "nowhere.mha")):
        with pytest.raises(InputError, match=needed):
            report.run(leg / "found.seg.nrrd", page, leg / "leg.mha", truth, other=words, force=True, quiet=True)
    with pytest.raises(InputError, match="a reference to hold several methods against"):
        report.run(leg / "found.seg.nrrd", page, leg / "leg.mha", other=[f"perfect={truth}"], force=True, quiet=True)
    assert page.read_text(encoding="utf-8") == text


def test_converting_keeps_grid_names_and_voxels(leg: Path):
    for name in ("copy.nii.gz", "copy.nrrd", "copy.mha", "copy.seg.nrrd"):
        convert.run(leg / "truth.seg.nrrd", leg / name, quiet=True)
        copy = open_labels(leg / name)
        assert copy.grid.matches(GRID)
        assert dict(copy.names) == NAMES
        assert np.array_equal(copy.array, two_cones().array)


def test_converting_to_surfaces_and_back_keeps_the_volume(leg: Path):
    convert.run(leg / "truth.seg.nrrd", leg / "surfaces", quiet=True)
    assert sorted(path.name for path in (leg / "surfaces").iterdir()) == ["GM.stl", "SOL.stl"]
    convert.run(leg / "surfaces", leg / "back.seg.nrrd", spacing="0.5", labels="SOL,GM", quiet=True)
    back = open_labels(leg / "back.seg.nrrd")
    truth = two_cones()
    for value, name in NAMES.items():
        there = (truth.array == value).sum() * GRID.voxel_volume_mm3
        here = (back.array == back.value_of(name)).sum() * back.grid.voxel_volume_mm3
        assert here == pytest.approx(there, rel=0.01)


def test_converting_a_volume_to_another_spacing(leg: Path):
    convert.run(leg / "leg.mha", leg / "coarse.nrrd", spacing="2", quiet=True)
    coarse = open_volume(leg / "coarse.nrrd")
    assert coarse.grid.spacing_xyz_mm == (2.0, 2.0, 2.0)
    assert coarse.array.dtype == np.uint8
    assert math.prod(coarse.grid.shape_zyx) == pytest.approx(GRID.voxels / 4, rel=0.1)


def test_info_tells_kind_grid_and_labels(leg: Path, capsys: pytest.CaptureFixture[str]):
    found = info.run(leg / "truth.seg.nrrd", json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["shape_zyx"] == [60, 44, 50]
    assert [row["name"] for row in facts["labels"]] == ["SOL", "GM"]
    assert list(facts)[:3] == ["path", "kind", "is"]
    assert isinstance(found.content, ImageFacts)
    assert found.content.grid == GRID.summary


def test_what_goes_wrong_is_said_and_nothing_is_left(leg: Path, capsys: pytest.CaptureFixture[str]):
    (leg / "broken.mha").write_bytes((leg / "leg.mha").read_bytes()[:900])
    before = sorted(leg.iterdir())
    assert run_quietly(["measure", str(leg / "nowhere.mha")]) == 2
    assert run_quietly(["measure", str(leg / "broken.mha")]) == 2
    assert run_quietly(["segment", "--seeds", str(leg / "truth.seg.nrrd"), "-o", str(leg / "leg.mha")]) == 2
    assert run_quietly(["segment", "--seeds", str(leg / "truth.seg.nrrd"), "-o", str(leg / "x.mha"), "--method", "magic"]) == 2
    assert run_quietly(["seeds", str(leg / "truth.seg.nrrd"), "-o", str(leg / "no-such-folder" / "s.mha")]) == 2
    assert run_quietly(["convert", str(leg / "leg.mha"), str(leg / "leg.docx")]) == 2
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert text.count("Error") == 6
    assert sorted(leg.iterdir()) == before


def test_a_method_that_reads_the_volume_asks_for_it(leg: Path):
    seeds.run([leg / "truth.seg.nrrd"], leg / "s.seg.nrrd", every=10, quiet=True)
    with pytest.raises(InputError, match="watershed"):
        segment.run(None, [leg / "s.seg.nrrd"], leg / "w.seg.nrrd", method="watershed", quiet=True)


def test_methods_are_listed(capsys: pytest.CaptureFixture[str]):
    segment.run(method="list", json=True)
    listed = {entry["name"]: entry["reads_volume"] for entry in json.loads(capsys.readouterr().out)}
    assert listed == {
        "shape-interpolation": False,
        "zero-order": False,
        "fill-between-slices": False,
        "grow-from-seeds": True,
        "watershed": True,
        "ifss-net": True,
        "anchored": True,
        "pg-net": True,
        "unet-3d": True,
    }


def test_an_existing_output_is_kept_unless_forced(leg: Path):
    with pytest.raises(InputError, match="--force"):
        convert.run(leg / "leg.mha", leg / "truth.seg.nrrd")
    convert.run(leg / "leg.mha", leg / "leg2.nrrd", quiet=True)
    convert.run(leg / "leg.mha", leg / "leg2.nrrd", force=True, quiet=True)


def test_the_command_starts_quickly_enough_to_import_nothing_heavy():
    heavy = {"scipy", "numba", "SimpleITK", "skimage", "nibabel", "cattrs", "httpx"}
    code = f"import sys, ifssnet.cli.main; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.strip() == "[]"
