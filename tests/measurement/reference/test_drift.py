"""Drift with the distance to what was drawn, by hand: bins, weights, legs, and slices that do not count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifssnet.core.results.evaluation_results import Results, slice_scores
from ifssnet.measurement.reference.drift import drift_curve, farthest_mm

EDGES = np.array([0.0, 4.0, 8.0])
AXIS = "nearest_given_mm"


def table(*rows: tuple[str, str, float, float, float, float, float]) -> Results:
    """Rows of leg, method, distance, Dice, mean surface distance, area found, area of the reference."""
    names = ("case", "method", AXIS, "dice", "asd_mm", "found_mm2", "reference_mm2")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    # What the curves do not look at.
    columns |= {"muscle": ["SOL"] * len(rows), "protocol": [""] * len(rows), "z": list(range(len(rows)))}
    for name in ("since_given_mm", "hausdorff_mm", "area_error_percent"):
        columns[name] = [0.0] * len(rows)
    return Results((), slice_scores(columns), ("a", "b"), {})


def test_dice_is_weighted_by_both_areas_and_a_distance_by_the_references() -> None:
    results = table(("P1", "a", 1.0, 0.9, 2.0, 10.0, 30.0), ("P1", "a", 3.0, 0.5, 8.0, 10.0, 10.0))
    assert drift_curve(results, "a", AXIS, "dice", EDGES)[0] == pytest.approx((0.9 * 40 + 0.5 * 20) / 60)
    assert drift_curve(results, "a", AXIS, "asd_mm", EDGES)[0] == pytest.approx((2.0 * 30 + 8.0 * 10) / 40)


def test_a_bin_holds_its_lower_edge_and_slices_outside_all_bins_do_not_count() -> None:
    at = (0.0, 3.9, 4.0, 7.9, 8.0, -0.1)
    results = table(*[("P1", "a", mm, 0.1 * (i + 1), 0.0, 1.0, 1.0) for i, mm in enumerate(at)])
    assert drift_curve(results, "a", AXIS, "dice", EDGES) == pytest.approx([0.15, 0.35])


def test_legs_count_alike_and_other_methods_not_at_all() -> None:
    first = [("P1", "a", 1.0, 0.8, 0.0, 50.0, 50.0)] * 3
    results = table(*first, ("P2", "a", 1.0, 0.2, 0.0, 1.0, 1.0), ("P1", "b", 1.0, 0.0, 0.0, 50.0, 50.0))
    assert drift_curve(results, "a", AXIS, "dice", EDGES)[0] == pytest.approx(0.5)
    assert drift_curve(results, "b", AXIS, "dice", EDGES)[0] == 0.0


def test_a_leg_without_the_muscle_in_a_bin_does_not_count_there() -> None:
    # Something was found on both slices of the second leg, but its muscle is not there.
    absent = ("P2", "a", 1.0, 0.0, 3.0, 5.0, 0.0)
    results = table(("P1", "a", 1.0, 0.6, 1.0, 4.0, 4.0), absent, absent)
    assert drift_curve(results, "a", AXIS, "dice", EDGES)[0] == pytest.approx(0.6)
    assert math.isnan(drift_curve(table(absent), "a", AXIS, "dice", EDGES)[0])


def test_slices_without_a_value_a_distance_or_any_area_do_not_count() -> None:
    good = ("P1", "a", 1.0, 0.6, 1.0, 4.0, 4.0)
    no_value, no_distance = ("P1", "a", 1.0, math.nan, 1.0, 4.0, 4.0), ("P1", "a", math.inf, 0.1, 1.0, 4.0, 4.0)
    nothing = ("P1", "a", 1.0, 1.0, math.inf, 0.0, 0.0)
    curve = drift_curve(table(good, no_value, no_distance, nothing), "a", AXIS, "dice", np.array([0.0, 4.0, math.inf]))
    assert curve[0] == pytest.approx(0.6)
    assert math.isnan(curve[1])
    assert drift_curve(table(good, nothing), "a", AXIS, "asd_mm", EDGES)[0] == 1.0


def test_a_slice_with_less_than_a_square_millimetre_counts() -> None:
    assert drift_curve(table(("P1", "a", 1.0, 0.6, 1.0, 0.2, 0.3)), "a", AXIS, "dice", EDGES)[0] == pytest.approx(0.6)
    assert farthest_mm(table(("P1", "a", 5.0, 0.6, 1.0, 0.2, 0.3)), AXIS) == 5.0


def test_an_infinite_distance_makes_its_bin_infinite() -> None:
    results = table(("P1", "a", 1.0, 0.0, math.inf, 0.0, 4.0), ("P1", "a", 5.0, 0.5, 2.0, 4.0, 4.0))
    assert drift_curve(results, "a", AXIS, "asd_mm", EDGES).tolist() == [math.inf, 2.0]


def test_the_farthest_slice_is_one_with_the_muscle_at_a_known_distance() -> None:
    with_muscle, without = ("P1", "a", 6.0, 0.5, 0.0, 4.0, 4.0), ("P1", "a", 9.0, 0.0, 0.0, 4.0, 0.0)
    unknown = ("P1", "a", math.inf, 0.5, 0.0, 4.0, 4.0)
    assert farthest_mm(table(with_muscle, without, unknown), AXIS) == 6.0
    assert farthest_mm(table(without, unknown), AXIS) is None
