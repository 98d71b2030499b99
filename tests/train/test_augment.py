from __future__ import annotations

import time

import numpy as np
import pytest

from ifssnet.train.data.augment import Bends, Corruption, GreyChanges, change_grey, corrupt_mask, draw_warp, flip, smooth_field
from ifssnet.train.data.grey import blur, curve, speckle

STILL = Bends(bend_mm=0.0, turn_deg=0.0, scale=0.0, shift_mm=0.0)
NOTHING = Corruption(grow_mm=0.0, bend_mm=0.0, shift_mm=0.0, hole_chance=0.0, blob_chance=0.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def disc(radius: float, size: int = 96) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.hypot(y, x) < radius


def test_flip_turns_all_or_none() -> None:
    image, mask = np.arange(24, dtype=np.float32).reshape(2, 3, 4), np.arange(12).reshape(3, 4) > 5
    seen = set()
    for seed in range(20):
        a, b = flip(rng(seed), image, mask)
        turned = bool(a[0, 0, 0] == 3)
        seen.add(turned)
        np.testing.assert_array_equal(a, image[..., ::-1] if turned else image)
        np.testing.assert_array_equal(b, mask[:, ::-1] if turned else mask)
        assert min(a.strides) > 0  # torch takes no others
    assert seen == {True, False}
    (along,) = flip(rng(), image, axis=-3, chance=1.0)
    np.testing.assert_array_equal(along, image[::-1])


def test_a_warp_that_does_nothing_leaves_all_as_it_was() -> None:
    image = rng(1).random((3, 20, 30), dtype=np.float32)
    warp = draw_warp(rng(), (20, 30), 1.0, STILL)
    np.testing.assert_allclose(warp.image(image), image, atol=1e-4)
    np.testing.assert_array_equal(warp.mask(image > 0.5), image > 0.5)


def test_a_shift_takes_values_from_where_it_says() -> None:
    y, x = np.mgrid[:30, :40].astype(np.float32)
    warp = draw_warp(rng(2), (30, 40), 2.0, Bends(bend_mm=0.0, turn_deg=0.0, scale=0.0, shift_mm=6.0))
    inner = (slice(4, -4), slice(4, -4))
    moved_y, moved_x = (warp.image(y) - y)[inner], (warp.image(x) - x)[inner]
    # At most 6 mm are 3 pixels.
    for moved in (moved_y, moved_x):
        assert np.ptp(moved) < 1e-4
        assert 0.05 < abs(moved.mean()) <= 3


def test_growth_grows_the_area_and_the_distances() -> None:
    mask = disc(20)
    depth = (20 - np.hypot(*(np.mgrid[:96, :96] - 47.5))).astype(np.float32)
    for seed in range(4):
        warp = draw_warp(rng(seed), (96, 96), 1.0, Bends(bend_mm=0.0, turn_deg=8.0, scale=0.2, shift_mm=0.0))
        assert 1 / 1.2 <= warp.growth <= 1.2
        assert warp.mask(mask).sum() == pytest.approx(mask.sum() * warp.growth**2, rel=0.02)
        # Turning a disc leaves it: the distance map of the larger disc, away from its tip and the edge.
        truth = 20 * warp.growth - np.hypot(*(np.mgrid[:96, :96] - 47.5))
        ring = np.abs(truth) < 15
        np.testing.assert_allclose(warp.distance(depth)[ring], truth[ring], atol=0.05)


def test_image_mask_and_distances_bend_alike_and_nothing_folds() -> None:
    mask = np.repeat(disc(25)[None], 3, axis=0)
    depth = np.repeat((25 - np.hypot(*(np.mgrid[:96, :96] - 47.5)))[None], 3, axis=0).astype(np.float32)
    for seed in range(5):
        warp = draw_warp(rng(seed), (96, 96), 1.1, Bends(bend_mm=30.0, control_points_mm=15.0))
        bent = warp.mask(mask)
        assert (bent[0] ^ disc(25)).sum() > 100
        assert ((warp.distance(depth) > 0) ^ bent).mean() < 0.01
        np.testing.assert_array_equal(bent[0], bent[2])
        (down_y, down_x), (right_y, right_x) = np.gradient(warp.rows), np.gradient(warp.columns)
        assert (down_y * right_x - down_x * right_y > 0).all()


def test_a_smooth_field_has_the_spread_it_is_asked_for() -> None:
    source = rng(3)
    fields = np.stack([smooth_field(source, (40, 60), 2.0, 8.0) for _ in range(300)])
    assert fields.std() == pytest.approx(2.0, rel=0.05)
    assert abs(fields.mean()) < 0.05
    assert np.abs(np.diff(fields, axis=1)).mean() < 0.5


def test_gamma_by_hand() -> None:
    grey = np.array([[0.0, 64.0, 100.5, 255.0]], dtype=np.float32)
    np.testing.assert_allclose(curve(grey, 2.0), grey**2 / 255, atol=0.01)
    np.testing.assert_allclose(curve(grey, 1.0), grey, atol=1e-4)


def test_blur_keeps_the_mean_and_spreads_a_point() -> None:
    point = np.zeros((1, 5, 5), np.float32)
    point[0, 2, 2] = 16
    assert blur(point, 0.25)[0, 1:4, 1:4].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    image = rng(4).random((2, 7, 9), dtype=np.float32)
    assert blur(image, 0.2).mean() == pytest.approx(image.mean(), rel=1e-5)


def test_speckle_has_the_spread_it_is_asked_for() -> None:
    noise = speckle(rng(5), (9, 96, 96), 6.0)
    assert noise.std() == pytest.approx(6.0, rel=0.02)
    assert abs(noise.mean()) < 0.1
    # Neighbours are correlated as 1 2 1 leaves them: 4 / 6.
    assert np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] == pytest.approx(4 / 6, abs=0.02)


def test_grey_levels_stay_grey_levels_and_what_was_not_scanned_stays_so() -> None:
    image = (rng(6).random((3, 40, 40)) * 254 + 1).astype(np.float32)
    image[:, :, :10] = 0
    before = image.copy()
    for seed in range(10):
        changed = change_grey(rng(seed), image, GreyChanges(chance=1.0))
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 255
        assert (changed[:, :, :10] == 0).all()
        assert np.abs(changed - image).mean() > 1
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(change_grey(rng(), image, GreyChanges(chance=0.0)), image)


def test_nothing_wrong_leaves_the_mask() -> None:
    np.testing.assert_array_equal(corrupt_mask(rng(), disc(20), 1.1, NOTHING), disc(20))
    np.testing.assert_array_equal(corrupt_mask(rng(), disc(20), 1.1, strength=0.0), disc(20))
    empty = np.zeros((3, 20, 20), bool)
    np.testing.assert_array_equal(corrupt_mask(rng(), empty, 1.1), empty)


def test_erosion_and_dilation_move_the_border_by_their_millimetres() -> None:
    changes = [
        np.sqrt(corrupt_mask(rng(seed), disc(25), 0.5, Corruption(2.0, 0.0, 12.0, 0.0, 0.0, 0.0)).sum() / np.pi) * 0.5 - 12.5
        for seed in range(150)
    ]
    assert np.std(changes) == pytest.approx(2.0, rel=0.15)
    assert min(changes) < -1.5
    assert max(changes) > 1.5


def test_a_shift_moves_the_middle_and_keeps_the_area() -> None:
    moved = []
    for seed in range(100):
        mask = corrupt_mask(rng(seed), disc(15), 2.0, Corruption(0.0, 0.0, 12.0, 6.0, 0.0, 0.0))
        assert mask.sum() == pytest.approx(disc(15).sum(), rel=0.03)
        moved.append(np.argwhere(mask).mean(0) - 47.5)
    assert np.std(moved) * 2.0 == pytest.approx(6.0, rel=0.15)


def test_a_hole_only_takes_away_and_a_blob_only_adds() -> None:
    for seed in range(10):
        hole = corrupt_mask(rng(seed), disc(20), 1.0, Corruption(0.0, 0.0, 12.0, 0.0, 1.0, 0.0, (4.0, 6.0)))
        blob = corrupt_mask(rng(seed), disc(20), 1.0, Corruption(0.0, 0.0, 12.0, 0.0, 0.0, 1.0, (4.0, 6.0)))
        assert not (hole & ~disc(20)).any()
        assert not (disc(20) & ~blob).any()
        # Centred on the border, a hole of 4 to 6 mm takes about half of its disc; a blob lies outside, touching.
        assert 0.3 * np.pi * 16 < (disc(20) & ~hole).sum() < 0.7 * np.pi * 36
        assert 0.5 * np.pi * 16 < (blob & ~disc(20)).sum() < 1.1 * np.pi * 36


def test_a_mask_never_vanishes_and_a_stack_is_wrong_alike() -> None:
    strong = Corruption(grow_mm=20.0, bend_mm=5.0, shift_mm=0.0, hole_chance=1.0, blob_chance=0.0)
    for seed in range(30):
        assert corrupt_mask(rng(seed), disc(6, 40), 1.0, strong).any()
    stack = corrupt_mask(rng(1), np.repeat(disc(15)[None], 3, axis=0), 1.0)
    np.testing.assert_array_equal(stack[0], stack[2])


def test_a_probability_comes_back_as_one() -> None:
    soft = disc(15).astype(np.float32)
    same = corrupt_mask(rng(), soft, 1.1, NOTHING)
    assert same.dtype == np.float32
    np.testing.assert_array_equal(same, soft)
    grown = corrupt_mask(rng(), soft, 1.1, Corruption(0.2, 0.0, 12.0, 0.0, 0.0, 0.0))
    # Part of a pixel: the border is a fraction, the same all around.
    border = grown[(grown > 0) & (grown < 1)]
    assert len(border) > 50
    assert grown.max() == 1
    assert 0 < abs(grown.sum() - soft.sum()) < 2 * np.pi * 15


def test_the_generator_alone_decides() -> None:
    image, mask = (rng(7).random((9, 96, 96)) * 255).astype(np.float32), disc(25)
    for seed in (1, 2):
        first, second = rng(seed), rng(seed)
        np.testing.assert_array_equal(change_grey(first, image), change_grey(second, image))
        np.testing.assert_array_equal(corrupt_mask(first, mask, 1.1), corrupt_mask(second, mask, 1.1))
        np.testing.assert_array_equal(draw_warp(first, (96, 96), 1.1).rows, draw_warp(second, (96, 96), 1.1).rows)


def test_they_are_fast_enough_for_a_training_loop() -> None:
    """A few times the milliseconds that they cost alone on a machine, so that a loaded machine passes."""
    image, mask, source = (rng(8).random((9, 96, 96)) * 255).astype(np.float32), disc(25), rng()

    def all_of_it() -> None:
        warp = draw_warp(source, (96, 96), 1.1)
        warp.mask(mask)
        change_grey(source, warp.image(image))
        corrupt_mask(source, mask, 1.1)

    all_of_it()
    began = time.process_time()
    for _ in range(10):
        all_of_it()
    assert (time.process_time() - began) / 10 < 0.02
