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
    assert patient_axes_fit([leg]) is True
    assert side_fits([leg], "left") is True
    assert side_fits([leg], "right") is False


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
    assert patient_axes_fit([calf(direction)]) is False


def test_without_both_muscles_nothing_is_known() -> None:
    assert patient_axes_fit([calf(np.eye(3), {1: "SOL"})]) is None
    assert patient_axes_fit([calf(np.eye(3), {2: "GM", 3: "GL"})]) is None
    assert patient_axes_fit([calf(np.eye(3), {1: "VL", 2: "RF"})]) is None
    assert side_fits([calf(np.eye(3), {1: "SOL", 2: "GM"})], "left") is None


def named(*muscles: tuple[str, tuple[object, ...]]) -> LabelMap:
    array = np.zeros(Z.shape, dtype=np.uint8)
    for value, (_, where) in enumerate(muscles, start=1):
        array[where] = value
    return LabelMap(
        array,
        Grid(array.shape, (1.0, 1.0, 4.0), (500.0, -300.0, 11.0)),
        {value: name for value, (name, _) in enumerate(muscles, start=1)},
    )


@pytest.mark.parametrize(("degrees", "fits"), [(-29.5, True), (-30.5, False)])
def test_a_leg_may_lean_by_thirty_degrees(degrees: float, fits: bool) -> None:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    assert patient_axes_fit([calf(np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]]))]) is fits


def test_two_voxels_have_a_long_way_and_one_has_none() -> None:
    behind = ("GM", np.s_[45:50, 20, 15])
    assert patient_axes_fit([named(("SOL", np.s_[10:41:30, 10, 15]), behind)]) is True
    assert patient_axes_fit([named(("SOL", np.s_[10, 10, 15]), behind)]) is None
    assert patient_axes_fit([named(("SOL", np.s_[10:41, 10, 15]), ("GM", np.s_[0:0, 0, 0]))]) is None


@pytest.mark.parametrize(
    ("soleus", "gastrocnemius", "fits"),
    [
        # 120 mm long, so that 6 mm up is clear, and 1.2 mm across.
        (np.s_[10:41:30, 10, 15], np.s_[25:27, 20, 15], None),
        (np.s_[10:41:30, 10, 15], np.s_[26:28, 20, 15], True),
        (np.s_[10:41:30, 10, 15], np.s_[45:50, 11, 15], None),
        (np.s_[10:41:30, 10, 15], np.s_[45:50, 15, 20], False),
        (np.s_[10:41:30, 10, 15], np.s_[45:50, 16, 20], True),
        # 4 mm long: a third of a slice higher is clear.
        (np.s_[10:12, 10, 15], np.s_[10:12, 20, 14:16], None),
        (np.s_[10:12, 10, 15], ([10, 11, 11], [20, 20, 20], [14, 15, 16]), True),
    ],
)
def test_what_lies_clearly_behind_and_above(
    soleus: tuple[object, ...], gastrocnemius: tuple[object, ...], fits: bool | None
) -> None:
    assert patient_axes_fit([named(("SOL", soleus), ("GM", gastrocnemius))]) is fits


def test_heads_side_by_side_across_fit_and_above_each_other_do_not() -> None:
    above = named(("GM", np.s_[40, 20, 15]), ("GL", np.s_[50, 20, 15]))
    assert (side_fits([above], "left"), side_fits([above], "right")) == (False, False)
    for medial, lateral in ((np.s_[40, 10, 20], np.s_[50, 20, 10]), (np.s_[40, 20, 15:17], np.s_[50, 20, 15])):
        apart = named(("GM", medial), ("GL", lateral))
        assert (side_fits([apart], "left"), side_fits([apart], "right")) == (False, True)
    assert side_fits([named(("GM", np.s_[40, 20, 15]), ("GL", np.s_[0:0, 0, 0]))], "left") is None
    assert side_fits([named(("GM", np.s_[0:0, 0, 0]), ("GL", np.s_[40, 20, 15]))], "left") is None
