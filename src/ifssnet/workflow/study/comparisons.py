"""Repeated measurements of a study against each other: raters, visits, sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ifssnet.core.findings import Finding
from ifssnet.core.results.reliability import RaterPair, RepeatedMeasurements
from ifssnet.core.results.study import (
    LEFT,
    RIGHT,
    Between,
    ComparisonKind,
    Design,
    DetectableChange,
    GroupDifference,
    MdcSource,
    MeasuredMuscle,
    StudyAgreement,
    StudyCase,
    StudyComparison,
)
from ifssnet.measurement.statistics.agreement import bland_altman, reliability

VOLUME = "volume_cm3"
COMPARED: tuple[str, ...] = (VOLUME, "max_acsa_smoothed_cm2", "length_mm")
"""The quantities that are held against each other."""

_Values = Mapping[StudyCase, float]
_MIN_LEGS = 2
_NOTHING = 1e-6
"""In cm3, cm2 and mm alike: what round-off leaves of measurements that are the same."""
_Group = tuple[ComparisonKind, str, str, str, str, str]


@dataclass(frozen=True)
class Series:
    """One quantity of one muscle, measurement by measurement.

    Attributes:
        quantity: As `ifss measure` calls it.
        muscle: The muscle's name.
        values: The measurement to its value.
    """

    quantity: str
    muscle: str
    values: _Values


def series_of(measured: Sequence[MeasuredMuscle]) -> list[Series]:
    """Every compared quantity of every muscle; measurements without it are left out."""
    found: list[Series] = []
    for quantity in COMPARED:
        for muscle in dict.fromkeys(each.muscle for each in measured):
            values = {
                each.case: value
                for each in measured
                if each.muscle == muscle and (value := each.numbers.get(quantity)) is not None
            }
            if values:
                found.append(Series(quantity, muscle, values))
    return found


def agreements(series: Iterable[Series], design: Design) -> tuple[StudyAgreement, ...]:
    """Raters against each other, and repeated visits; what has too few legs is left out."""
    found: list[StudyAgreement] = []
    for each in series:
        for between, names in _repetitions(design):
            table = _table(each.values, between, names)
            measurements = _repeated(table, names, design.confidence)
            if measurements is not None:
                complete = [key for key, row in table.items() if len(row) == len(names)]
                subjects = len({key.subject for key in complete})
                found.append(StudyAgreement(between, each.quantity, each.muscle, subjects, measurements))
    return tuple(found)


def _repetitions(design: Design) -> list[tuple[Between, tuple[str, ...]]]:
    every: list[tuple[Between, tuple[str, ...]]] = [("raters", design.raters), ("visits", design.repeated)]
    return [(between, names) for between, names in every if len(names) > 1]


def _table(values: _Values, between: Between, names: Sequence[str]) -> dict[StudyCase, dict[str, float]]:
    """What is the same in a row, to the name of what differs, to the value."""
    found: dict[StudyCase, dict[str, float]] = {}
    for case, value in values.items():
        name = case.rater if between == "raters" else case.visit
        row = replace(case, rater="") if between == "raters" else replace(case, visit="")
        if name in names:
            found.setdefault(row, {})[name] = value
    return found


def _repeated(
    table: Mapping[StudyCase, Mapping[str, float]], names: Sequence[str], confidence: float
) -> RepeatedMeasurements | None:
    complete = [[row[name] for name in names] for row in table.values() if len(row) == len(names)]
    if len(complete) < _MIN_LEGS:
        return None
    values = np.array(complete, dtype=np.float64)
    columns = {name: values[:, place] for place, name in enumerate(names)}
    pairs = tuple(
        RaterPair(a, b, bland_altman(columns[a], columns[b], confidence=confidence)) for a, b in combinations(names, 2)
    )
    return RepeatedMeasurements(tuple(names), reliability(values, confidence), pairs)


def detectable_changes(
    series: Iterable[Series], found: Sequence[StudyAgreement], given_cm3: Mapping[str, float]
) -> tuple[DetectableChange, ...]:
    """The minimal detectable change of each series that has one: as given, else of repeated visits, else of the raters."""
    answer: list[DetectableChange] = []
    for each in series:
        known = {(one.between): one.found.reliability.mdc_agreement for one in found if _same(one, each)}
        if each.quantity == VOLUME and each.muscle in given_cm3:
            answer.append(DetectableChange(each.quantity, each.muscle, given_cm3[each.muscle], "given"))
            continue
        sources: tuple[MdcSource, ...] = ("visits", "raters")
        for name in sources:
            # Measurements that never differ say nothing of what can be detected.
            if known.get(name, 0.0) > _NOTHING:
                answer.append(DetectableChange(each.quantity, each.muscle, known[name], name))
                break
    return tuple(answer)


def mistaken_changes(series: Iterable[Series], given_cm3: Mapping[str, float]) -> tuple[Finding, ...]:
    """Minimal detectable changes that no muscle of the study could show, as those in mm3 are."""
    largest = {each.muscle: max(each.values.values()) for each in series if each.quantity == VOLUME and each.values}
    return tuple(
        Finding(
            "warning",
            f"The minimal detectable change given for {muscle}, {given_cm3[muscle]:g} cm3, is more than the muscle itself "
            f"(at most {volume:.0f} cm3 here).",
            "Give mdc_cm3 in cm3.",
            given_cm3[muscle],
            "cm3",
        )
        for muscle, volume in largest.items()
        if given_cm3.get(muscle, 0.0) > volume
    )


def _same(one: StudyAgreement, series: Series) -> bool:
    return (one.quantity, one.muscle) == (series.quantity, series.muscle)


def comparisons(
    series: Iterable[Series], design: Design, detectable: Sequence[DetectableChange]
) -> tuple[StudyComparison, ...]:
    """Left against right at each visit, and before against after on each side, rater by rater."""
    mdc = {(each.quantity, each.muscle): each.value for each in detectable}
    found: list[StudyComparison] = []
    for each in series:
        known = mdc.get((each.quantity, each.muscle))
        for case, value in each.values.items():
            if case.side == LEFT and (other := each.values.get(replace(case, side=RIGHT))) is not None:
                found.append(_compared("sides", case, each, value, other, known))
            if design.before and case.visit == design.before:
                after = each.values.get(replace(case, visit=design.after))
                if after is not None:
                    found.append(_compared("visits", case, each, value, after, known))
    return tuple(sorted(found, key=lambda each: each.kind))


def _compared(
    kind: ComparisonKind, case: StudyCase, series: Series, first: float, second: float, mdc: float | None
) -> StudyComparison:
    sides = kind == "sides"
    difference = first - second if sides else second - first
    whole = (first + second) / 2 if sides else first
    return StudyComparison(
        kind=kind,
        subject=case.subject,
        side="" if sides else case.side,
        visit=case.visit if sides else "",
        rater=case.rater,
        muscle=series.muscle,
        quantity=series.quantity,
        first=first,
        second=second,
        difference=difference,
        percent=100 * difference / whole if whole else None,
        mdc=mdc,
        exceeds_mdc=None if mdc is None else abs(difference) > mdc,
    )


def group_differences(found: Sequence[StudyComparison], confidence: float) -> tuple[GroupDifference, ...]:
    """The mean difference over the persons, with its interval, of each kind that at least two persons have."""
    groups: dict[_Group, list[StudyComparison]] = {}
    for each in found:
        groups.setdefault(_group_of(each), []).append(each)
    answer: list[GroupDifference] = []
    for key, rows in groups.items():
        if len(rows) < _MIN_LEGS:
            continue
        first, second = (np.array([getattr(row, name) for row in rows]) for name in ("first", "second"))
        ordered = (first, second) if key[0] == "sides" else (second, first)
        answer.append(GroupDifference(*key, bland_altman(*ordered, confidence=confidence)))
    return tuple(answer)


def _group_of(each: StudyComparison) -> _Group:
    return each.kind, each.side, each.visit, each.rater, each.muscle, each.quantity
