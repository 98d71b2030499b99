"""Superior and posterior are claimed only where the muscles of the calf lie as they must."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.measurement.checks.orientation import patient_axes_fit, side_fits

Z, Y, X = np.mgrid[:60, :30, :30].astype(float)


def columns_of(matrix: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    return tuple(tuple(float(v) for v in row) for row in matrix)


def calf(direction: np.ndarray, names: dict[int, str] | None = None) -> LabelMap:
    """A left calf on LPS axes, stored along the columns of a direction matrix: GM and GL behind the soleus, ending higher."""
    array = np.zeros(Z.shape, dtype=np.uint8)
    array[((X - 15) / 10) ** 2 + ((Y - 10) / 6) ** 2 + ((Z - 26) / 26) ** 2 < 1] = 1
    array[((X - 9) / 6) ** 2 + ((Y - 21) / 5) ** 2 + ((Z - 42) / 17) ** 2 < 1] = 2
    array[((X - 22) / 6) ** 2 + ((Y - 21) / 5) ** 2 + ((Z - 44) / 15) ** 2 < 1] = 3
    grid = Grid(array.shape, (1.0, 1.0, 4.0), (3.0, -7.0, 11.0), columns_of(direction))
    return LabelMap(array, grid, names or {1: "SOL", 2: "GM", 3: "GL"})


def stored(labels: LabelMap, order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> LabelMap:
    """The same leg in the same place, stored along other axes."""
    array, direction = labels.array, np.asarray(labels.grid.direction, dtype=float)
    spacing, shape_xyz = np.array(labels.grid.spacing_xyz_mm), np.array(labels.grid.shape_zyx[::-1])
    first = labels.grid.points_to_mm(np.array([[(shape_xyz[a] - 1.0) * flips[a] for a in range(3)]]))[0]
    signs = np.where(flips, -1.0, 1.0)
    array = np.flip(array, [2 - a for a in range(3) if flips[a]])
    array = np.ascontiguousarray(array.transpose([2 - order[2 - a] for a in range(3)]))
    turned = (direction * signs)[:, list(order)]
    grid = Grid(array.shape, tuple(float(spacing[a]) for a in order), tuple(float(v) for v in first), columns_of(turned))
    return LabelMap(array, grid, labels.names)


@pytest.mark.parametrize("flips", list(product((False, True), repeat=3)))
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_storage_order_does_not_matter(order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    leg = stored(calf(np.eye(3)), order, flips)
    assert patient_axes_fit(leg) is True
    assert side_fits(leg, "left") is True
    assert side_fits(leg, "right") is False


@pytest.mark.parametrize(
    "direction",
    [
        np.diag([1.0, -1.0, -1.0]),  # the ankle at +z, as a scan from knee to ankle is often stored
        np.diag([-1.0, -1.0, 1.0]),  # the shin at +y
        np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),  # a tracker whose x runs along the leg
        np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),  # turned about the leg by a quarter
    ],
)
def test_other_axes_are_not_called_the_patients(direction: np.ndarray) -> None:
    assert patient_axes_fit(calf(direction)) is False


def test_without_both_muscles_nothing_is_known() -> None:
    assert patient_axes_fit(calf(np.eye(3), {1: "SOL"})) is None
    assert patient_axes_fit(calf(np.eye(3), {2: "GM", 3: "GL"})) is None
    assert patient_axes_fit(calf(np.eye(3), {1: "VL", 2: "RF"})) is None
    assert side_fits(calf(np.eye(3), {1: "SOL", 2: "GM"}), "left") is None
