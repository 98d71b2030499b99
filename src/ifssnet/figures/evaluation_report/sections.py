"""The tables of an evaluation's page: a row for each method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ifssnet.core.results.evaluation_results import MEAN, WHOLE, Cost, PairedTest, Results, VolumeAgreement
from ifssnet.figures.drawing.method_theme import MethodStyle, method_styles
from ifssnet.figures.drawing.pages import DASH, render, signed
from ifssnet.figures.evaluation_report.table_one import CAUTION, COLUMNS, TableRow, table_rows, written
from ifssnet.measurement.reference.metrics.boundaries import DISTANCES, NAMES
from ifssnet.measurement.statistics.spread import mean_and_sd

PACKAGE = "ifssnet.figures.evaluation_report"
"""The package whose folder `templates` holds the page's parts."""


@dataclass(frozen=True)
class Column:
    """One metric of a table.

    Attributes:
        metric: Its name in the scores.
        heading: The column's heading.
        decimals: The number of decimals that are shown.
        larger_is_better: Whether the largest value is the best.
    """

    metric: str
    heading: str
    decimals: int
    larger_is_better: bool = False


METRICS: tuple[Column, ...] = (
    Column("dice", "Dice", 4, True),
    Column("iou", "IoU", 4, True),
    Column("hausdorff_mm", "HD (mm)", 2),
    Column("hausdorff95_mm", "HD95 (mm)", 2),
    Column("asd_mm", "ASD (mm)", 3),
    Column(f"{WHOLE}absolute_volume_error_percent", "|volume error| (%)", 2),
)

TESTED = tuple(column for column in METRICS if column.metric not in ("iou", "hausdorff_mm"))


@dataclass(frozen=True)
class Cell:
    """One number, with notes below it.

    Attributes:
        text: The number.
        notes: The lines below it.
        best: Whether it is the best of its column.
    """

    text: str
    notes: tuple[str, ...] = ()
    best: bool = False


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        style: How the method is named and coloured.
        cells: A cell for each heading but the first.
    """

    style: MethodStyle
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Methods by metrics.

    Attributes:
        heads: The headings, the methods' first.
        rows: The methods.
        name: What stands above it; empty for nothing.
    """

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    name: str = ""


def section(title: str, tables: Sequence[Table], how: str = "", label_error: str = "") -> Markup:
    """Tables under one heading; empty without any row.

    Args:
        title: The heading.
        tables: The tables.
        how: How the numbers came about.
        label_error: How wrong the reference labels are known to be, which belongs beside every number.
    """
    shown = [table for table in tables if table.rows]
    if not shown:
        return Markup()
    return render(PACKAGE, "tables.html", title=title, how=how, label_error=label_error, tables=shown)


def overview(results: Results) -> Markup:
    """The mean over the muscles, with time and memory."""
    costs: Mapping[str, Cost] = results.summary.cost if results.summary is not None else {}
    rows = [Row(row.style, (*row.cells, *_cost_cells(costs.get(row.style.label)))) for row in _metric_rows(results, MEAN)]
    heads = ("Method", *(column.heading for column in METRICS), "legs", "s a leg", "peak MB")
    how = "Mean ± SD over the legs of the mean over the muscles; the best is bold. Annotated slices count in the volume only."
    return section("Mean over the muscles", [Table(heads, tuple(rows))], how, results.about.cohort.label_error)


def each_muscle(results: Results) -> Markup:
    """The muscles one by one."""
    heads = ("Method", *(column.heading for column in METRICS))
    tables = [Table(heads, tuple(_metric_rows(results, muscle)), muscle) for muscle in results.muscles]
    return section("Each muscle", tables, label_error=results.about.cohort.label_error)


def surface_parts(results: Results) -> Markup:
    """The distance between the surfaces at a muscle's ends, in its middle and on its two sides; empty without these scores."""
    columns = tuple(Column(metric.key, NAMES[part][0], 2) for part, metric in zip(NAMES, DISTANCES, strict=True))
    if not any(results.values(columns[0].metric, MEAN).values()):
        return Markup()
    heads = ("Method", *(f"{column.heading} (mm)" for column in columns))
    tables = [Table(heads, tuple(_metric_rows(results, muscle, columns)), muscle) for muscle in results.muscles]
    how = (
        "Mean surface distance by part, mean ± SD over the legs. Each end is a fifth of the reference's slices; the "
        "superficial side is the half nearer to the probe. Experts differ most at the ends."
    )
    return section("Where the surfaces differ", tables, how, results.about.cohort.label_error)


def paired_tests(results: Results) -> Markup:
    """Every method against one, by leg; empty with a single method."""
    if results.summary is None or len(results.methods) < 2:
        return Markup()
    against = results.summary.against
    styles = method_styles(results)
    base = next((style.name for style in styles if style.label == against.method), against.method)
    rows = tuple(
        Row(
            style,
            tuple(_test_cell(against.of(column.metric, MEAN, style.label), column.decimals) for column in TESTED),
        )
        for style in styles
        if style.label != against.method
    )
    how = (
        f"Paired by leg, mean over the muscles. Mean difference to {base} with its 95 % bootstrap interval (BCa), legs on "
        "which the method is better, and the p-value of Wilcoxon's signed ranks, Holm's correction over the methods. With n "
        "legs no p-value can fall below 2 / 2ⁿ before correction."
    )
    heads = ("Method", *(column.heading for column in TESTED))
    return section(f"Against {base}", [Table(heads, rows)], how)


def beside_the_paper(results: Results) -> Markup:
    """Table I, with the paper's numbers below ours."""
    styles = {style.label: style for style in method_styles(results)}
    rows = tuple(Row(styles[row.label], _paper_cells(row)) for row in table_rows(results))
    heads = ("Method", "In the paper", *(heading for _, heading, _ in COLUMNS))
    return section("Table I, beside the paper", [Table(heads, rows)], CAUTION, results.about.cohort.label_error)


def volume_agreement(results: Results) -> Markup:
    """Volumes against the reference's, muscle by muscle; empty with fewer than two legs."""
    found: Mapping[str, Mapping[str, VolumeAgreement]] = results.summary.volume_agreement if results.summary is not None else {}
    heads = ("Method", "Bias (cm³)", "95 % limits (cm³)", "ICC(2,1)", "SEM (cm³)", "MDC (cm³)")
    tables: list[Table] = []
    for muscle, per_method in found.items():
        rows: list[Row] = []
        for style in method_styles(results):
            if (mine := per_method.get(style.label)) is None:
                continue
            difference, whole = mine.bland_altman, mine.reliability
            texts = (
                signed(difference.bias, 2),
                f"{signed(difference.limits[0], 1)} to {signed(difference.limits[1], 1)}",
                _number(whole.icc_2_1.value, 4),
                _number(whole.sem_agreement, 2),
                _number(whole.mdc_agreement, 2),
            )
            rows.append(Row(style, tuple(Cell(text) for text in texts)))
        tables.append(Table(heads, tuple(rows), muscle))
    how = (
        "Volumes of whole muscles against the truth: Bland and Altman's bias and limits, intraclass correlation, "
        "standard error of measurement, minimal detectable change."
    )
    return section("Agreement of volumes", tables, how)


def _metric_rows(results: Results, muscle: str, columns: Sequence[Column] = METRICS) -> list[Row]:
    styles = method_styles(results)
    found = {column: _means(results, column.metric, muscle) for column in columns}
    best = {column: _best(column, [mean for mean, _ in means.values()]) for column, means in found.items()}
    return [
        Row(
            style,
            tuple(
                Cell(
                    written(*found[column][style.label], column.decimals),
                    best=_rounded(found[column][style.label][0], column) == best[column],
                )
                for column in columns
            ),
        )
        for style in styles
    ]


def _means(results: Results, metric: str, muscle: str) -> Mapping[str, tuple[float, float | None]]:
    return {method: mean_and_sd(list(row.values())) for method, row in results.values(metric, muscle).items()}


def _best(column: Column, means: Sequence[float]) -> float:
    """The best of the rounded means; NaN, which equals nothing, where none is finite."""
    known = [_rounded(mean, column) for mean in means if math.isfinite(mean)]
    if not known:
        return math.nan
    return max(known) if column.larger_is_better else min(known)


def _rounded(mean: float, column: Column) -> float:
    return round(mean, column.decimals) if math.isfinite(mean) else mean


def _cost_cells(cost: Cost | None) -> tuple[Cell, ...]:
    if cost is None:
        return (Cell("0"), Cell(DASH), Cell(DASH))
    seconds, peak = cost.seconds_mean, cost.peak_mb_max
    return (
        Cell(str(cost.legs)),
        Cell(DASH if seconds is None else f"{seconds:.1f}"),
        Cell(DASH if peak is None else f"{peak:.0f}"),
    )


def _test_cell(test: PairedTest | None, decimals: int) -> Cell:
    if test is None:
        return Cell(DASH)
    text = "infinite" if test.mean_difference is None else signed(test.mean_difference, decimals)
    interval = () if test.interval is None else (" to ".join(signed(end, decimals) for end in test.interval),)
    return Cell(text, (*interval, f"better on {test.better} of {test.legs}, p = {test.p_holm:.2g}"))


def _paper_cells(row: TableRow) -> tuple[Cell, ...]:
    cells = [Cell(f"{row.paper.name}, {row.paper.source}" if row.paper else "not in the paper")]
    for place, (_, _, decimals) in enumerate(COLUMNS):
        theirs = (f"paper {written(row.paper.values[place], row.paper.sd[place], decimals)}",) if row.paper else ()
        cells.append(Cell(written(*row.ours[place], decimals), theirs))
    return tuple(cells)


def _number(value: float, decimals: int) -> str:
    """A number that may not exist, as the ICC of legs that do not differ."""
    return f"{value:.{decimals}f}" if math.isfinite(value) else DASH
