"""Which pixels are used, against the definition pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.compounding.options import CompoundOptions, Fan, Rectangle
from ifssnet.compounding.spans import frame_spans, pixels_in
from ifssnet.core.errors import InputError


def used(options: CompoundOptions, shape_vu: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape_vu, dtype=int)
    for v, (a, b, c, d) in enumerate(frame_spans(options, shape_vu)):
        mask[v, a : b + 1] += 1
        mask[v, c : d + 1] += 1
    return mask


def test_a_rectangle_reaches_to_origin_plus_size_inclusive():
    mask = used(CompoundOptions(clip=Rectangle(2, 3, 4, 2)), (10, 10))
    assert mask.sum() == 5 * 3
    assert mask[3:6, 2:7].all()


def test_a_rectangle_as_large_as_the_frame_is_the_frame():
    assert used(CompoundOptions(clip=Rectangle(0, 0, 10, 8)), (8, 10)).all()


def test_a_rectangle_outside_the_frame_is_refused():
    with pytest.raises(InputError, match="clip rectangle within frames of 10 x 8"):
        frame_spans(CompoundOptions(clip=Rectangle(10, 0, 4, 4)), (8, 10))


@settings(deadline=None, max_examples=60)
@given(
    angles=st.tuples(st.integers(-70, -5).map(float), st.integers(5, 70).map(float)),
    origin=st.tuples(st.integers(0, 39).map(float), st.integers(-8, 12).map(float)),
    depths=st.tuples(st.integers(0, 15).map(float), st.integers(16, 45).map(float)),
    clip=st.one_of(st.none(), st.just(Rectangle(5, 4, 28, 20))),
)
def test_a_fan_is_what_lies_between_its_edges_and_arcs(angles, origin, depths, clip):
    shape = (30, 40)
    options = CompoundOptions(clip=clip, fan=Fan(angles, origin, *depths))
    v, u = np.indices(shape)
    x, y = u - origin[0], v - origin[1]
    left, right = (math.tan(math.radians(a)) for a in angles)
    squared = x * x + y * y
    expected = (y >= 0) & (x >= left * y - 1e-5) & (x <= right * y + 1e-5)
    expected &= (squared >= depths[0] ** 2) & (squared <= depths[1] ** 2)
    if clip is not None:
        expected &= (u >= 5) & (u <= 33) & (v >= 4) & (v <= 24)
    if not expected.any():
        with pytest.raises(InputError):
            frame_spans(options, shape)
        return
    np.testing.assert_array_equal(used(options, shape), expected.astype(int))
    assert pixels_in(frame_spans(options, shape)) == expected.sum()


def test_plus_keeps_one_pixel_away_from_the_edges_of_a_fan():
    # Row 10 below the origin, 45 degrees to either side: edges at 20 - 10 and 20 + 10, the outer arc beyond them.
    fan = Fan((-45.0, 45.0), (20.0, 0.0), 0.0, 100.0)
    exact = used(CompoundOptions(fan=fan), (30, 41))[10]
    plus = used(CompoundOptions(fan=fan, arithmetic="full"), (30, 41))[10]
    np.testing.assert_array_equal(np.flatnonzero(exact)[[0, -1]], (10, 30))
    np.testing.assert_array_equal(np.flatnonzero(plus)[[0, -1]], (11, 29))


def test_the_near_field_cuts_a_row_in_two():
    # At depth 6 a near field of 10 reaches 8 to either side: 12 and 28 lie on the arc and are kept.
    row = used(CompoundOptions(fan=Fan((-80.0, 80.0), (20.0, 0.0), 10.0, 100.0)), (30, 41))[6]
    assert row[12]
    assert row[28]
    assert not row[13:28].any()
    plus = used(CompoundOptions(fan=Fan((-80.0, 80.0), (20.0, 0.0), 10.0, 100.0), arithmetic="partial"), (30, 41))[6]
    assert plus[12]
    assert not plus[13:28].any()


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Rectangle(0, 0, 0, 5),
        lambda: Fan((10.0, 10.0), (0.0, 0.0), 0.0, 5.0),
        lambda: Fan((-95.0, 10.0), (0.0, 0.0), 0.0, 5.0),
        lambda: Fan((-10.0, 10.0), (0.0, 0.0), 9.0, 5.0),
        lambda: Fan((-10.0, math.nan), (0.0, 0.0), 0.0, 5.0),
        lambda: CompoundOptions(spacing_mm=0.0),
        lambda: CompoundOptions(spacing_mm=(1.0, 1.0, math.inf)),
        lambda: CompoundOptions(skip_interval=0),
        lambda: CompoundOptions(axis_weight_mm=-1.0),
        lambda: CompoundOptions(axis_weight_mm=5.0, compounding="latest"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(broken):
    with pytest.raises(InputError):
        broken()
