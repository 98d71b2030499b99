"""Where a volume is opened: not on a black slice where another one shows the leg."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.workflow.viewing.first_look import first_look
from ifssnet.workflow.viewing.grey_slices import GreySlices


def look(array: np.ndarray) -> tuple[int, int, int]:
    shape = (array.shape[0], array.shape[1], array.shape[2])
    return first_look(GreySlices(Volume(array, Grid(shape, (1.0, 1.0, 1.0)))))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_a_volume_is_opened_on_the_slice_nearest_to_its_middle_that_shows_the_leg(dtype: type) -> None:
    array = np.zeros((30, 100, 140), dtype=dtype)
    array[3:11, 60:80, 100:120] = 200
    # A slice that shows a little is no slice of the leg.
    array[15, 60:64, 100:104] = 200
    z, y, x = look(array)
    assert z == 10
    assert 66 <= y <= 73
    assert 105 <= x <= 114


def test_a_volume_that_shows_something_everywhere_is_opened_in_its_middle() -> None:
    grey = np.random.default_rng(0).integers(40, 200, (21, 30, 40), dtype=np.uint8)
    assert look(grey) == (10, 14, 19)


def test_a_volume_that_shows_nothing_is_opened_in_its_middle() -> None:
    assert look(np.zeros((9, 8, 6), dtype=np.uint8)) == (4, 4, 3)
