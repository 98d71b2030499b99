"""Muscles that end at full width, that stand on a slice or two, or that are clicks."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.measurement.checks.completeness import completeness_finding, completeness_findings

GRID = Grid((40, 50, 50), (1.0, 1.0, 3.0))
Z, Y, X = np.mgrid[:40, :50, :50]
SPINDLE = ((Z - 20) / 15) ** 2 + ((Y - 25) / 20) ** 2 + ((X - 25) / 20) ** 2 < 1


def found(mask: np.ndarray) -> list[str]:
    return [each.text for each in completeness_findings(LabelMap(mask.astype(np.uint8), GRID, {1: "SOL"}))]


def test_a_whole_muscle_is_silence() -> None:
    assert found(SPINDLE) == []


@pytest.mark.parametrize(("factor", "unit"), [(1e-3, "metres"), (1e3, "micrometres")])
def test_a_map_of_a_size_that_no_leg_has_is_told_once_with_the_likely_unit(factor: float, unit: str) -> None:
    grid = Grid(GRID.shape_zyx, (factor, factor, 3 * factor))
    (told,) = completeness_findings(LabelMap(SPINDLE.astype(np.uint8), grid, {1: "SOL"}))
    assert (told.severity, told.unit, told.figure) == ("warning", "mm", 120 * factor)
    assert "which no leg is" in told.text
    assert unit in told.remedy


def test_names_without_a_voxel_share_a_warning() -> None:
    labels = LabelMap(SPINDLE.astype(np.uint8), GRID, {1: "SOL", 2: "GM", 3: "GL"})
    (empty,) = completeness_findings(labels)
    assert (empty.severity, empty.figure) == ("warning", 0.0)
    assert empty.text == "GM, GL have names and not one voxel: 0 cm3 says nothing of the leg."
    (alone,) = completeness_findings(LabelMap(labels.array, GRID, {1: "SOL", 2: "GM"}))
    assert alone.text == "GM has a name and not one voxel: 0 cm3 says nothing of the leg."


def test_a_cut_muscle_names_its_area_its_slice_and_what_the_volume_covers() -> None:
    (text,) = found(SPINDLE & (Z <= 20))
    start, area, end = re.split(r" has ([\d.]+) cm2 ", text)
    assert (start, end) == ("SOL still", "on its outermost slice (z 20); the volume covers slices 6-20 only.")
    # The largest section is a disc of 20 mm radius.
    assert float(area) == pytest.approx(math.pi * 4, rel=0.02)
    (both,) = found(SPINDLE & (Z <= 22) & (Z >= 12))
    assert both.count("outermost slice") == 2
    assert "12-22" in both


@pytest.mark.parametrize("slices", [(20,), (20, 21, 22), (8, 30)])
def test_what_stands_on_a_few_slices_was_not_carried(slices: tuple[int, ...]) -> None:
    (text,) = found(SPINDLE & np.isin(Z, slices))
    assert "nothing was carried" in text
    assert all(str(z) in text for z in slices)
    assert ("slices" in text.partition(" only")[0]) == (len(slices) > 1)


def test_four_slices_and_five_square_millimetres_are_enough() -> None:
    assert found(SPINDLE & np.isin(Z, (6, 15, 25, 34))) == []
    (text,) = found((np.abs(Y - 25) + np.abs(X - 25) <= 1) & (Z > 5) & (Z < 30))
    assert "click" not in text


def test_an_end_of_exactly_the_share_is_no_cut() -> None:
    assert completeness_finding("SOL", np.array([7.0, 20.0, 20.0, 20.0, 1.0])) is None
    cut = completeness_finding("SOL", np.array([7.1, 20.0, 20.0, 20.0, 1.0]))
    assert cut is not None
    assert cut.figure == 7.1


def test_a_click_is_no_outline() -> None:
    (text,) = found((np.abs(Y - 25) < 2) & (np.abs(X - 25) < 1) & (Z > 5) & (Z < 30))
    assert "3 mm2" in text
    assert "click" in text
