"""What a network sees of a slice, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.propagate.network_input.region import (
    Region,
    Sampling,
    crop,
    crop_held,
    normalised,
    paste,
    paste_onto,
    pixel_mm,
    region_of,
    slice_step,
)


def _grid(spacing_mm: float, side: int = 128, spacing_z_mm: float = 0.277) -> Grid:
    return Grid((3, side, side), (spacing_mm, spacing_mm, spacing_z_mm))


@pytest.mark.parametrize(("spacing_mm", "factor"), [(1.108, 1), (0.277, 4), (0.5, 2), (3.0, 1)])
def test_voxels_are_averaged_to_about_the_wanted_pixel(spacing_mm: float, factor: int) -> None:
    grid = _grid(spacing_mm)
    mask = np.zeros((128, 128), dtype=bool)
    mask[50:60, 50:60] = True
    assert region_of({1: mask}, grid, Sampling()).factor == factor
    assert pixel_mm(grid, Sampling()) == pytest.approx(factor * spacing_mm)


@pytest.mark.parametrize("spacing_mm", [1.108, 0.5, 0.277])
def test_a_region_holds_what_was_drawn_with_its_margin(spacing_mm: float) -> None:
    rng = np.random.default_rng(4)
    grid, sampling = _grid(spacing_mm, 256), Sampling()
    for _ in range(20):
        y, x, height, width = (int(v) for v in rng.integers(1, 120, 4))
        mask = np.zeros((256, 256), dtype=bool)
        mask[y : y + height, x : x + width] = True
        region = region_of({0: mask, 7: np.zeros_like(mask)}, grid, sampling)
        margin = sampling.margin_mm / spacing_mm
        for first, low, length, blocks in zip((region.top, region.left), (y, x), (height, width), region.shape_yx, strict=True):
            assert first <= low - margin + 1e-9
            assert first + blocks * region.factor >= low + length + margin - 1e-9
            assert blocks % 16 == 0
            assert blocks >= 64
            assert first % region.factor == 0


def test_one_voxel_a_pixel_goes_there_and_back_exactly() -> None:
    rng = np.random.default_rng(5)
    planes = rng.integers(0, 255, (3, 100, 90)).astype(np.uint8)
    region = Region(1, -6, 20, (64, 80))
    there = crop(planes, region)
    assert there.shape == (3, 64, 80)
    back = paste(there[1], region, (100, 90), outside=-1.0)
    expected = np.full((100, 90), -1.0, dtype=np.float32)
    expected[0:58, 20:90] = planes[1, 0:58, 20:90]
    assert np.array_equal(back, expected)
    assert not there[:, :6].any()


def test_blocks_are_means_and_planes_come_back_exactly() -> None:
    y, x = np.mgrid[0:64, 0:64].astype(np.float64)
    plane = (2 * y - 3 * x + 7)[None]
    region = Region(4, 8, 4, (10, 12))
    there = crop(plane, region)
    # The mean of a linear ramp over a block is its value in the block's centre.
    assert there[0, 0, 0] == pytest.approx(2 * 9.5 - 3 * 5.5 + 7)
    back = paste(there[0], region, (64, 64), outside=0.0)
    inner = (slice(10, 46), slice(6, 50))
    assert back[inner] == pytest.approx(plane[0][inner], abs=1e-3)
    assert not back[:8].any()
    assert not back[48:].any()
    assert not back[:, 52:].any()


def test_a_mask_becomes_its_share_of_a_pixel() -> None:
    mask = np.zeros((1, 64, 64), dtype=bool)
    mask[0, 8:10, 8:12] = True
    assert crop(mask, Region(4, 0, 0, (16, 16)))[0, 2, 2] == pytest.approx(0.5)


def test_a_region_beside_the_slice_is_empty() -> None:
    planes = np.ones((1, 16, 16), dtype=np.float32)
    region = Region(2, 40, -64, (16, 16))
    assert not crop(planes, region).any()
    assert (paste(np.ones((16, 16), dtype=np.float32), region, (16, 16), outside=-5.0) == -5).all()


def test_grey_levels_are_normalised_as_published() -> None:
    assert normalised(np.array([19.0273, 53.2025]), Sampling()) == pytest.approx([0, 1], abs=1e-6)


@pytest.mark.parametrize(("spacing_z_mm", "step"), [(0.277, 1), (0.1, 3), (1.0, 1), (0.5, 1)])
def test_slices_are_stepped_over_in_whole_numbers(spacing_z_mm: float, step: int) -> None:
    assert slice_step(_grid(1.0, spacing_z_mm=spacing_z_mm), Sampling()) == step


def test_a_muscle_that_was_never_drawn_has_no_region() -> None:
    with pytest.raises(InputError, match="empty masks only"):
        region_of({0: np.zeros((128, 128), dtype=bool)}, _grid(1.0), Sampling())


def test_a_pixel_of_no_size_is_refused() -> None:
    with pytest.raises(InputError, match="pixel_mm"):
        Sampling(pixel_mm=0.0)


@pytest.mark.parametrize("factor", [1, 2, 4, 7, 9])
def test_compiled_loops_give_what_numpy_gives_to_the_last_bit(factor: int) -> None:
    generator = np.random.default_rng(factor)
    for top, left in ((3, 5), (-11, 30), (-60, 2)):
        region = Region(factor, top, left, (6, 5))
        at_y, at_x = (np.arange(blocks * factor) + first for blocks, first in ((6, top), (5, left)))
        for plane in (
            generator.normal(size=(40, 47)).astype(np.float32),
            generator.integers(0, 255, (40, 47)).astype(np.uint8),
        ):
            held = plane.astype(np.float32)[np.ix_(np.clip(at_y, 0, 39), np.clip(at_x, 0, 46))]
            seen = np.outer((at_y >= 0) & (at_y < 40), (at_x >= 0) & (at_x < 47))
            for found, voxels in (
                (crop_held(plane.astype(np.float32), region), held),
                (crop(plane[None], region)[0], held * seen),
            ):
                rows = np.add.reduceat(voxels, np.arange(0, voxels.shape[1], factor), axis=1)
                expected = np.add.reduceat(rows, np.arange(0, voxels.shape[0], factor), axis=0) / np.float32(factor**2)
                np.testing.assert_array_equal(found, expected)


def test_a_part_of_a_slice_gets_what_the_whole_slice_would() -> None:
    values = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    for region in (Region(4, 3, -7, (6, 5)), Region(1, 20, 21, (6, 5)), Region(4, 90, 0, (6, 5))):
        part = np.zeros((20, 25), dtype=np.float32)
        paste_onto(part, values, region, (10, 4))
        np.testing.assert_array_equal(part, paste(values, region, (40, 47), 0.0)[10:30, 4:29])
