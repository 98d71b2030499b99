"""However a leg is written down, its volumes, its agreement with a reference and its lengths stay what they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.grid import Grid, Matrix3
from ifssnet.core.images import LabelMap
from ifssnet.geometry.grids.axis_order import Order, reordered, reordered_grid
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.reference.compare import compare

GRID = Grid((26, 15, 18), (0.9, 1.2, 3.0), (-12.0, 40.0, 7.0))
Z, Y, X = np.mgrid[:26, :15, :18].astype(np.float64)
SOL = ((Z - 13) / 11) ** 2 + ((Y - 9) / 4) ** 2 + ((X - 9) / 6) ** 2 < 1
GM = ((Z - 15) / 8) ** 2 + ((Y - 3) / 2) ** 2 + ((X - 5) / 3) ** 2 < 1
TRUTH = LabelMap(np.where(GM, 2, SOL.astype(np.uint8)).astype(np.uint8), GRID, {1: "SOL", 2: "GM"})
FOUND = replace(TRUTH, array=TRUTH.array * (Y > 2))
"""The same, cut at the skin: SOL as it is, GM smaller."""

VOLUMES = {name: each.volume_cm3 for name, each in measure(TRUTH).muscles.items()}
LENGTHS = {name: each.length_mm for name, each in measure(TRUTH).muscles.items()}
DICE = {name: each.dice for name, each in compare(FOUND, TRUTH).muscles.items()}

ORDERS: list[Order] = [(a, b, c) for a, b, c in permutations((0, 1, 2))]
orders = st.sampled_from(ORDERS)
flips = st.sets(st.sampled_from((0, 1, 2)))
suffixes = st.sampled_from((".nrrd", ".nii.gz", ".nii", ".mha", ".mhd", ".seg.nrrd"))


def turned(labels: LabelMap, order: Order, flipped: set[int]) -> LabelMap:
    """Axes in another order, some of them running the other way; every voxel at the place where it was."""
    grid = reordered_grid(labels.grid, order)
    array = reordered(labels.array, order)
    for axis in flipped:
        end = np.zeros((1, 3))
        end[0, 2 - axis] = grid.shape_zyx[axis] - 1
        x, y, z = (float(value) for value in grid.points_to_mm(end)[0])
        matrix = np.array(grid.direction)
        matrix[:, 2 - axis] *= -1
        rows: list[tuple[float, float, float]] = [(float(a), float(b), float(c)) for a, b, c in matrix]
        direction: Matrix3 = (rows[0], rows[1], rows[2])
        grid, array = replace(grid, origin_xyz_mm=(x, y, z), direction=direction), np.flip(array, axis)
    return replace(labels, array=np.ascontiguousarray(array), grid=grid)


@settings(max_examples=25)
@given(order=orders, flipped=flips, suffix=suffixes, dtype=st.sampled_from(("u1", "i2", "u2", "i4", "u4")))
def test_the_way_of_storing_a_leg(order: Order, flipped: set[int], suffix: str, dtype: str) -> None:
    with TemporaryDirectory() as folder:
        for name, labels in (("found", FOUND), ("truth", TRUTH)):
            values = turned(labels, order, flipped)
            save(replace(values, array=values.array.astype(dtype)), Path(folder) / f"{name}{suffix}")
        found, truth = (open_labels(Path(folder) / f"{name}{suffix}") for name in ("found", "truth"))
        measured, agreed = measure(truth), compare(found, truth)
    for name, volume in VOLUMES.items():
        assert measured.muscles[name].volume_cm3 == pytest.approx(volume, rel=1e-6)
        assert measured.muscles[name].length_mm == pytest.approx(LENGTHS[name], rel=1e-6)
        assert agreed.muscles[name].dice == pytest.approx(DICE[name], rel=1e-12)


@settings(max_examples=15)
@given(order=orders, flipped=flips, other=orders, mirrored=flips)
def test_two_maps_that_are_stored_in_different_ways(order: Order, flipped: set[int], other: Order, mirrored: set[int]) -> None:
    agreed = compare(turned(FOUND, order, flipped), turned(TRUTH, other, mirrored))
    for name, dice in DICE.items():
        assert agreed.muscles[name].dice == pytest.approx(dice, rel=1e-12)
