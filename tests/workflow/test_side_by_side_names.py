"""Methods side by side whose files call the muscles by different words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.figures.leg_report.content import ComparedMethod
from ifssnet.io.save import save
from ifssnet.measurement.layers import compare_layers
from ifssnet.workflow.report.side_by_side import OtherSegmentation, compared_methods


def test_every_method_calls_a_muscle_what_the_page_calls_it(tmp_path: Path) -> None:
    array = np.zeros((9, 8, 10), np.uint8)
    array[1:8, 2:6, 1:4], array[1:8, 2:6, 5:9] = 1, 2
    grid = Grid(array.shape, (1.0, 1.0, 2.0))
    page = (LabelMap(array, grid, {1: "TA", 2: "SOL"}),)
    save(LabelMap(array, grid, {1: "tibialis anterior", 2: "SOL_L"}), tmp_path / "other.seg.nrrd")
    first = ComparedMethod("Anchored", compare_layers(page, page))
    other = OtherSegmentation("Grown", tmp_path / "other.seg.nrrd")
    methods = compared_methods(first, page, [other], page, None, None)
    assert [list(each.masks) for method in methods for each in method.slices] == [["SOL", "TA"]] * 6
    for mine, others in zip(methods[0].slices, methods[1].slices, strict=True):
        assert all((mask == others.masks[name]).all() for name, mask in mine.masks.items())
    assert [each.dice for each in methods[1].agreement.muscles.values()] == [1.0, 1.0]
