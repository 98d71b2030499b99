"""How much of what was drawn each protocol gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.resample import seeds_on
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.seeding.protocols import restrict

GRID = Grid((420, 4, 4))
DRAWN, EMPTY = np.ones((4, 4), bool), np.zeros((4, 4), bool)


def seeds(present: list[int], absent: list[int] | None = None) -> Seeds:
    masks = dict.fromkeys(present, DRAWN) | dict.fromkeys(absent or [], EMPTY)
    return Seeds({1: masks, 2: {7: DRAWN}}, GRID, {1: "SOL", 2: "GM"})


def test_first_three_takes_the_first_drawn_group_and_no_ends() -> None:
    given = restrict(seeds([10, 11, 12, 13, 110, 111, 112], [9, 113]), "first-three")
    assert given.slices(1) == (10, 11, 12)
    assert given.slices(2) == (7,)


def test_a_first_group_of_one_stays_one() -> None:
    assert restrict(seeds([10, 12, 13]), "first-three").slices(1) == (10,)


def test_every_hundred_takes_groups_by_period_and_drops_ends() -> None:
    drawn = [10, 11, 12, 110, 111, 112, 210, 211, 212, 233]
    given = restrict(seeds(drawn, [9, 234]), "every-100")
    assert given.slices(1) == (10, 11, 12, 110, 111, 112, 210, 211, 212)


def test_every_hundred_thins_denser_groups_and_keeps_sparser_ones() -> None:
    dense = [z for start in range(10, 311, 50) for z in (start, start + 1, start + 2)]
    assert restrict(seeds(dense), "every-100").slices(1) == (10, 11, 12, 110, 111, 112, 210, 211, 212, 310, 311, 312)
    assert restrict(seeds([10, 11, 12, 210, 211, 212]), "every-100").slices(1) == (10, 11, 12, 210, 211, 212)


def test_every_hundred_of_a_fully_drawn_muscle_is_three_in_a_hundred() -> None:
    given = restrict(seeds(list(range(20, 271))), "every-100")
    assert given.slices(1) == (20, 21, 22, 120, 121, 122, 220, 221, 222)


def test_a_group_before_its_place_is_taken_from_its_end() -> None:
    # Slice 110 is wanted: 90 to 100 is 10 away, 130 is 20 away; the nearest three of it are 98 to 100.
    assert restrict(seeds([10, *range(90, 101), 130]), "every-100").slices(1) == (10, 98, 99, 100)


def test_all_seeds_are_all_seeds_and_other_words_are_none() -> None:
    drawn = seeds([10, 200], [9])
    assert restrict(drawn, "all-seeds") is drawn
    with pytest.raises(InputError, match="first-three, every-100, all-seeds"):
        restrict(drawn, "first-five")


def test_a_muscle_that_is_nowhere_drawn_keeps_no_slices() -> None:
    nothing = Seeds({1: {3: EMPTY}}, GRID, {1: "SOL"})
    assert restrict(nothing, "every-100").slices(1) == ()
    assert restrict(nothing, "first-three").slices(1) == ()


def test_narrowed_seeds_keep_the_axes_that_they_were_drawn_along() -> None:
    drawn = replace(seeds([10, 11, 12, 110, 111, 112]), axes=(2, 0, 1))
    for protocol in ("first-three", "every-100", "all-seeds"):
        assert restrict(drawn, protocol).axes == (2, 0, 1)
    assert ShapeInterpolation().prepare(None, drawn).smoothed_seeds.axes == (2, 0, 1)
    assert seeds_on(drawn, replace(GRID, origin_xyz_mm=(0.0, 0.0, 1e-7))).axes == (2, 0, 1)
