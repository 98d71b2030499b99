"""The tables of a study: one tidy table of muscles, cross-sections slice by slice, and what they say when compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ifssnet.core.results.reliability import BlandAltman
from ifssnet.core.results.study import CaseOutcome, StudyCase, StudyResults
from ifssnet.measurement.quantities import MEASURES

Columns = dict[str, list[Any]]

_DIGITS = 8
_CASE = ("subject", "side", "visit", "rater")


def tables_of(results: StudyResults) -> dict[str, Columns]:
    """Name to columns of every table; all columns of a table are equally long."""
    found = {
        "muscles": _muscles(results),
        "cross-sections": _cross_sections(results),
        "measurements": _measurements(results),
        "agreement": _agreement(results),
        "bland-altman": _bland_altman(results),
        "detectable-changes": _detectable(results),
        "comparisons": _comparisons(results),
        "mean-differences": _mean_differences(results),
    }
    return {
        name: {key: [_written(key, value) for value in each] for key, each in table.items()} for name, table in found.items()
    }


def _written(column: str, value: Any) -> Any:
    """A number without the noise of its last digits; the number of a slice is whole."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    return round(value) if column.endswith("_z") else float(f"{value:.{_DIGITS}g}")


def _columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    found: Columns = {name: [] for name in names}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            found[name].append(value)
    return found


def _of_case(case: StudyCase) -> tuple[str, str, str, str]:
    return (case.subject, case.side, case.visit, case.rater)


def _covariates(results: StudyResults) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in results.outcomes for name in each.covariates))


def _beside(outcome: CaseOutcome | None, names: Sequence[str]) -> list[str]:
    said: Mapping[str, str] = {} if outcome is None else outcome.covariates
    return [said.get(name, "") for name in names]


def _muscles(results: StudyResults) -> Columns:
    """One row for each muscle of each measurement."""
    known = {name for each in results.measured for name in each.numbers}
    numbers = [each.key for each in MEASURES if each.key in known]
    covariates = _covariates(results)
    outcomes = {each.case: each for each in results.outcomes}
    rows = (
        (
            *_of_case(each.case),
            *_beside(outcomes.get(each.case) or outcomes.get(replace(each.case, side="")), covariates),
            each.muscle,
            *(each.numbers.get(name) for name in numbers),
        )
        for each in results.measured
    )
    return _columns((*_CASE, *covariates, "muscle", *numbers), rows)


def _cross_sections(results: StudyResults) -> Columns:
    rows = (
        (*_of_case(each.case), each.muscle, at.z, at.position_mm, at.percent_of_length, at.acsa_cm2)
        for each in results.measured
        for at in each.profile
    )
    return _columns((*_CASE, "muscle", "z", "position_mm", "percent_of_length", "acsa_cm2"), rows)


def _measurements(results: StudyResults) -> Columns:
    """One row for each measurement that the design asks for, failed and missing ones among them."""
    covariates = _covariates(results)
    rows = (
        (
            *_of_case(each.case),
            *_beside(each, covariates),
            each.status,
            each.reason,
            each.method,
            " ".join(each.remarks),
        )
        for each in results.outcomes
    )
    return _columns((*_CASE, *covariates, "status", "reason", "method", "remarks"), rows)


def _agreement(results: StudyResults) -> Columns:
    rows: list[tuple[Any, ...]] = []
    for each in results.agreements:
        whole = each.found.reliability
        rows.append(
            (
                each.between,
                each.quantity,
                each.muscle,
                whole.subjects,
                each.subjects,
                ", ".join(each.found.raters),
                whole.icc_2_1.value,
                *whole.icc_2_1.interval,
                whole.icc_3_1.value,
                *whole.icc_3_1.interval,
                whole.sem_agreement,
                whole.sem_consistency,
                whole.mdc_agreement,
                whole.mdc_consistency,
            )
        )
    names = ("between", "quantity", "muscle", "legs", "subjects", "measurements", "icc_2_1", "icc_2_1_low", "icc_2_1_high")
    names += ("icc_3_1", "icc_3_1_low", "icc_3_1_high")
    names += ("sem_agreement", "sem_consistency", "mdc_agreement", "mdc_consistency")
    return _columns(names, rows)


_DIFFERENCE = ("legs", "bias", "bias_low", "bias_high", "sd", "lower_limit", "upper_limit")


def _difference(found: BlandAltman) -> tuple[int | float, ...]:
    return (found.subjects, found.bias, *found.bias_interval, found.sd, *found.limits)


def _bland_altman(results: StudyResults) -> Columns:
    rows = (
        (each.between, each.quantity, each.muscle, pair.first, pair.second, *_difference(pair.difference))
        for each in results.agreements
        for pair in each.found.pairs
    )
    return _columns(("between", "quantity", "muscle", "first", "second", *_DIFFERENCE), rows)


def _detectable(results: StudyResults) -> Columns:
    rows = ((each.quantity, each.muscle, each.value, each.source) for each in results.detectable)
    return _columns(("quantity", "muscle", "mdc", "source"), rows)


def _comparisons(results: StudyResults) -> Columns:
    names = ("kind", "subject", "side", "visit", "rater", "muscle", "quantity", "first", "second", "difference", "percent")
    names += ("mdc", "exceeds_mdc")
    return _columns(names, ([getattr(each, name) for name in names] for each in results.comparisons))


def _mean_differences(results: StudyResults) -> Columns:
    names = ("kind", "side", "visit", "rater", "muscle", "quantity")
    rows = ((*(getattr(each, name) for name in names), *_difference(each.found)) for each in results.groups)
    return _columns((*names, *_DIFFERENCE), rows)
