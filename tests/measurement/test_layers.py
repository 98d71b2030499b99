"""Overlapping segments: each is measured and compared from its own layer, whatever else is in the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.io.open import open_label_layers
from ifssnet.io.save import save
from ifssnet.io.volumes.seg_nrrd import SegmentLayers, write_seg_nrrd
from ifssnet.measurement.layers import compare_layers, measure_layers
from ifssnet.measurement.leg.muscles import measure

GRID = Grid((20, 18, 16), (1.0, 1.0, 2.0))
Z, Y, X = np.mgrid[:20, :18, :16]
SOL = ((Z - 10) / 9.0) ** 2 + ((Y - 11) / 6.0) ** 2 + ((X - 8) / 7.0) ** 2 < 1
GM = ((Z - 10) / 8.0) ** 2 + ((Y - 5) / 4.0) ** 2 + ((X - 8) / 6.0) ** 2 < 1


def written(path: Path, *layers: tuple[np.ndarray, str]) -> Path:
    maps = tuple(LabelMap(mask.astype(np.uint8), GRID, {1: name}) for mask, name in layers)
    write_seg_nrrd(SegmentLayers(maps), path, True)
    return path


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_whole_group_segment_takes_nothing_away(tmp_path: Path, order: tuple[int, ...]) -> None:
    parts = [(SOL, "SOL"), (GM, "GM"), (SOL | GM, "triceps surae")]
    path = written(tmp_path / "o.seg.nrrd", *(parts[i] for i in order))
    found = measure_layers(open_label_layers(path)).muscles
    for mask, name in parts:
        assert found[name].volume_cm3 == pytest.approx(mask.sum() * 2 / 1000)
    assert list(found)[:2] == ["SOL", "GM"]


def test_the_commands_measure_and_compare_each_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "o.seg.nrrd", (SOL, "SOL"), (SOL | GM, "group"), (GM, "GM"))
    assert main_code("measure", path, "--json") == 0
    muscles = json.loads(capsys.readouterr().out)["muscles"]
    assert muscles["SOL"]["volume_cm3"] == pytest.approx(SOL.sum() * 2 / 1000)
    save(LabelMap(SOL.astype(np.uint8), GRID, {1: "soleus"}), tmp_path / "sol.nrrd")
    with pytest.warns(InputWarning, match="reference has no GM, group"):
        agreement = compare_layers(open_label_layers(path), open_label_layers(tmp_path / "sol.nrrd"))
    assert agreement.muscles["SOL"].dice == 1
    assert agreement.muscles["GM"].dice == 0


def test_sides_on_layers_of_their_own_and_one_name_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "o.seg.nrrd", (SOL, "SOL_L"), (SOL | GM, "group"), (GM, "SOL_R"))
    assert list(measure_layers(open_label_layers(path)).muscles) == ["SOL left", "SOL right", "group"]
    twice = written(tmp_path / "t.seg.nrrd", (SOL, "SOL"), (SOL | GM, "soleus"))
    with pytest.raises(InputError, match="two for SOL"):
        measure_layers(open_label_layers(twice))


def test_segments_that_do_not_overlap_are_one_map(tmp_path: Path) -> None:
    path = written(tmp_path / "n.seg.nrrd", (SOL & ~GM, "SOL"), (GM, "GM"))
    (only,) = open_label_layers(path)
    assert measure(only).muscles["GM"].volume_cm3 == pytest.approx(GM.sum() * 2 / 1000)


def main_code(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)
