"""Sides, visits and raters against each other, on numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.results.study import Design, MeasuredMuscle, StudyCase
from ifssnet.measurement.statistics.agreement import bland_altman, reliability
from ifssnet.workflow.study.comparisons import (
    agreements,
    comparisons,
    detectable_changes,
    group_differences,
    mistaken_changes,
    series_of,
)

DESIGN = Design(("A", "B", "C"), ("left", "right"), ("pre", "post"), ("X", "Y"), before="pre", after="post")
FIRST = {("A", "left"): 100.0, ("A", "right"): 90.0, ("B", "left"): 120.0, ("B", "right"): 130.0, ("C", "left"): 80.0}


def measured() -> list[MeasuredMuscle]:
    """Rater Y finds 2 cm3 more than X, and 4 more in B; everybody but C grows by 10."""
    found: list[MeasuredMuscle] = []
    for (subject, side), volume in FIRST.items():
        for visit, growth in (("pre", 0.0), ("post", 0.0 if subject == "C" else 10.0)):
            for rater, more in (("X", 0.0), ("Y", 4.0 if subject == "B" else 2.0)):
                case = StudyCase(subject, side, visit, rater)
                found.append(MeasuredMuscle(case, "SOL", {"volume_cm3": volume + growth + more, "length_mm": None}))
    return found


def test_raters_are_compared_on_all_legs_that_both_drew() -> None:
    rows = [row for row in measured() if row.case != StudyCase("C", "left", "post", "Y")]
    (found,) = agreements(series_of(rows), DESIGN)
    table = [(110.0, 112.0), (100.0, 102.0), (130.0, 134.0), (140.0, 144.0)]
    table += [(100.0, 102.0), (90.0, 92.0), (120.0, 124.0), (130.0, 134.0), (80.0, 82.0)]
    assert (found.between, found.subjects, found.found.reliability.subjects) == ("raters", 3, 9)
    assert found.found.reliability.mdc_agreement == pytest.approx(reliability(np.array(table)).mdc_agreement)
    (pair,) = found.found.pairs
    assert (pair.first, pair.second) == ("X", "Y")
    assert pair.difference.bias == pytest.approx(-(5 * 2 + 4 * 4) / 9)


def test_repeated_visits_are_compared_rater_by_rater() -> None:
    design = Design(("A", "B", "C"), raters=("X", "Y"), visits=("pre", "post"), repeated=("pre", "post"))
    found = agreements(series_of(measured()), design)
    assert [each.between for each in found] == ["raters", "visits"]
    assert found[1].found.reliability.subjects == 10
    assert detectable_changes(series_of(measured()), found, {})[0].source == "visits"


def test_a_detectable_change_larger_than_the_muscle_was_given_in_another_unit() -> None:
    series = series_of(measured())
    assert mistaken_changes(series, {"SOL": 9.0, "GM": 9000.0}) == ()
    (found,) = mistaken_changes(series, {"SOL": 9000.0})
    assert (found.severity, found.remedy) == ("warning", "Give mdc_cm3 in cm3.")
    assert "9000 cm3, is more than the muscle itself (at most 144 cm3 here)" in found.text


def test_a_detectable_change_that_is_given_comes_first_and_zero_is_none() -> None:
    series = series_of(measured())
    found = agreements(series, DESIGN)
    assert detectable_changes(series, found, {"SOL": 7.0})[0].value == 7.0
    same = series_of(
        [MeasuredMuscle(StudyCase(s, rater=r), "SOL", {"volume_cm3": v}) for s, v in (("A", 1.0), ("B", 2.0)) for r in "XY"]
    )
    assert detectable_changes(same, agreements(same, DESIGN), {}) == ()


def test_changes_and_sides_have_their_sign_percent_and_detectable_change() -> None:
    series = series_of(measured())
    found = comparisons(series, DESIGN, detectable_changes(series, (), {"SOL": 9.0}))
    (change,) = [each for each in found if (each.kind, each.subject, each.side, each.rater) == ("visits", "A", "left", "X")]
    assert (change.first, change.second, change.difference, change.percent) == (100.0, 110.0, 10.0, pytest.approx(10.0))
    assert change.exceeds_mdc is True
    (still,) = [each for each in found if (each.kind, each.subject, each.rater) == ("visits", "C", "X")]
    assert (still.difference, still.exceeds_mdc) == (0.0, False)
    (sides,) = [each for each in found if (each.kind, each.subject, each.visit, each.rater) == ("sides", "B", "pre", "X")]
    assert (sides.first, sides.second, sides.difference) == (120.0, 130.0, -10.0)
    assert sides.percent == pytest.approx(-8.0)
    assert {each.subject for each in found if each.kind == "sides"} == {"A", "B"}


def test_the_mean_difference_is_after_less_before_and_left_less_right() -> None:
    groups = group_differences(comparisons(series_of(measured()), DESIGN, ()), 0.95)
    (left,) = [each for each in groups if (each.kind, each.side, each.rater) == ("visits", "left", "X")]
    known = bland_altman(np.array([110.0, 130.0, 80.0]), np.array([100.0, 120.0, 80.0]))
    assert left.found == known
    (sides,) = [each for each in groups if (each.kind, each.visit, each.rater) == ("sides", "pre", "X")]
    assert sides.found.bias == pytest.approx(0.0)
    assert sides.found.subjects == 2


def test_one_leg_has_no_agreement() -> None:
    rows = [row for row in measured() if row.case.subject == "C" and row.case.visit == "pre"]
    assert agreements(series_of(rows), DESIGN) == ()
    assert group_differences(comparisons(series_of(rows), DESIGN, ()), 0.95) == ()
