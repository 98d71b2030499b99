"""Boxes: hand-drawn masks, then cropping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ifssnet.core.errors import InputError
from ifssnet.geometry.masks.box import bounding_box, crop, grown, is_empty, label_boxes


def test_holds_every_marked_element_with_its_margin_and_stops_at_the_border():
    mask = np.zeros((5, 6, 7), dtype=bool)
    mask[1, 2, 3] = mask[2, 2, 6] = True
    assert bounding_box(mask) == (slice(1, 3), slice(2, 3), slice(3, 7))
    assert bounding_box(mask, 1) == (slice(0, 4), slice(1, 4), slice(2, 7))
    assert bounding_box(mask, (0, 2, 9)) == (slice(1, 3), slice(0, 5), slice(0, 7))


def test_nothing_marked_gives_an_empty_box():
    box = bounding_box(np.zeros((3, 4), dtype=bool), 2)
    assert is_empty(box)
    assert np.zeros((3, 4))[box].size == 0
    assert grown(box, 3, (3, 4)) == box


def test_label_boxes_in_one_pass_agree_with_a_box_each():
    array = np.random.default_rng(3).choice([0, 0, 0, 0, 0, 0, 7, 300], size=(6, 5, 9)).astype(np.uint16)
    array[0] = 0
    boxes = label_boxes(array, [300, 7, 12])
    assert boxes[7] == bounding_box(array == 7)
    assert boxes[300] == bounding_box(array == 300)
    assert is_empty(boxes[12])


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.integers(0, 1)), st.integers(0, 3)
)
def test_a_crop_holds_everything_and_lies_where_its_box_says(array, margin):
    box = bounding_box(array.astype(bool), margin)
    piece = crop(array, box)
    assert piece.sum() == array.sum()
    whole = np.zeros_like(array)
    whole[box] = piece
    np.testing.assert_array_equal(whole, array)


def test_a_box_beyond_the_array_is_refused():
    with pytest.raises(InputError, match=r"within \(3, 3\).*0:4, 0:3"):
        crop(np.zeros((3, 3)), (slice(0, 4), slice(0, 3)))
