"""The compiled loops of guided interpolation give what their plain description in numpy gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.levels import ROUNDS, depths

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
