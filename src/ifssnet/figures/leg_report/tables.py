"""Tables of numbers: a row a quantity with its unit and meaning, a column a muscle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ifssnet.core.results.agreement import LegAgreement
from ifssnet.core.results.measures import MuscleMeasures
from ifssnet.figures.drawing.pages import DASH, render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ReportContent, VolumeEstimate
from ifssnet.figures.leg_report.quantity_text import present, text_of
from ifssnet.figures.leg_report.self_check_words import self_check_words
from ifssnet.measurement.quantities import MEASURES, Quantity
from ifssnet.measurement.reference.metrics.boundaries import BOUNDARIES
from ifssnet.measurement.reference.metrics.table import METRICS
from ifssnet.measurement.reference.metrics.volumes import VOLUME

PACKAGE = "ifssnet.figures.leg_report"
"""Whose folder `templates` the page's parts lie in."""


LIMITS = ("volume_low_cm3", "volume_high_cm3")
"""Two measures that are one row."""

INTERVAL = "volume_interval_cm3"
"""What that row is called."""


@dataclass(frozen=True)
class Cell:
    """A number in a table.

    Attributes:
        text: As the page writes it.
        muscle: The column's name; empty where nothing was found.
        key: What the number is called in files.
        exact: All its digits; None where there is no number.
    """

    text: str
    muscle: str = ""
    key: str = ""
    exact: str | None = None


@dataclass(frozen=True)
class Row:
    """A line of a table: what the numbers are, and the numbers."""

    label: str
    unit: str
    meaning: str
    cells: Sequence[Cell]


def numbers_section(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """The measures of each muscle."""
    table = measures_table(content.muscles, content.estimates, colors)
    return render(PACKAGE, "numbers.html", table=table, checks=self_check_words(content.network, content.self_checks))


def agreement_section(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """The agreement with the reference; empty without one."""
    if content.agreement is None:
        return Markup()
    table = agreement_table(content.agreement, colors)
    return render(PACKAGE, "agreement.html", reference=content.reference_name, table=table)


def measures_table(
    muscles: Mapping[str, MuscleMeasures], estimates: Mapping[str, VolumeEstimate], colors: Mapping[str, Rgb]
) -> Markup:
    """The measures; below the volume, what the annotated slices alone say of it."""
    columns = {name: muscles[name].numbers() for name in ordered(muscles)}
    alone = [each for each in present(columns.values(), MEASURES) if each.key not in LIMITS]
    rows = _rows(alone, columns)
    first = [*rows[:1], *_intervals(columns), *_estimates(list(columns), estimates)]
    return muscles_table("Measures of each muscle", colors, list(columns), first + rows[1:])


def interval_text(numbers: Mapping[str, int | float]) -> str:
    """The interval of a muscle's volume in cm3; empty where there is none."""
    low, high = (numbers.get(key, math.nan) for key in LIMITS)
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.1f} to {high:.1f}"


def _intervals(columns: Mapping[str, Mapping[str, int | float]]) -> list[Row]:
    cells = [
        Cell(text, name, INTERVAL, text) if (text := interval_text(numbers)) else Cell(DASH)
        for name, numbers in columns.items()
    ]
    if all(not cell.key for cell in cells):
        return []
    meaning = "Holds nine volumes in ten. An expert who always draws too much is not in it."
    return [Row("Volume, 90 % interval", "cm³", meaning, cells)]


def agreement_table(agreement: LegAgreement, colors: Mapping[str, Rgb]) -> Markup:
    """Every metric, the mean over the muscles in the last column; the segmentation's volume stands among the measures."""
    columns: dict[str, Mapping[str, int | float]] = {
        name: agreement.muscles[name].numbers() for name in ordered(agreement.muscles)
    }
    columns["Mean"] = agreement.mean.numbers()
    whole = [metric.quantity for metric in METRICS if metric is not VOLUME and metric not in BOUNDARIES]
    by_part = [metric.quantity for metric in BOUNDARIES]
    captions = {"Agreement with the reference": whole, "Where the surfaces differ": by_part}
    return Markup().join(
        muscles_table(caption, colors, list(columns), _rows(present(columns.values(), metrics), columns))
        for caption, metrics in captions.items()
    )


def muscles_table(caption: str, colors: Mapping[str, Rgb], columns: Sequence[str], rows: Sequence[Row]) -> Markup:
    """A table with a column for each muscle."""
    return render(PACKAGE, "table.html", caption=caption, columns=columns, colors=colors, rows=rows)


def _rows(quantities: Sequence[Quantity], columns: Mapping[str, Mapping[str, int | float]]) -> list[Row]:
    return [
        Row(
            each.label, each.unit, each.meaning, [_cell(name, numbers.get(each.key), each) for name, numbers in columns.items()]
        )
        for each in quantities
    ]


def _cell(name: str, value: int | float | None, quantity: Quantity) -> Cell:
    known = value is not None and not math.isnan(value)
    return Cell(text_of(value, quantity), name, quantity.key, str(value) if known else None)


def _estimates(names: Sequence[str], estimates: Mapping[str, VolumeEstimate]) -> list[Row]:
    if not estimates:
        return []
    cells: list[Cell] = []
    for name in names:
        estimate = estimates.get(name)
        if estimate is None:
            cells.append(Cell(DASH))
            continue
        text = f"{estimate.volume_cm3:.1f}"
        if estimate.leave_one_out_cm3 is not None:
            text += f" ± {estimate.leave_one_out_cm3:.1f}"
        elif estimate.leave_one_out_percent is not None:
            text += f" ± {estimate.leave_one_out_percent:.1f} %"
        cells.append(Cell(text, name, "estimate", str(estimate.volume_cm3)))
    methods = ", ".join(sorted({each.method for each in estimates.values() if each.method}))
    meaning = "By their areas. After ±: the root mean square error when each annotated place is left out in turn."
    return [Row("Volume from the annotated slices alone", "cm³", meaning + (f" Method: {methods}." if methods else ""), cells)]
