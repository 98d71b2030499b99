from __future__ import annotations

import numpy as np
import pytest
from known_solids import dice, disc, drawn, run, seeds_of

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.segmentation import Propagator
from ifssnet.propagate.baselines.fill_between_slices import FillBetweenSlices
from ifssnet.propagate.baselines.grow_from_seeds import GrowFromSeeds, GrowFromSeedsConfig
from ifssnet.propagate.baselines.shortest_paths import nearest_seeds
from ifssnet.propagate.baselines.watershed import Watershed, WatershedConfig
from ifssnet.propagate.baselines.zero_order import ZeroOrder, ZeroOrderConfig
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.methods import LEARNED, METHODS, method

EMPTY = np.zeros((64, 64), dtype=bool)


def moving_body(z):
    return disc(14, (32, 26 + 0.4 * z))


def picture(slices=31, noise=6.0):
    """A bright body in the dark that moves as the slices go by, in speckle."""
    truth = np.array([moving_body(z) for z in range(slices)])
    grey = np.where(truth, 150.0, 60.0) + np.random.default_rng(0).normal(0, noise, truth.shape)
    seeds = seeds_of({1: drawn(moving_body, [0, 1, 2, 28, 29, 30])}, slices)
    return truth, seeds, Volume(np.clip(grey, 0, 255).astype(np.uint8), seeds.grid)


# Zero-order


def test_every_slice_takes_the_smaller_mask_before_smoothing():
    seeds = seeds_of({1: {0: disc(20), 10: disc(8, (30, 30)), 20: disc(12)}}, 21)
    labels = run(ZeroOrder(ZeroOrderConfig(sigma_mm=0.0)), seeds).labels.array == 1
    assert all((labels[z] == disc(8, (30, 30))).all() for z in range(1, 20))
    assert (labels[0] == disc(20)).all()
    assert (labels[20] == disc(12)).all()


def test_smoothing_leaves_the_drawn_slices_and_rounds_the_step_between():
    seeds = seeds_of({1: {0: disc(20), 10: disc(8)}}, 11, (1.0, 1.0, 1.0))
    labels = run(ZeroOrder(ZeroOrderConfig(sigma_mm=1.5)), seeds).labels.array == 1
    assert (labels[0] == disc(20)).all()
    assert (labels[10] == disc(8)).all()
    areas = labels.sum(axis=(1, 2))
    assert disc(8).sum() * 0.9 < areas[5] < disc(8).sum() * 1.05


def test_nothing_is_smaller_than_absence():
    seeds = seeds_of({1: {0: EMPTY, 10: disc(15), 20: EMPTY}}, 21)
    areas = (run(ZeroOrder(), seeds).labels.array == 1).sum(axis=(1, 2))
    assert not areas[:9].any()
    assert areas[10] == disc(15).sum()


# Growing through grey levels


@pytest.mark.parametrize(
    "propagator", [GrowFromSeeds(), Watershed(WatershedConfig(feature_size_mm=1.0))], ids=lambda propagator: propagator.name
)
def test_a_body_is_followed_through_the_image(propagator):
    truth, seeds, volume = picture()
    labels = run(propagator, seeds, volume).labels.array == 1
    assert dice(labels[3:28], truth[3:28]) > 0.95
    assert dice(run(ShapeInterpolation(), seeds).labels.array == 1, truth) > 0.95


def two_halves(first, second, shape=(9, 40, 40)):
    """Two muscles that touch along a line, drawn as small squares on the outer slices only."""
    image = np.full(shape, first, dtype=np.float32)
    image[:, :, 20:] = second
    seed = np.zeros(shape[1:], dtype=bool)
    left, right = seed.copy(), seed.copy()
    left[15:25, 5:10], right[15:25, 30:35] = True, True
    return image, {1: {0: left, 8: left}, 2: {0: right, 8: right}}


def test_paths_reach_the_border_between_two_grey_levels_and_stop():
    image, masks = two_halves(50, 120)
    markers = np.zeros(image.shape, dtype=np.uint8)
    for label, by_slice in masks.items():
        for z, mask in by_slice.items():
            markers[z][mask] = label
    # Moved off centre: without the image the border would lie half way between the seeds, at column 19.5 less 7.
    markers[:, :, :8] = 1
    markers[markers == 1] = 0
    markers[0, 15:25, 1:4] = 1
    grown = nearest_seeds(image, markers, np.ones(3), 0.1)
    assert (grown[:, :, :20] == 1).all()
    assert (grown[:, :, 20:] == 2).all()


def test_in_an_even_image_the_nearest_seed_wins():
    markers = np.zeros((1, 1, 21), dtype=np.uint8)
    markers[0, 0, 0], markers[0, 0, 20] = 1, 2
    grown = nearest_seeds(np.zeros(markers.shape, dtype=np.float32), markers, np.ones(3), 1.0)
    assert (grown[0, 0, :10] == 1).all()
    assert (grown[0, 0, 11:] == 2).all()


def test_the_cheapest_path_may_go_round_and_its_length_counts_in_mm():
    # A wall between two seeds with a gap far away: round through the gap is cheaper than over the wall.
    image = np.zeros((1, 9, 9), dtype=np.float32)
    image[0, :8, 4] = 200
    markers = np.zeros(image.shape, dtype=np.uint8)
    markers[0, 0, 0], markers[0, 0, 4] = 1, 2
    grown = nearest_seeds(image, markers, np.ones(3), 1.0)
    assert grown[0, 0, 8] == 1
    # At 40 grey levels a mm the way round costs more than the wall.
    assert nearest_seeds(image, markers, np.ones(3), 40.0)[0, 0, 8] == 2


def test_watershed_runs_along_a_bright_line():
    shape = (7, 48, 48)
    image = np.full(shape, 60.0)
    image[:, :, 30:32] = 200
    image += np.random.default_rng(1).normal(0, 2, shape)
    side = np.zeros(shape[1:], dtype=bool)
    left, right = side.copy(), side.copy()
    left[5:43, 5:30], right[5:43, 32:43] = True, True
    small_left, small_right = side.copy(), side.copy()
    small_left[20:28, 8:14], small_right[20:28, 36:40] = True, True
    seeds = seeds_of({1: {0: left, 6: left}, 2: {0: right, 6: right}}, 7)
    labels = run(Watershed(WatershedConfig(feature_size_mm=1.0)), seeds, Volume(image, seeds.grid)).labels.array
    middle = labels[3, 15:33]
    assert (middle[:, 12:28] == 1).all()
    assert (middle[:, 34:40] == 2).all()


@pytest.mark.parametrize("propagator", [GrowFromSeeds(), Watershed()], ids=lambda propagator: propagator.name)
def test_growing_needs_the_volume_of_the_seeds(propagator):
    _, seeds, volume = picture()
    other = Volume(volume.array[1:], seeds.grid.cropped((1, 0, 0), (30, 64, 64)))
    for wrong in (None, other):
        with pytest.raises(InputError):
            run(propagator, seeds, wrong)
    broken = volume.array.astype(np.float32)
    broken[5, 30, 30] = np.nan
    with pytest.raises(InputError):
        run(propagator, seeds, Volume(broken, seeds.grid))


def test_nothing_drawn_grows_nothing():
    volume = picture()[2]
    nothing = seeds_of({1: {3: EMPTY}, 2: {}}, 31)
    assert not run(GrowFromSeeds(), nothing, volume).labels.array.any()
    assert not run(Watershed(), nothing, volume).labels.array.any()


# All of them


@pytest.mark.parametrize("name", [name for name in METHODS if name not in LEARNED])
def test_drawn_slices_come_back_unchanged_and_progress_adds_up(name):
    _, seeds, volume = picture()
    propagator = method(name)
    assert isinstance(propagator, Propagator)
    assert propagator.name == name
    assert propagator.needs_volume == METHODS[name].needs_volume
    propagation = propagator.prepare(volume if propagator.needs_volume else None, seeds)
    steps = list(propagation.steps())
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert {step.total for step in steps} == {len(steps)}
    labels = run(propagator, seeds, volume).labels.array
    assert all(((labels[z] == 1) == mask).all() for z, mask in seeds.masks[1].items())
    assert propagation.describe().settings


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("no-such-method", {}),
        ("zero-order", {"sigma": 1.0}),
        ("zero-order", {"sigma_mm": "wide"}),
        ("zero-order", {"sigma_mm": -1.0}),
        ("shape-interpolation", {"plain": 1}),
        ("shape-interpolation", {"smoothing": True}),
        ("grow-from-seeds", {"locality_per_mm": 0}),
        ("watershed", {"margin_mm": float("nan")}),
    ],
)
def test_names_and_settings_that_do_not_exist_are_told(name, settings):
    with pytest.raises(InputError):
        method(name, **settings)


def test_whole_numbers_serve_as_numbers():
    assert method("zero-order", sigma_mm=2).config == ZeroOrderConfig(2.0)
    assert method("grow-from-seeds", locality_per_mm=3).config == GrowFromSeedsConfig(3.0)
    assert method("shape-interpolation", smoothing=0).config.smoothing == 0.0


def test_filling_sees_triples_that_itks_filter_would_overlook():
    seeds = seeds_of({1: drawn(moving_body, [0, 1, 2, 15, 16, 17, 30]), 2: drawn(lambda z: disc(5, (8, 8)), [3, 20])}, 31)
    labels = run(FillBetweenSlices(), seeds).labels.array
    assert dice(labels == 1, np.array([moving_body(z) for z in range(31)])) > 0.93
    assert all(dice(labels[z] == 2, disc(5, (8, 8))) > 0.95 for z in range(4, 20))
    assert not (labels[21:] == 2).any()
