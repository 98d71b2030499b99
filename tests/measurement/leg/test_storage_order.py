"""The order and the direction in which a file stores its axes change no volume, no length, no cross-section and no Dice."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.grids.axis_order import Order, reordered, reordered_grid
from ifssnet.geometry.grids.long_axis import leg_order, long_axis
from ifssnet.io.save import save
from ifssnet.measurement.checks.completeness import completeness_findings
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.reference.compare import compare
from ifssnet.workflow.leg.seed_files import SeedChoice, draw_seeds

GRID = Grid((40, 30, 36), (0.9, 1.1, 3.0), (-12.0, 40.0, 7.0))
Z, Y, X = np.mgrid[:40, :30, :36].astype(np.float64)
SOL = ((Z - 20) / 18) ** 2 + ((Y - 17) / 7) ** 2 + ((X - 17 - 0.1 * Z) / 11) ** 2 < 1
GM = ((Z - 24) / 12) ** 2 + ((Y - 6) / 4) ** 2 + ((X - 10) / 7) ** 2 < 1
LEG = LabelMap(np.where(GM, 2, SOL.astype(np.uint8)).astype(np.uint8), GRID, {1: "SOL", 2: "GM"})
MESHED = {"volume_mesh_cm3", "surface_area_cm2"}
STORED = [(order, flips) for order in itertools.permutations((0, 1, 2)) for flips in ((), (0,), (1, 2), (0, 1, 2))]


def flipped(labels: LabelMap, axes: tuple[int, ...]) -> LabelMap:
    """The same voxels at the same places, rows running the other way."""
    for axis in axes:
        grid, column = labels.grid, 2 - axis
        end = np.zeros((1, 3))
        end[0, column] = grid.shape_zyx[axis] - 1
        origin = grid.points_to_mm(end)[0]
        turned = np.array(grid.direction)
        turned[:, column] *= -1
        rows = [tuple(float(value) for value in row) for row in turned]
        grid = replace(grid, origin_xyz_mm=tuple(float(o) for o in origin), direction=(rows[0], rows[1], rows[2]))
        labels = replace(labels, array=np.ascontiguousarray(np.flip(labels.array, axis)), grid=grid)
    return labels


def stored(labels: LabelMap, order: Order, flips: tuple[int, ...]) -> LabelMap:
    turned = replace(labels, array=reordered(labels.array, order), grid=reordered_grid(labels.grid, order))
    return flipped(turned, flips)


@pytest.mark.parametrize(("order", "flips"), STORED)
def test_measures_are_those_of_the_leg(order: Order, flips: tuple[int, ...]) -> None:
    expected, found = measure(LEG), measure(stored(LEG, order, flips))
    assert found.slice_axis == order.index(0)
    for name, muscle in expected.muscles.items():
        here = found.muscles[name].numbers()
        for key, number in muscle.numbers().items():
            if not key.startswith("max_acsa_") or key in {"max_acsa_cm2", "max_acsa_smoothed_cm2"}:
                # A mesh is laid a little otherwise over voxels in another order.
                assert here[key] == pytest.approx(number, rel=1e-4 if key in MESHED else 1e-9), key
        areas, theirs = muscle.profile, found.muscles[name].profile
        assert areas is not None
        assert theirs is not None
        down = order.index(0) in flips
        assert np.allclose(theirs.acsa_cm2[::-1] if down else theirs.acsa_cm2, areas.acsa_cm2)


@pytest.mark.parametrize(("order", "flips"), STORED)
def test_agreement_is_that_of_the_leg(order: Order, flips: tuple[int, ...]) -> None:
    smaller = replace(LEG, array=LEG.array * (np.mgrid[:40, :30, :36][1] > 12))
    expected = compare(smaller, LEG, per_slice=True)
    found = compare(stored(smaller, order, flips), stored(LEG, order, flips), per_slice=True)
    for name, muscle in expected.muscles.items():
        assert of_the_leg(found.muscles[name].numbers()) == pytest.approx(of_the_leg(muscle.numbers()), rel=1e-9)
        ours, theirs = found.muscles[name].per_slice, muscle.per_slice
        assert sorted(each.dice for each in ours or ()) == pytest.approx(sorted(each.dice for each in theirs or ()))


EXCHANGED = {0: ("first_end", "last_end"), 1: ("superficial", "deep")}
"""Parts of a surface that are named by the numbers of slices and rows, by the axis."""


def of_the_leg(numbers: Mapping[str, float]) -> dict[str, float]:
    """The numbers without those of parts that are named by the storage."""
    parts = [part for both in EXCHANGED.values() for part in both]
    return {key: number for key, number in numbers.items() if not any(part in key for part in parts)}


@pytest.mark.parametrize("axis", [0, 1])
def test_ends_and_sides_are_exchanged_where_slices_or_rows_run_the_other_way(axis: int) -> None:
    smaller = replace(LEG, array=LEG.array * (np.mgrid[:40, :30, :36][1] > 12) * (np.mgrid[:40, :30, :36][0] > 9))
    here = compare(smaller, LEG).muscles["SOL"].further
    there = compare(flipped(smaller, (axis,)), flipped(LEG, (axis,))).muscles["SOL"].further
    one, other = EXCHANGED[axis]
    for kind in ("asd", "offset"):
        first, last = here[f"{kind}_{one}_mm"], here[f"{kind}_{other}_mm"]
        # Voxels half way between the sides are deep in either storage.
        within = 0.25 * abs(first - last)
        assert within > 0.05
        assert there[f"{kind}_{one}_mm"] == pytest.approx(last, abs=within)
        assert there[f"{kind}_{other}_mm"] == pytest.approx(first, abs=within)


@pytest.mark.parametrize(("order", "flips"), STORED)
def test_a_cut_is_found_across_the_leg(order: Order, flips: tuple[int, ...]) -> None:
    assert not completeness_findings(stored(LEG, order, flips))
    cut = replace(LEG, array=LEG.array * (np.mgrid[:40, :30, :36][0] < 22), names={1: "SOL"})
    (expected,), (found,) = completeness_findings(cut), completeness_findings(stored(cut, order, flips))
    assert found.figure == pytest.approx(expected.figure)
    assert "outermost slice" in found.text


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))))
def test_seeds_of_a_complete_map_lie_across_the_leg(tmp_path: Path, order: Order) -> None:
    path = tmp_path / "leg.nrrd"
    save(stored(LEG, order, ()), path)
    seeds = draw_seeds(path, SeedChoice(consecutive=1, every=10))
    assert seeds.grid.spacing_xyz_mm[2] == pytest.approx(3.0)
    assert seeds.slices(1) == draw_seeds_of(LEG, tmp_path)


def draw_seeds_of(labels: LabelMap, folder: Path) -> tuple[int, ...]:
    save(labels, folder / "plain.nrrd", force=True)
    return draw_seeds(folder / "plain.nrrd", SeedChoice(consecutive=1, every=10)).slices(1)


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))))
@pytest.mark.parametrize("thickness_mm", [0.5, 1.0, 2.5])
def test_a_short_stack_of_slices_keeps_its_slices(order: Order, thickness_mm: float) -> None:
    # Ten slices of a muscle much wider than the stack is high.
    middle = replace(LEG, array=LEG.array[12:22], grid=Grid((10, 30, 36), (2.5, 2.5, thickness_mm)), names={1: "SOL"})
    assert leg_order(stored(middle, order, ()))[0] == order.index(0)
    one = replace(middle, array=middle.array * (np.mgrid[:10, :30, :36][0] == 4))
    assert leg_order(stored(one, order, ()))[0] == order.index(0)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_muscles_drawn_on_less_than_they_are_wide_are_cut(order: Order) -> None:
    """Each muscle tapers to the sides on its own width, not on that of the two side by side."""
    z, y, x = np.mgrid[:40, :60, :70].astype(np.float64)
    sol = ((z - 20) / 19) ** 2 + ((y - 38) / 14) ** 2 + ((x - 36) / 28) ** 2 < 1
    gm = ((z - 18) / 15) ** 2 + ((y - 14) / 8) ** 2 + ((x - 28) / 20) ** 2 < 1
    array = np.where(sol, 1, np.where(gm, 2, 0)).astype(np.uint8)
    array[:14], array[27:] = 0, 0
    grid = Grid(array.shape, (0.8, 0.8, 2.0))
    labels = LabelMap(reordered(array, order), reordered_grid(grid, order), {1: "SOL", 2: "GM"})
    assert order[long_axis(labels.array, [1, 2], labels.grid)] == 0
    assert len(completeness_findings(labels)) == 2


def test_a_leg_along_another_direction_in_space_is_measured_along_itself() -> None:
    # The tracker's x runs along the leg: neither storage nor head-to-foot says so, the muscles do.
    turned = replace(LEG, array=reordered(LEG.array, (1, 2, 0)), grid=Grid((30, 36, 40), (3.0, 0.9, 1.1)))
    assert long_axis(turned.array, [1, 2], turned.grid) == 2
    assert measure(turned).muscles["SOL"].length_mm == pytest.approx(measure(LEG).muscles["SOL"].length_mm)


def test_a_ball_is_sliced_head_to_foot() -> None:
    ball = ((Z[:30, :30, :30] - 15) ** 2 + (Y[:30, :30, :30] - 15) ** 2 + (X[:30, :30, :30] - 15) ** 2 < 100).astype(np.uint8)
    labels = LabelMap(ball, Grid((30, 30, 30)), {1: "SOL"})
    assert leg_order(labels) == (0, 1, 2)
    assert leg_order(stored(labels, (2, 0, 1), ())) == (1, 2, 0)
