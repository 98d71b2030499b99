"""Several methods on one leg: how well each agrees with the reference, and what they drew on the same slices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ComparedMethod, ReportContent
from ifssnet.figures.leg_report.quantity_text import text_of
from ifssnet.figures.leg_report.slices import slice_pictures
from ifssnet.figures.leg_report.tables import PACKAGE
from ifssnet.measurement.reference.metrics.distances import HAUSDORFF95
from ifssnet.measurement.reference.metrics.metric import Metric
from ifssnet.measurement.reference.metrics.overlaps import DICE
from ifssnet.measurement.reference.metrics.volumes import VOLUME_ERROR

COMPARED: tuple[Metric, ...] = (DICE, HAUSDORFF95, VOLUME_ERROR)
"""The metrics that the table has columns for."""


@dataclass(frozen=True)
class MethodCell:
    """A number of one method and muscle.

    Attributes:
        text: As the page writes it.
        muscle: The muscle's name.
        key: The metric's name in files.
        exact: All its digits; None where it is not finite.
        best: Whether no method has a better one.
    """

    text: str
    muscle: str
    key: str
    exact: str | None
    best: bool


def side_by_side(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """A table with a line a method, and the same slices as each method has them; empty for one method alone."""
    methods = content.methods
    if len(methods) < 2:
        return Markup()
    muscles = ordered({name: None for method in methods for name in method.agreement.muscles})
    pictured = [method for method in methods if method.slices]
    rows = range(min(len(method.slices) for method in pictured)) if pictured else range(0)
    drawn = [(method, method.slices[row]) for row in rows for method in pictured]
    x, y, _ = content.grid.spacing_xyz_mm
    pictures = slice_pictures([each for _, each in drawn], colors, (x, y))
    return render(
        PACKAGE,
        "side_by_side.html",
        notes=[f"{method.name}: {method.note}" for method in methods if method.note],
        metrics=[metric.quantity for metric in COMPARED],
        muscles=muscles,
        colors=colors,
        methods=[(method.name, _cells(method, methods, muscles)) for method in methods],
        columns=len(pictured),
        pictures=[(method.name, each, Markup(svg)) for (method, each), svg in zip(drawn, pictures, strict=True)],
        has_reference=any(each.reference_masks for _, each in drawn),
    )


def best_of(methods: Sequence[ComparedMethod], muscle: str, metric: Metric) -> float | None:
    """The best value of a metric: the largest, or the distance from 0 of the one nearest to 0; None where no method has one."""
    values = [value for method in methods if (value := _number(method, muscle, metric)) is not None]
    if not values:
        return None
    return max(values) if metric.better == "larger" else min(abs(value) for value in values)


def _number(method: ComparedMethod, muscle: str, metric: Metric) -> float | None:
    agreement = method.agreement.muscles.get(muscle)
    value = math.nan if agreement is None else agreement.numbers()[metric.key]
    return value if math.isfinite(value) else None


def _cells(method: ComparedMethod, methods: Sequence[ComparedMethod], muscles: Sequence[str]) -> list[MethodCell]:
    cells: list[MethodCell] = []
    for metric in COMPARED:
        for muscle in muscles:
            agreement = method.agreement.muscles.get(muscle)
            text = text_of(None if agreement is None else agreement.numbers()[metric.key], metric.quantity)
            value, best = _number(method, muscle, metric), best_of(methods, muscle, metric)
            # Two that read the same are equally good, whatever the digits are that nobody sees.
            is_best = value is not None and text_of(abs(value), metric.quantity) == text_of(best, metric.quantity)
            cells.append(MethodCell(text, muscle, metric.key, None if value is None else str(value), is_best))
    return cells
