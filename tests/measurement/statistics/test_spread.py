"""Spreads, by hand: means with and without values, percentiles of slices, thinned and smoothed curves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifssnet.core.results.evaluation_results import Results, slice_scores
from ifssnet.measurement.statistics.spread import mean_and_sd, neighbour_means, running_mean, slice_percentiles, usual_range


@pytest.mark.parametrize(
    ("values", "mean", "sd"),
    [
        ([1.0, 2.0, 6.0], 3.0, math.sqrt(7.0)),
        ([1.0, math.nan, 5.0], 3.0, math.sqrt(8.0)),
        ([4.0, 4.0], 4.0, 0.0),
        ([4.0], 4.0, None),
        ([1.0, math.inf], math.inf, None),
    ],
)
def test_the_deviation_is_the_samples_and_what_is_unknown_does_not_count(
    values: list[float], mean: float, sd: float | None
) -> None:
    found_mean, found_sd = mean_and_sd(values)
    assert found_mean == mean
    assert found_sd == (None if sd is None else pytest.approx(sd))


@pytest.mark.parametrize("values", [[], [math.nan]])
def test_the_mean_of_nothing_is_unknown(values: list[float]) -> None:
    mean, sd = mean_and_sd(values)
    assert math.isnan(mean)
    assert sd is None


def test_percentiles_are_of_one_muscle_of_one_leg_by_one_method() -> None:
    asd = [*map(float, range(101)), math.nan, 900.0, 900.0, 1.0, math.inf]
    count = len(asd)
    columns = {
        "case": ["P1"] * (count - 4) + ["P2", "P1", "P1", "P1"],
        "muscle": ["SOL"] * (count - 3) + ["GM", "SOL", "SOL"],
        "method": ["a"] * (count - 2) + ["b", "b"],
        "protocol": [""] * count,
        "z": list(range(count)),
        "asd_mm": asd,
    }
    columns |= {
        name: [0.0] * count
        for name in ("nearest_given_mm", "since_given_mm", "dice", "hausdorff_mm", "area_error_percent", "found_mm2")
    }
    results = Results((), slice_scores(columns | {"reference_mm2": [0.0] * count}), ("a", "b"), {})
    found = slice_percentiles(results, "a", "P1", "SOL", "asd_mm")
    assert found is not None
    assert found.tolist() == [5.0, 25.0, 50.0, 75.0, 95.0]
    assert slice_percentiles(results, "b", "P2", "SOL", "asd_mm") is None
    # There is nothing halfway to infinity.
    endless = slice_percentiles(results, "b", "P1", "SOL", "asd_mm")
    assert endless is not None
    assert endless.tolist() == [1.0, 1.0, 1.0, math.inf, math.inf]


def test_a_range_leaves_single_peaks_out() -> None:
    low, high = usual_range(np.arange(101.0))
    assert (low, high) == (1.0, 99.0)


def test_a_long_curve_is_thinned_to_means_of_neighbours() -> None:
    x, y = np.arange(6.0), np.array([0.0, 2.0, 10.0, 20.0, 5.0, 6.0])
    fewer_x, fewer_y = neighbour_means(x, y, at_most=3)
    assert fewer_x.tolist() == [0.5, 2.5, 4.5]
    assert fewer_y.tolist() == [1.0, 15.0, 5.5]
    same_x, same_y = neighbour_means(x, y, at_most=6)
    assert same_x is x
    assert same_y is y


def test_a_running_mean_has_fewer_neighbours_at_the_ends() -> None:
    assert running_mean(np.array([3.0, 6.0, 9.0, 0.0]), 1).tolist() == pytest.approx([4.5, 6.0, 5.0, 4.5])
    assert running_mean(np.array([3.0, 6.0]), 0).tolist() == [3.0, 6.0]
