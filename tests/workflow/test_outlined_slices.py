"""Which slices a page shows."""

from __future__ import annotations

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.workflow.report.outlined_slices import even_places, places_between


def column(first: int, last: int, slices: int = 40) -> LabelMap:
    array = np.zeros((slices, 4, 4), np.uint8)
    array[first : last + 1, 1:3, 1:3] = 1
    return LabelMap(array, Grid((slices, 4, 4)), {1: "SOL"})


def test_even_places_hold_both_ends() -> None:
    assert even_places([column(10, 30)], 3) == [10, 20, 30]
    assert even_places([column(10, 11)], 5) == [10, 11]
    assert even_places([column(1, 0)], 3) == []


def test_places_between_lie_farthest_from_what_was_drawn() -> None:
    # 30 slices in three parts, 5..14, 15..24, 25..34; drawn at 5, 15 and 34.
    # 5..14: 10 is 5 from both. 15..24: 24 is 9 and 10 away, so it is 24. 25..34: 25 is 9 from 34 and 10 from 15.
    assert places_between([column(5, 34)], {5, 15, 34}, 3) == [10, 24, 25]
    # Where all are as far, the middle of the part counts: of 0..9, 4.5 lies between 4 and 5, of which the first is taken.
    assert places_between([column(0, 29)], set(), 3) == [4, 14, 24]
    assert places_between([column(7, 8)], {7}, 3) == [7, 8]
    assert places_between([column(1, 0)], {7}, 3) == []
