"""The surface Dice: known shapes, tolerances, and the package that others use."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.masks.box import label_boxes
from ifssnet.geometry.untyped import cell_area
from ifssnet.measurement.reference.compare import compare
from ifssnet.measurement.reference.surfels import mask_surfel_distances, surfel_distances

SHAPE = (24, 30, 32)


def ball(radius: float, centre: tuple[float, float, float] = (12.0, 15.0, 16.0)) -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    return (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < radius**2


def slab(first: int, last: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[first:last] = True
    return mask


def test_equal_and_empty_masks() -> None:
    assert mask_surfel_distances(ball(8.0), ball(8.0), (1.0, 1.0, 1.0)).surface_dice(0.0) == 1.0
    nothing = np.zeros(SHAPE, dtype=bool)
    assert mask_surfel_distances(nothing, nothing, (1.0, 1.0, 1.0)).surface_dice(1.0) == 1.0
    assert mask_surfel_distances(ball(8.0), nothing, (1.0, 1.0, 1.0)).surface_dice(1.0) == 0.0


def test_the_area_is_that_of_the_surface() -> None:
    found = mask_surfel_distances(slab(6, 12), slab(6, 12), (0.5, 0.5, 2.0))
    # Two faces of 30 x 32 pixels and the rim around six slices; marching cubes cut the edges.
    assert found.mask_area_mm2.sum() == pytest.approx(2 * 15 * 16 + 2 * (15 + 16) * 12, rel=0.05)
    sphere = mask_surfel_distances(ball(10.0), ball(10.0), (1.0, 1.0, 1.0)).mask_area_mm2.sum()
    assert sphere == pytest.approx(4 * math.pi * 100, rel=0.1)


def test_a_shifted_face_counts_from_its_distance_on() -> None:
    found = mask_surfel_distances(slab(6, 12), slab(6, 13), (1.0, 1.0, 1.5))
    shares = [found.surface_dice(tolerance) for tolerance in (0.0, 1.4, 1.5, 5.0)]
    # The rim of the further slice comes near before its face does.
    assert 0.5 < shares[0] <= shares[1] < 0.75
    assert shares[2] == shares[3] == 1.0
    beyond = mask_surfel_distances(slab(6, 12), slab(16, 18), (1.0, 1.0, 1.35))
    assert np.isinf(beyond.mask_mm).all()


def test_slices_that_are_left_out_take_their_surfels_with_them() -> None:
    found = mask_surfel_distances(slab(6, 12), slab(6, 14), (1.0, 1.0, 1.0))
    kept = found.without([11, 12, 13])
    assert set(kept.mask_z.tolist()) == set(range(6, 11))
    assert set(kept.reference_z.tolist()) == set(range(6, 11))
    assert kept.surface_dice(0.0) == 1.0 > found.surface_dice(0.0)


def corners_by_hand(mask: np.ndarray, spacing_xyz_mm: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the grid whose eight voxels are not all alike, one after the other, and the area of the surface there."""
    around = np.pad(mask, 1)
    corners, areas = [], []
    for corner in np.ndindex(*(size + 1 for size in mask.shape)):
        cell = around[tuple(slice(start, start + 2) for start in corner)]
        if 0 < cell.sum() < 8:
            fewer = cell if cell.sum() <= 4 else ~cell
            corners.append(corner)
            areas.append(cell_area(fewer.astype(np.float32), spacing_xyz_mm[::-1]))
    return np.array(corners), np.array(areas)


def test_every_surfel_is_found_with_its_area_and_its_distance() -> None:
    """Of rough masks that reach the border of the array, among another label."""
    rng, spacing = np.random.default_rng(8), (0.8, 1.1, 2.9)
    # What lies beyond the array in the memory does not count.
    around, second = np.full((6, 5, 6), 2, np.uint8), np.zeros((4, 5, 6), np.uint8)
    first = around[1:5]
    first[:] = rng.choice([1, 2], (4, 5, 6), p=[0.4, 0.6])
    second[2:, 3:, :2] = 7
    boxes = label_boxes(first, [2])[2], label_boxes(second, [7])[7]
    found = surfel_distances(first, 2, second, 7, spacing, boxes=boxes)
    corners, areas = corners_by_hand(first == 2, spacing)
    others, other_areas = corners_by_hand(second == 7, spacing)
    apart = np.linalg.norm((corners[:, None] - others[None]) * spacing[::-1], axis=-1)
    assert found.mask_z.tolist() == corners[:, 0].tolist()
    assert found.mask_area_mm2 == pytest.approx(areas)
    assert found.mask_mm == pytest.approx(np.where(apart.min(axis=1) > 5.0, np.inf, apart.min(axis=1)))
    assert found.reference_z.tolist() == others[:, 0].tolist()
    assert found.reference_area_mm2 == pytest.approx(other_areas)
    assert found.reference_mm == pytest.approx(apart.min(axis=0))
    assert np.isinf(found.mask_mm).any()
    nothing = surfel_distances(first, int(first[0, 0, 0]), second, 7, spacing, boxes=((slice(0, 0),) * 3, boxes[1]))
    assert (nothing.mask_z.size, nothing.mask_area_mm2.size, nothing.surface_dice(5.0)) == (0, 0, 0.0)
    kept = found.without([1])
    assert set(kept.mask_z.tolist()) == set(kept.reference_z.tolist()) | {0} == {0, 3, 4}
    within = areas[found.mask_mm <= 2.0].sum() + other_areas[found.reference_mm <= 2.0].sum()
    assert found.surface_dice(2.0) == pytest.approx(within / (areas.sum() + other_areas.sum()))


def test_compare_gives_it_for_every_muscle() -> None:
    grid = Grid(SHAPE, (1.0, 1.0, 1.0))
    maps = [LabelMap(ball(radius).astype(np.uint8), grid, {1: "SOL"}) for radius in (8.0, 9.2)]
    found = compare(*maps).muscles["SOL"]
    assert 0.0 < found.surface_dice_1mm < found.surface_dice_2mm == 1.0


@pytest.mark.slow
# The package takes its distances from a module of scipy's that has moved.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("spacing_xyz_mm", [(1.0, 1.0, 1.0), (0.5, 0.7, 1.9)])
def test_it_is_that_of_the_package_surface_distance(spacing_xyz_mm: tuple[float, float, float]) -> None:
    package = pytest.importorskip("surface_distance", reason="the package surface-distance is not installed")
    numbers = np.random.default_rng(3)
    rough = ball(9.0) & (numbers.random(SHAPE) < 0.9)
    other = ball(8.0, (13.0, 16.0, 15.0)) | (numbers.random(SHAPE) < 0.01)
    found = mask_surfel_distances(rough, other, spacing_xyz_mm)
    theirs = package.compute_surface_distances(other, rough, spacing_xyz_mm[::-1])
    for tolerance_mm in (0.3, 1.0, 2.0, 4.0):
        known = package.compute_surface_dice_at_tolerance(theirs, tolerance_mm)
        assert found.surface_dice(tolerance_mm) == pytest.approx(known, abs=1e-6)
