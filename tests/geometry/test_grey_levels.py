"""Grey levels of every type become the same bytes, and what cannot be known is said."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ifssnet.core.errors import InputWarning
from ifssnet.core.grey_scale import WINDOW_KEY
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.geometry.grey_levels import BRIGHT_LEVEL, on_grey_scale

BYTES = np.clip(np.random.default_rng(0).gamma(2, 20, (12, 20, 20)), 0, 255).astype(np.uint8)
BYTES[:, :, :6] = 0


def volume(array: np.ndarray, **header: str) -> Volume:
    return Volume(array, Grid((array.shape[0], array.shape[1], array.shape[2])), header)


def scaled(array: np.ndarray, **header: str) -> np.ndarray:
    """Without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return on_grey_scale(volume(array, **header))[0].array


def test_bytes_are_left_alone_to_the_bit() -> None:
    assert scaled(BYTES) is BYTES
    assert scaled(BYTES, ifss_grey_window="10 20") is BYTES


STORED = {
    "uint16 x 257": BYTES.astype(np.uint16) * 257,
    "uint16 x 256": BYTES.astype(np.uint16) * 256,
    "uint16 x 16": BYTES.astype(np.uint16) * 16,
    "int16": BYTES.astype(np.int16),
    "int16 with an offset": BYTES.astype(np.int16) * 100 - 1000,
    "int32 x 257": BYTES.astype(np.int32) * 257,
    "int8": (BYTES.astype(np.int16) - 128).astype(np.int8),
    "float32 0-1": BYTES.astype(np.float32) / np.float32(255),
    "float64 0-1": BYTES / 255,
    "float32": BYTES.astype(np.float32),
    "float32 x 257": BYTES.astype(np.float32) * 257,
    "float32 with an offset": BYTES.astype(np.float32) * np.float32(3.7) + np.float32(11),
}


@pytest.mark.parametrize("how", STORED)
def test_every_way_to_store_a_byte_gives_that_byte(how: str) -> None:
    assert np.array_equal(scaled(STORED[how]), BYTES)


@given(factor=st.integers(1, 128), offset=st.integers(-20_000, 20_000), dtype=st.sampled_from(["i4", "f8"]))
def test_no_straight_line_changes_a_byte_of_an_image_with_black_around(factor: int, offset: int, dtype: str) -> None:
    # Levels above 0 may be bytes as they are, or a multiple of them without an offset.
    assume(offset < 0 or (offset % factor and offset + 255 * factor > 300))
    assert np.array_equal(scaled(BYTES.astype(dtype) * factor + offset), BYTES)


@pytest.mark.parametrize("how", ["i2", "i8", "f4", "f8"])
def test_whole_levels_of_any_type_are_bytes(how: str) -> None:
    assert scaled(BYTES.astype(how)).dtype == np.uint8


@pytest.mark.parametrize("outside", [-32768, -1024, -300])
@pytest.mark.parametrize("factor", [1, 7, 100])
def test_a_level_outside_of_the_image_is_black_and_counts_for_no_rule(outside: int, factor: int) -> None:
    padded = np.where(BYTES == 0, outside * factor, BYTES.astype(np.int32) * factor)
    assert np.array_equal(scaled(padded), BYTES)
    assert f"{outside * factor:g} lies outside of the image" in on_grey_scale(volume(padded))[1].rule
    # One voxel alone may be a fault of the scanner: it is not what surrounds an image.
    fault = BYTES.astype(np.int32) * 200
    fault[0, 0, 0] = -10_000_000
    with pytest.warns(InputWarning):
        assert "outside" not in on_grey_scale(volume(fault))[1].rule


def test_the_window_of_the_header_counts_where_levels_are_no_bytes() -> None:
    stored = BYTES[:, :, 6:].astype(np.int32) * 200 - 3
    assert np.array_equal(scaled(stored, **{WINDOW_KEY: f"-3 {255 * 200 - 3}"}), BYTES[:, :, 6:])
    fine = stored + np.random.default_rng(1).integers(0, 50, stored.shape, dtype=np.int32)
    found, scale = on_grey_scale(volume(fine, **{WINDOW_KEY: f"-3 {255 * 200 - 3}"}))
    assert np.abs(found.array - BYTES[:, :, 6:].astype(np.float64)).max() < 0.26
    assert scale.rule == "the window in the file's header"
    assert not scale.estimated


@pytest.mark.parametrize("window", ["0 10", "900000 1000000", "5 5", "nan 3", "x"])
def test_a_window_that_the_levels_do_not_lie_in_is_passed_over(window: str) -> None:
    fine = BYTES.astype(np.int32) * 200 + np.random.default_rng(1).integers(0, 50, BYTES.shape, dtype=np.int32)
    with pytest.warns(InputWarning):
        assert on_grey_scale(volume(fine, **{WINDOW_KEY: window}))[1].estimated


def test_levels_that_nobody_explains_go_by_percentiles_and_say_so() -> None:
    fine = BYTES.astype(np.float32) * 37 + np.random.default_rng(1).random(BYTES.shape, dtype=np.float32)
    with pytest.warns(InputWarning, match="Nothing says which grey level is black"):
        found, scale = on_grey_scale(volume(fine))
    assert scale.low == 0
    assert np.percentile(found.array, 99.9) == pytest.approx(BRIGHT_LEVEL, abs=0.01)
    brightest = fine.copy()
    brightest[0, 0, 0] = 1e9
    with pytest.warns(InputWarning):
        assert on_grey_scale(volume(brightest))[1].high == pytest.approx(scale.high, rel=0.05)


def test_fractions_on_the_scale_of_bytes_stay_and_dim_ones_do_not() -> None:
    fractions = BYTES * np.float32(0.99) + np.random.default_rng(1).random(BYTES.shape, dtype=np.float32)
    assert scaled(fractions) is fractions
    with pytest.warns(InputWarning):
        assert on_grey_scale(volume(fractions / 8))[1].estimated
    assert np.allclose(scaled(fractions / 256), fractions / 256 * 255, atol=1e-3)


def test_scaling_twice_is_scaling_once_and_nan_stay() -> None:
    fine = BYTES.astype(np.float32) * 37 + np.random.default_rng(1).random(BYTES.shape, dtype=np.float32)
    fine[0, 0, :5] = np.nan
    with pytest.warns(InputWarning):
        once, _ = on_grey_scale(volume(fine))
    twice, scale = on_grey_scale(once)
    assert scale.is_identity
    assert twice.array is once.array
    assert int(np.isnan(once.array).sum()) == 5


@pytest.mark.parametrize("level", [0.0, 7.0, -5.0, 1000.5, np.nan])
def test_an_image_of_one_level_is_no_error(level: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        found, _ = on_grey_scale(volume(np.full((2, 3, 4), level)))
    assert found.array.shape == (2, 3, 4)
