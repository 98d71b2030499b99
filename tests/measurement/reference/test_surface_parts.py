"""The surface part by part, on shapes of which every number is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.results.agreement import MuscleAgreement
from ifssnet.figures.leg_report.tables import agreement_table
from ifssnet.measurement.reference.compare import compare
from ifssnet.measurement.reference.metrics.boundaries import NAMES
from ifssnet.measurement.reference.parts import surface_parts

SHAPE = (60, 20, 24)
GRID = Grid(SHAPE, (1.0, 1.0, 2.0))


def block(z: tuple[int, int] = (5, 55), y: tuple[int, int] = (4, 12), x: tuple[int, int] = (4, 16)) -> np.ndarray:
    array = np.zeros(SHAPE, np.uint8)
    array[slice(*z), slice(*y), slice(*x)] = 1
    return array


def against_block(found: np.ndarray, header: dict[str, str] | None = None, without: tuple[int, ...] = ()) -> MuscleAgreement:
    reference = LabelMap(block(), GRID, {1: "SOL"}, header=header or {})
    return compare(LabelMap(found, GRID, {1: "SOL"}), reference, {"SOL": without}).muscles["SOL"]


def parts(found: MuscleAgreement, kind: str) -> dict[str, float]:
    return {part: found.further[f"{kind}_{part}_mm"] for part in NAMES}


def test_no_error_is_no_error_in_every_part():
    found = against_block(block())
    assert parts(found, "asd") == parts(found, "offset") == dict.fromkeys(NAMES, 0.0)


@pytest.mark.parametrize(("lost", "end"), [((3, 0), "first_end"), ((0, 3), "last_end")])
def test_an_end_that_is_cut_off_counts_at_that_end(lost: tuple[int, int], end: str):
    found = against_block(block(z=(5 + lost[0], 55 - lost[1])))
    distance, offset = parts(found, "asd"), parts(found, "offset")
    other = {"first_end", "last_end"} - {end}
    assert distance["middle"] == offset["middle"] == distance[other.pop()] == 0
    # The end's own face, 8 x 12 voxels, lies 6 mm from the other's; the sides of the lost slices lie 6, 4 and 2 mm from it at
    # the most, and everything points inwards.
    assert 0.5 < distance[end] < 6
    assert offset[end] < 0
    assert offset[end] == pytest.approx(-distance[end])


def test_ten_slices_too_many_belong_to_the_end_that_they_follow():
    offset = parts(against_block(block(z=(5, 58))), "offset")
    assert offset["last_end"] > 0
    assert offset["first_end"] == offset["middle"] == 0


@pytest.mark.parametrize(
    ("rows", "side", "sign"), [((2, 12), "superficial", 1), ((6, 12), "superficial", -1), ((4, 14), "deep", 1)]
)
def test_a_side_that_is_moved_counts_on_that_side(rows: tuple[int, int], side: str, sign: int):
    found = against_block(block(y=rows))
    other = "deep" if side == "superficial" else "superficial"
    assert parts(found, "asd")[side] > 0.5
    assert parts(found, "offset")[side] == pytest.approx(sign * parts(found, "asd")[side])
    assert parts(found, "asd")[other] == 0


def test_the_middle_of_a_long_slab_moved_by_two_rows_is_off_by_what_can_be_counted():
    # On one inner slice: the border of 8 x 12 pixels, and that of 10 x 12 with two more rows on top.
    found = against_block(block(y=(2, 12)), without=tuple(z for z in range(60) if z != 30))
    # Of the segmentation, row 2: ten voxels 2 mm off (corners lie 2 mm from the corner); row 3: both ends 1 mm off. Of the
    # reference, row 4: inside the segmentation; its ten inner voxels are 2, 2, 3 ... from it, the nearest of top and sides.
    top = 12 * 2 + 2 * 1
    inner = sum(min(2, x - 4, 15 - x) for x in range(4, 16))
    superficial = (12 + 2 + 2 * 4) + (12 + 2 * 3)
    assert found.further["asd_superficial_mm"] == pytest.approx((top + inner) / superficial)
    assert found.further["asd_deep_mm"] == 0
    assert math.isnan(found.further["asd_first_end_mm"])


def test_the_probes_side_is_taken_from_the_header():
    found = against_block(block(y=(2, 12)), {"UltrasoundImageOrientation": "MN"})
    assert found.further["asd_superficial_mm"] == 0
    assert found.further["asd_deep_mm"] > 0


def test_a_slanted_muscle_is_halved_in_every_column():
    array = np.zeros((10, 30, 10), np.uint8)
    for x in range(1, 9):
        array[2:8, 2 * x : 2 * x + 7, x] = 1
    found = surface_parts(array, 1, (slice(2, 8), slice(2, 23), slice(1, 9)), "-y")
    tops = np.array([(4, 2 * x + 2, x) for x in range(1, 9)])
    assert found.holds("superficial", tops).all()
    assert found.holds("deep", tops + np.array((0, 2, 0))).all()
    # Beside and beyond the muscle the nearest column and slice decide.
    assert found.holds("superficial", np.array([(0, 4, 0), (9, 18, 9)])).tolist() == [True, True]
    assert found.holds("deep", np.array([(0, 6, 0), (9, 20, 9)])).tolist() == [True, True]


def test_a_muscle_that_one_map_lacks_has_no_parts_or_none_near():
    with pytest.warns(Warning, match="reference has no SOL"):
        lacking = compare(
            LabelMap(np.where(block() > 0, 1, 0) + 2 * block(x=(18, 22)), GRID, {1: "SOL", 2: "GM"}),
            LabelMap(2 * block(x=(18, 22)), GRID, {2: "GM"}),
        ).muscles["SOL"]
    assert all(math.isnan(number) for number in parts(lacking, "asd").values())
    assert set(parts(against_block(block() * np.uint8(0)), "asd").values()) == {math.inf}


def test_the_report_has_a_table_of_the_parts():
    reference, found = (LabelMap(array, GRID, {1: "SOL"}) for array in (block(), block(y=(2, 12))))
    page = agreement_table(compare(found, reference), {"SOL": (1, 2, 3)})
    whole, by_part = page.split("Where the surfaces differ", 1)
    assert "asd_superficial_mm" not in whole
    assert 'data-key="offset_superficial_mm"' in by_part
