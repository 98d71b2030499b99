"""The compiled loops of guided interpolation give what their plain description in numpy gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.levels import ROUNDS, depths, of_rank
from ifssnet.propagate.interpolation.seed_smoothing import Smoothing, shapes_of_groups, smoothed
from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle

SIDES = (60, 72)


def _cone(generator: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[: SIDES[0], : SIDES[1]]
    cy, cx = generator.uniform(10, 50, 2)
    return ((np.hypot(y - cy, x - cx) - generator.uniform(5, 25)) * 0.3).astype(np.float32)


def _plain_level(threshold: np.ndarray, area_px: float) -> np.float32:
    wanted = min(round(area_px), int(np.isfinite(threshold).sum()))
    if wanted < 1:
        return np.float32(threshold.min() - 1) if np.isfinite(threshold.min()) else np.float32(-1)
    return np.sort(threshold, axis=None)[wanted - 1]


def _plain_depths(maps: dict[int, np.ndarray], areas: dict[int, float], taken: np.ndarray | None) -> dict[int, np.ndarray]:
    free = {label: phi if taken is None else np.where(taken, np.float32(np.inf), phi) for label, phi in maps.items()}
    inside = {label: _plain_level(phi, areas[label]) - phi for label, phi in free.items()}
    for _ in range(ROUNDS):
        if (np.sum([depth >= 0 for depth in inside.values()], axis=0) > 1).any():
            for label, phi in free.items():
                rivals = [inside[other] for other in inside if other != label]
                inside[label] = _plain_level(phi + np.maximum(np.maximum.reduce(rivals), 0), areas[label]) - phi
    return inside


@pytest.mark.parametrize("seed", range(12))
def test_depths(seed: int) -> None:
    generator = np.random.default_rng(seed)
    maps = {label: _cone(generator) for label in range(1, 2 + seed % 3)}
    # None at all, more than there are, half of one, far from what was drawn, and close to it.
    areas = {label: float(generator.choice([0.0, 1e7, 2.5, 400.0, (maps[label] < 0).sum()])) for label in maps}
    taken = None if seed % 2 else _cone(generator) < (1e9 if seed == 8 else 0)
    found = depths(maps, areas, taken)
    for label, depth in _plain_depths(maps, areas, taken).items():
        assert found[label].dtype == np.float32
        np.testing.assert_array_equal(found[label], depth)


@pytest.mark.parametrize("pixel_mm", [0.3, 1.0, 3.0])
def test_depths_of_muscles_that_push_each_other_far_away(pixel_mm: float) -> None:
    generator = np.random.default_rng(round(10 * pixel_mm))
    for _ in range(30):
        maps = {label: pixel_mm / np.float32(0.3) * _cone(generator) for label in range(1, 4)}
        shares = generator.choice([0.0, 0.3, 1.0, 2.0, 6.0], size=3, p=[0.1, 0.2, 0.3, 0.3, 0.1])
        areas = {label: float(share * (maps[label] < 0).sum()) for label, share in zip(maps, shares, strict=True)}
        found = depths(maps, areas, None)
        for label, depth in _plain_depths(maps, areas, None).items():
            np.testing.assert_array_equal(found[label], depth)


def test_no_muscles_have_no_depths() -> None:
    assert depths({}, {}, None) == {}


@pytest.mark.parametrize("move", [(0.0, 0.0), (3.0, -2.0), (-0.4, 7.6), (90.0, -90.0), (0.5, 71.5)])
def test_blend(move: tuple[float, float]) -> None:
    source = _cone(np.random.default_rng(0))
    found = blend([source, source], np.array([0.25, 0.75]), np.array([move, (0.0, 0.0)]))
    (dy, dx), one = move, np.float32(1)
    floor_y, floor_x = int(np.floor(-dy)), int(np.floor(-dx))
    fy, fx, weight = np.float32(-dy - floor_y), np.float32(-dx - floor_x), np.float32(0.25)
    rows = [np.clip(np.arange(SIDES[0]) + floor_y + by, 0, SIDES[0] - 1) for by in (0, 1)]
    columns = [np.clip(np.arange(SIDES[1]) + floor_x + by, 0, SIDES[1] - 1) for by in (0, 1)]
    shares = (weight * (one - fy) * (one - fx), weight * (one - fy) * fx, weight * fy * (one - fx), weight * fy * fx)
    corners = [source[np.ix_(row, column)] for row in rows for column in columns]
    moved = sum((share * corner for share, corner in zip(shares, corners, strict=True)), np.float32(0))
    np.testing.assert_array_equal(found, moved + np.float32(0.75) * source)


def test_smoothed_shapes_of_some_groups_are_those_of_all() -> None:
    generator = np.random.default_rng(3)
    drawn = DrawnMuscle({z: _cone(generator) < 0 for z in (0, 1, 2, 3, 4, 20, 40, 41, 42, 60)}, (0.3, 0.3))
    whole = shapes_of_groups(drawn, Smoothing(average=True, strength=0.01))
    shown = shapes_of_groups(drawn, Smoothing(average=True))
    wanted = {drawn.groups[1], drawn.groups[2]}
    some = smoothed(drawn.groups, shown, 0.01, wanted)
    for group in drawn.groups:
        want = whole[group] if group in wanted else shown[group]
        for found, side in ((some[group].low, want.low), (some[group].high, want.high)):
            np.testing.assert_array_equal(found.distances, side.distances)
            assert found.area_px == side.area_px
    assert not np.array_equal(some[drawn.groups[1]].low.distances, shown[drawn.groups[1]].low.distances)


def test_distances_to_drawn_borders_are_worked_out_once_and_only_those_of_the_ends_are_kept() -> None:
    masks = {z: _cone(np.random.default_rng(z)) < 0 for z in range(9)}
    drawn = DrawnMuscle(masks, (0.3, 0.5))
    for z, mask in masks.items():
        np.testing.assert_array_equal(drawn.distances(z), signed_distance(mask, (0.3, 0.5)))
    assert [drawn.distances(z) is drawn.distances(z) for z in masks] == [True] * 3 + [False] * 3 + [True] * 3


@pytest.mark.parametrize("kind", ["apart", "ties", "infinite", "rising"])
def test_the_value_of_a_rank_is_that_of_an_order(kind: str) -> None:
    values = np.random.default_rng(3).normal(size=50).astype(np.float32)
    if kind == "ties":
        values = values.round()
    elif kind == "infinite":
        values[::3] = np.inf
    elif kind == "rising":
        values.sort()
    found = [of_rank(np.append(values, np.float32(-9)), 50, rank) for rank in range(50)]
    assert found == sorted(values.tolist())
