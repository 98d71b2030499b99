"""Masks go out as PNG pictures and come back without loss: geometry, names, colours, overlaps and annotated slices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifssnet.cli.main import main
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.axis_order import Order, reordered, reordered_grid
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.io.seeds.seed_files import open_seeds, save_seeds

GRID = Grid((30, 20, 24), (0.7, 0.8, 2.0), (-3.0, 40.0, 7.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
Z, Y, X = np.mgrid[:30, :20, :24].astype(np.float64)
SOL = ((Z - 15) / 13) ** 2 + ((Y - 12) / 6) ** 2 + ((X - 12) / 10) ** 2 < 1
GM = ((Z - 14) / 9) ** 2 + ((Y - 4) / 4) ** 2 + ((X - 9) / 7) ** 2 < 1
BOTH = np.where(SOL, 3, np.where(GM, 7, 0)).astype(np.uint8)
NAMES = {3: "SOL", 7: "Muskel: Größe/2"}
ORDERS: list[Order] = [(0, 1, 2), (2, 0, 1), (1, 2, 0)]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.mark.parametrize("order", ORDERS)
def test_a_complete_map_comes_back_as_it_was(tmp_path: Path, order: Order) -> None:
    labels = LabelMap(reordered(BOTH, order), reordered_grid(GRID, order), NAMES, {3: (10, 20, 30)})
    save(labels, tmp_path / "leg.nrrd")
    assert run("slices", "export", tmp_path / "leg.nrrd", "-o", tmp_path / "out", "-q") == 0
    assert (tmp_path / "out" / "SOL_0015.png").is_file()
    assert run("slices", "import", tmp_path / "out", "-o", tmp_path / "again.nrrd", "-q") == 0
    again = open_labels(tmp_path / "again.nrrd")
    assert np.array_equal(again.array, labels.array)
    assert again.grid.matches(labels.grid)
    assert (again.names, again.colors[3]) == (NAMES, (10, 20, 30))


def test_seeds_come_back_with_what_was_looked_for_and_overlaps(tmp_path: Path) -> None:
    nothing = np.zeros((20, 24), dtype=bool)
    wide = SOL[10] | GM[10]
    seeds = Seeds({1: {2: nothing, 10: wide, 20: SOL[20]}, 2: {10: GM[10], 28: nothing}}, GRID, {1: "SOL", 2: "GM"})
    save_seeds(seeds, tmp_path / "seeds.seg.nrrd")
    assert run("slices", "export", tmp_path / "seeds.seg.nrrd", "-o", tmp_path / "out", "-q") == 0
    assert run("slices", "import", tmp_path / "out", "-o", tmp_path / "again.seg.nrrd", "-q") == 0
    for again in (open_seeds(tmp_path / "again.seg.nrrd"), open_seeds(tmp_path / "out")):
        by_name = {again.name(label): label for label in again.labels}
        for label, name in seeds.names.items():
            assert again.slices(by_name[name]) == seeds.slices(label)
            for z, mask in seeds.masks[label].items():
                assert np.array_equal(again.masks[by_name[name]][z], mask)
        assert again.grid.matches(GRID)


def test_an_edited_picture_changes_its_slice_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(LabelMap(BOTH, GRID, {3: "SOL", 7: "GM"}), tmp_path / "leg.seg.nrrd")
    assert run("slices", "export", tmp_path / "leg.seg.nrrd", "--slices", "10,20", "-o", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["masks"], told["complete"], told["muscles"]) == (4, False, ["SOL", "GM"])
    edited = np.zeros((20, 24), dtype=bool)
    edited[8:14, 5:15] = True
    Image.fromarray((255 * edited).astype(np.uint8)).convert("RGBA").save(tmp_path / "out" / "SOL_0010.png")
    seeds = open_seeds(tmp_path / "out")
    assert np.array_equal(seeds.masks[3][10], edited)
    assert np.array_equal(seeds.masks[3][20], SOL[20])
    image = np.random.default_rng(0).integers(0, 255, (20, 24), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "out" / "SOL_0010.png")
    assert run("slices", "import", tmp_path / "out", "-o", tmp_path / "again.seg.nrrd") == 2
    assert "SOL_0010.png" in capsys.readouterr().err
    assert not (tmp_path / "again.seg.nrrd").exists()


def test_a_folder_without_its_description_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.zeros((20, 24), np.uint8)).save(tmp_path / "masks" / "SOL_0001.png")
    assert run("slices", "import", tmp_path / "masks", "-o", tmp_path / "again.nrrd") == 2
    assert "--volume" in capsys.readouterr().err
