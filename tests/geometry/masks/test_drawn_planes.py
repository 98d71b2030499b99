"""In which planes a mask was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifssnet.core.grid import Grid
from ifssnet.geometry.grids.axis_order import (
    AS_STORED,
    Order,
    axis_along,
    axis_first,
    inverse,
    reordered,
    reordered_grid,
)
from ifssnet.geometry.masks.drawn_planes import Drawing, drawn_planes

SHAPE = (60, 44, 36)
Z, Y, X = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
MUSCLE = ((Z - 30) / 26) ** 2 + ((Y - 22) / 15) ** 2 + ((X - 18) / 12) ** 2 < 1


def on_planes(axis: int, planes: list[int], outline: bool = False) -> np.ndarray:
    kept = np.zeros_like(MUSCLE)
    inside = np.moveaxis(MUSCLE, axis, 0)
    for place in planes:
        plane = inside[place]
        core = plane.copy()
        for shift in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            core &= np.roll(plane, shift, (0, 1))
        np.moveaxis(kept, axis, 0)[place] = plane & ~core if outline else plane
    return kept


@pytest.mark.parametrize("outline", [False, True])
@pytest.mark.parametrize(
    ("axis", "planes"),
    [
        (0, [8, 20, 32, 44]), (0, [10, 11, 12, 30, 31, 32, 50, 51, 52]), (0, [30]),
        (1, [12, 18, 24, 30]), (1, [21, 22, 23]), (2, [10, 16, 22]), (2, [18]),
    ],
)  # fmt: skip
def test_the_axis_across_which_few_planes_were_drawn(axis: int, planes: list[int], outline: bool) -> None:
    found = drawn_planes(on_planes(axis, planes, outline))
    assert (found.drawing, found.axis) == (Drawing.IN_PLANES, axis)


def test_a_complete_muscle_is_drawn_across_no_axis() -> None:
    assert drawn_planes(MUSCLE).drawing is Drawing.COMPLETE
    assert drawn_planes(on_planes(0, list(range(60)), outline=True)).drawing is Drawing.COMPLETE
    slanted = (np.abs(Y - 22 - 0.3 * (Z - 30)) < 3) & (np.abs(X - 18) < 12)
    assert drawn_planes(slanted).drawing is Drawing.COMPLETE
    assert drawn_planes(np.zeros(SHAPE, dtype=bool)).drawing is Drawing.COMPLETE


def test_two_bellies_of_a_complete_muscle_are_not_planes() -> None:
    two = MUSCLE & (np.abs(X - 18) > 4)
    assert drawn_planes(two).axis == 0


@pytest.mark.parametrize("degrees", [12, 25, 45, 70])
def test_tilted_planes_are_told_from_slices(degrees: float) -> None:
    across = np.cos(np.radians(degrees)) * (Z - 30) + np.sin(np.radians(degrees)) * (Y - 22)
    tilted = MUSCLE & (np.abs(across[..., None] - np.array([-14, 0, 14])).min(axis=-1) < 0.6)
    assert drawn_planes(tilted).drawing in (Drawing.TILTED, Drawing.MIXED)


def test_planes_of_two_directions_are_mixed_and_named() -> None:
    found = drawn_planes(on_planes(0, [15, 30, 45]) | on_planes(2, [12, 24]))
    assert found.drawing is Drawing.MIXED
    assert set(found.planes[0]) >= {15, 30, 45} or set(found.planes[2]) >= {12, 24}


SMALL = ((Z - 30) / 26) ** 2 + ((Y - 22) / 3.6) ** 2 + ((X - 18) / 3.6) ** 2 < 1
SHEET = ((Z - 30) / 26) ** 2 + ((Y - 22) / 15) ** 2 + ((X - 18) / 1.6) ** 2 < 1


def planes_of(muscle: np.ndarray, axis: int, planes: tuple[int, ...]) -> np.ndarray:
    where = np.isin(np.arange(SHAPE[axis]), planes)
    return muscle & where.reshape([-1 if each == axis else 1 for each in range(3)])


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize(
    ("muscle", "axis", "planes"),
    [
        (SMALL, 0, (8, 20, 32, 44)), (SMALL, 0, (8, 9, 10, 30, 31, 32, 50)), (SMALL, 1, (19, 22, 25)), (SMALL, 1, (20, 24)),
        (SMALL, 2, (15, 17, 19, 21)), (SMALL, 2, (15, 18, 21)), (SHEET, 0, (8, 20, 32, 44)), (SHEET, 1, (10, 16, 22, 28)),
    ],
)  # fmt: skip
def test_gaps_tell_the_planes_of_a_narrow_muscle(muscle: np.ndarray, axis: int, planes: tuple[int, ...], order: Order) -> None:
    found = drawn_planes(reordered(planes_of(muscle, axis, planes), order))
    assert (found.drawing, found.axis) == (Drawing.IN_PLANES, order.index(axis))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0)])
def test_a_narrow_muscle_on_every_slice_is_complete(order: Order) -> None:
    heads = SMALL & (np.abs(X - 18) < 2)
    for muscle in (SMALL, np.roll(heads, -10, axis=2) | np.roll(heads, 10, axis=2)):
        assert drawn_planes(reordered(muscle, order)).drawing is Drawing.COMPLETE


orders = st.permutations(list(AS_STORED)).map(lambda each: (each[0], each[1], each[2]))


@given(orders, st.integers(0, 2), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_order_and_flips_of_storage_do_not_matter(order: Order, axis: int, flips: tuple[bool, bool, bool]) -> None:
    mask = on_planes(axis, [14, 18, 22])
    mask = mask[tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)]
    found = drawn_planes(reordered(mask, order))
    assert (found.drawing, found.axis) == (Drawing.IN_PLANES, order.index(axis))


@given(orders)
def test_a_voxel_stays_at_its_place_when_axes_change(order: Order) -> None:
    turn = ((0.0, 0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, -0.6))
    grid = Grid((4, 5, 6), (0.3, 0.5, 0.7), (10.0, -3.0, 2.0), turn)
    other = reordered_grid(grid, order)
    index = np.array([1, 2, 3])
    moved = index[list(order)]
    assert other.points_to_mm(moved[::-1][None].astype(float)) == pytest.approx(
        grid.points_to_mm(index[::-1][None].astype(float))
    )
    assert other.shape_zyx == np.transpose(np.zeros(grid.shape_zyx), order).shape
    assert reordered_grid(other, inverse(order)).matches(grid)
    array = np.arange(120).reshape(4, 5, 6)
    assert np.array_equal(reordered(reordered(array, order), inverse(order)), array)


def test_the_axis_along_a_direction() -> None:
    coronal_first = Grid((4, 5, 6), direction=((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)))
    assert [axis_along(coronal_first, v) for v in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))] == [2, 0, 1]
    assert axis_first(axis_along(coronal_first, (0.0, 0.0, 1.0))) == (1, 0, 2)
