"""Overlap: counts by hand, empty masks as documented, properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ifssnet.measurement.reference.overlap import Overlap, joint_counts, overlap, total

MASKS = hnp.arrays(np.bool_, st.just((2, 4, 5)))


def test_two_squares_that_share_two_pixels_by_hand():
    mask, reference = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    mask[2:4, 2:4] = True  # 4 pixels
    reference[2:4, 3:6] = True  # 6 pixels, 2 of them shared
    found = overlap(mask, reference)
    assert found == Overlap(both=2, only_mask=2, only_reference=4, neither=92)
    assert found.dice == pytest.approx(2 * 2 / 10)
    assert found.iou == pytest.approx(2 / 8)
    assert found.miou == pytest.approx((2 / 8 + 92 / 98) / 2)
    assert found.precision == pytest.approx(2 / 4)
    assert found.recall == pytest.approx(2 / 6)
    assert found.volume_error_percent == pytest.approx(-100 / 3)
    assert found.numbers()["absolute_volume_error_percent"] == pytest.approx(100 / 3)


def test_empty_against_empty_is_perfect():
    nothing = np.zeros((3, 3), bool)
    found = overlap(nothing, nothing)
    assert (found.dice, found.iou, found.miou, found.precision, found.recall) == (1, 1, 1, 1, 1)
    assert found.volume_error_percent == 0
    everywhere = overlap(~nothing, ~nothing)
    assert everywhere.background_iou == everywhere.miou == 1


def test_empty_against_full_and_full_against_empty_are_wrong_altogether():
    nothing, everything = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    missed, invented = overlap(nothing, everything), overlap(everything, nothing)
    for found in (missed, invented):
        assert (found.dice, found.iou, found.miou, found.precision, found.recall) == (0, 0, 0, 0, 0)
    assert missed.volume_error_percent == -100
    assert invented.volume_error_percent == math.inf


@settings(max_examples=50, deadline=None)
@given(MASKS, MASKS)
def test_properties(mask, reference):
    found, swapped = overlap(mask, reference), overlap(reference, mask)
    assert found.dice == swapped.dice
    assert found.miou == swapped.miou
    assert found.precision == swapped.recall
    assert 0 <= found.iou <= found.dice <= 1
    assert found.dice == pytest.approx(2 * found.iou / (1 + found.iou))
    assert overlap(mask, mask).dice == 1
    assert overlap(mask[:, ::-1], reference[:, ::-1]) == found


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint8, (3, 4, 5), elements=st.sampled_from([0, 1, 7, 9])),
    hnp.arrays(np.int16, (3, 4, 5), elements=st.sampled_from([-1, 0, 2, 300])),
)
def test_one_pass_over_two_label_maps_agrees_with_a_mask_at_a_time(labels, reference):
    counts = joint_counts(labels, reference, [7, 1], [300, 2])
    for value in (1, 7, None):
        for other in (2, 300, None):
            by_slice = counts.by_slice(value, other)
            mask = np.zeros(labels.shape, bool) if value is None else labels == value
            truth = np.zeros(labels.shape, bool) if other is None else reference == other
            assert by_slice == [overlap(mask[z], truth[z]) for z in range(3)]
            assert total(by_slice) == overlap(mask, truth)
    # The same with more slices than rows, and more rows than columns.
    turned, other = np.ascontiguousarray(labels.T), np.ascontiguousarray(reference.T)
    by_slice = joint_counts(turned, other, [7], [2]).by_slice(7, 2)
    assert by_slice == [overlap(turned[x] == 7, other[x] == 2) for x in range(5)]
