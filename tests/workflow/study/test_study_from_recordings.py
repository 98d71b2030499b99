"""The tutorial "A study from 3D Slicer recordings" on real recordings: its own commands, from the scenes to the tables."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from snippets import Snippet, carry_out, snippets

from ifssnet.core.images import LabelMap
from ifssnet.io.open import open_volume
from ifssnet.io.save import save

PAGE = Path(__file__).resolve().parents[3] / "docs" / "tutorials" / "study-from-slicer-recordings.md"


def _command(folder: Path, start: str) -> None:
    """Carry out the block of the tutorial that begins so, whether or not the docs' own tests can run it."""
    found = [each for each in snippets(PAGE.read_text(encoding="utf-8")) if each.text.startswith(start)]
    assert len(found) == 1, start
    carry_out(Snippet("sh", found[0].text, found[0].line, True), folder, {}, real_shell=True)


def _draw(volume: Path) -> None:
    """Two round muscles on three slices every 28 mm, the way an expert's file has them."""
    grid = open_volume(volume).grid
    slices, height, width = grid.shape_zyx
    y, x = np.mgrid[:height, :width]
    labels = np.zeros(grid.shape_zyx, dtype=np.uint8)
    for first in range(60, slices - 60, 28):
        for z in range(first, first + 3):
            labels[z][(y - 0.35 * height) ** 2 + (x - width / 2) ** 2 < 81] = 1
            labels[z][(y - 0.70 * height) ** 2 + (x - width / 2) ** 2 < 49] = 2
    save(LabelMap(labels, grid, {1: "SOL", 2: "GM"}), volume.with_name("AB.seg.nrrd"))


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.filterwarnings("default")
def test_from_recorded_scenes_to_the_last_number(shared_data: Path, tmp_path: Path) -> None:
    scene = shared_data / "cases" / "30-slicer-sequences" / "leg.mrb"
    for visit in ("before", "after"):
        folder = tmp_path / "recordings" / "P01"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(scene, folder / f"{visit}.mrb")
    _command(tmp_path, "for scene in recordings")
    volumes = sorted((tmp_path / "calves").glob("P01/*/leg.nrrd"))
    assert [each.parent.name for each in volumes] == ["after", "before"]
    for volume in volumes:
        _draw(volume)
    _command(tmp_path, "ifss study init calves")
    with (tmp_path / "results" / "tables" / "muscles.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["visit"], row["muscle"]) for row in rows} == {
        (visit, muscle) for visit in ("before", "after") for muscle in ("SOL", "GM")
    }
    # Cylinders of 9 and 7 mm radius and 1 mm spacing: the same at both visits.
    for row in rows:
        length_mm, radius_mm = float(row["length_mm"]), 9 if row["muscle"] == "SOL" else 7
        assert float(row["volume_cm3"]) == pytest.approx(np.pi * radius_mm**2 * length_mm / 1000, rel=0.03)
    assert "Changes are those from 'before' to 'after'" in (tmp_path / "results" / "methods.txt").read_text(encoding="utf-8")
    assert (tmp_path / "results" / "report.html").is_file()
