"""Rows of one value."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.geometry.masks.even_rows import is_even


@pytest.mark.parametrize(
    ("row", "expected"), [([4], True), ([0] * 70, True), ([7] * 69 + [6], False), ([6] + [7] * 69, False), ([7, 6, 7], False)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_a_row_is_even_where_no_element_differs(row: list[int], expected: bool, dtype: type[np.generic]) -> None:
    assert is_even(np.array(row, dtype=dtype)) is expected
