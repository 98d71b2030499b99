"""The evaluation as one page that carries everything it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

from ifssnet.core.muscles import SOL
from ifssnet.core.results import MEAN, WHOLE, PairedTest, Results
from ifssnet.figures.drawing.method_theme import MethodStyle, method_styles
from ifssnet.figures.drawing.pages import swatch
from ifssnet.figures.drawing.svg import element, escape
from ifssnet.figures.evaluation_report.drift import drift_picture
from ifssnet.figures.evaluation_report.method_bars import metrics_picture, volume_error_picture
from ifssnet.figures.evaluation_report.slice_distribution import distribution_picture
from ifssnet.figures.evaluation_report.table_one import CAUTION, COLUMNS, table_rows, written
from ifssnet.figures.leg_report.provenance import nested
from ifssnet.io.plain_data import Json
from ifssnet.measurement.spread import mean_and_sd

_MAIN: tuple[tuple[str, str, int, bool], ...] = (
    ("dice", "Dice", 4, True),
    ("iou", "IoU", 4, True),
    ("hausdorff_mm", "HD (mm)", 2, False),
    ("hausdorff95_mm", "HD95 (mm)", 2, False),
    ("asd_mm", "ASD (mm)", 3, False),
    (f"{WHOLE}absolute_volume_error_percent", "|volume error| (%)", 2, False),
)
"""Metric, heading, decimals, and whether larger is better."""

_TESTED = tuple(row for row in _MAIN if row[0] not in ("iou", "hausdorff_mm"))


def evaluation_html(
    results: Results, about: Mapping[str, Json] | None = None, pictures: Sequence[tuple[str, str, str]] = ()
) -> str:
    """A whole HTML page: tables, tests, figures, failures and how it came about. It loads nothing from anywhere.

    Args:
        results: The results with their summary.
        about: What was compared, as plain data: the last section of the page.
        pictures: More figures: title, SVG, caption.
    """
    body = [
        _head(results),
        _failures(results),
        _overview(results),
        _by_muscle(results),
        _tests(results),
        _table_one(results),
        _figure("Metrics by method", metrics_picture(results), _METRICS),
        _figure("Volume error", volume_error_picture(results), _VOLUME),
        _figure("Drift with the distance to what was drawn", drift_picture(results), _DRIFT),
        _figure("Distances by slice", distribution_picture(results, _first_muscle(results)), _SLICES),
        *(_figure(*given) for given in pictures),
        _agreement(results),
        element("h2", "How it came about") + nested(about or {}),
    ]
    css = (files("ifssnet.figures") / "assets" / "evaluation.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        element("title", escape(_title(results))),
        f"<style>{css}</style>",
    ]
    page = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        element("head", *head),
        element("body", element("main", *body)),
        "</html>",
        "",
    ]
    return "\n".join(page)


_METRICS = (
    "Annotated slices do not count. Diamond and bar: mean and standard deviation over the legs of the mean over the muscles; "
    "open marks: each muscle's mean over the legs."
)
_VOLUME = "Whole muscles, annotated slices included. One mark a leg and muscle; beyond −100 % nothing can go."
_DRIFT = "Mean over the legs, all muscles together, slices by their area; only where there is muscle."
_SLICES = (
    "One box a leg and method: 5th to 95th percentile over its slices, the middle half thick, the median white. Distances are "
    "those of a slice's border to the whole other surface, in 3-D. The scale is logarithmic."
)


def _title(results: Results) -> str:
    return f"Evaluation on {results.about.cohort.name}"


def _head(results: Results) -> str:
    given = results.about.given
    words = f"{len(results.methods)} methods on {len(results.cases)} legs of the {results.about.split} split. "
    words += f"Protocol {given.protocol}: {given.consecutive} slices side by side every {given.distance}"
    words += f", their borders drawn {given.noise_mm:g} mm (SD) wrong." if given.noise_mm else ", drawn without error."
    return element("header", element("h1", escape(_title(results))), element("p", escape(words), class_="lead"))


def _failures(results: Results) -> str:
    failed, absent = results.absences.failed, results.absences.absent_muscles
    lines = [f"{failure.method} on {failure.case} failed: {failure.error}" for failure in failed]
    lines += [f"{case} has no {', '.join(names)}: nothing was measured there." for case, names in absent.items()]
    if not lines:
        return ""
    head = (
        f"{len(failed)} of {len(results.cases) * len(results.methods)} runs failed." if failed else "Some muscles are absent."
    )
    return element("p", element("b", escape(head)), *("<br>" + escape(line) for line in lines), class_="warning")


def _label_error(results: Results) -> str:
    """What the labels themselves are worth, where that is known: it stands beside the numbers that hang on them."""
    words = results.about.cohort.label_error
    return element("p", escape(words), class_="warning") if words else ""


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = element("thead", element("tr", *(element("th", escape(h), scope="col") for h in heads)))
    return element("div", element("table", head, element("tbody", *rows)), class_="table")


def _named(look: MethodStyle) -> str:
    return element("th", swatch(look.color), escape(look.name), scope="row")


def _metric_rows(results: Results, muscle: str, extra: Callable[[MethodStyle], Sequence[str]] = lambda _: ()) -> list[str]:
    found = {
        metric: {
            look.label: mean_and_sd(list(results.values(metric, muscle)[look.label].values()))
            for look in method_styles(results)
        }
        for metric, *_ in _MAIN
    }
    best: dict[str, float] = {}
    for metric, _, decimals, larger in _MAIN:
        means = [round(mean, decimals) for mean, _ in found[metric].values() if math.isfinite(mean)]
        if means:
            best[metric] = max(means) if larger else min(means)
    rows: list[str] = []
    for look in method_styles(results):
        cells: list[str] = []
        for metric, _, decimals, _ in _MAIN:
            mean, sd = found[metric][look.label]
            leads = math.isfinite(mean) and round(mean, decimals) == best.get(metric)
            cells.append(element("td", escape(written(mean, sd, decimals)), class_="best" if leads else None))
        rows.append(element("tr", _named(look), *cells, *(element("td", escape(cell)) for cell in extra(look))))
    return rows


def _overview(results: Results) -> str:
    cost = results.summary.cost if results.summary is not None else {}

    def extra(look: MethodStyle) -> Sequence[str]:
        mine = cost.get(look.label)
        if mine is None:
            return ("0", "–", "–")
        seconds, peak = mine.seconds_mean, mine.peak_mb_max
        return (str(mine.legs), "–" if seconds is None else f"{seconds:.1f}", "–" if peak is None else f"{peak:.0f}")

    heads = ("Method", *(head for _, head, _, _ in _MAIN), "legs", "s a leg", "peak MB")
    how = "Mean ± SD over the legs of the mean over the muscles; the best is bold. Annotated slices count in the volume only."
    return (
        element("h2", "Mean over the muscles")
        + element("p", how, class_="how")
        + _label_error(results)
        + _table(heads, _metric_rows(results, MEAN, extra))
    )


def _by_muscle(results: Results) -> str:
    heads = ("Method", *(head for _, head, _, _ in _MAIN))
    return (
        element("h2", "Each muscle")
        + _label_error(results)
        + "".join(element("h3", escape(muscle)) + _table(heads, _metric_rows(results, muscle)) for muscle in results.muscles)
    )


def _tests(results: Results) -> str:
    if results.summary is None or len(results.methods) < 2:
        return ""
    against = results.summary.against
    base = next((look.name for look in method_styles(results) if look.label == against.method), against.method)
    rows: list[str] = []
    for look in method_styles(results):
        if look.label == against.method:
            continue
        cells: list[str] = []
        for metric, _, decimals, _ in _TESTED:
            cells.append(_test_cell(against.of(metric, MEAN, look.label), decimals))
        rows.append(element("tr", _named(look), *cells))
    how = (
        f"Paired by leg, mean over the muscles. Mean difference to {base} with its 95 % bootstrap interval (BCa), legs on "
        "which the method is better, and the p-value of Wilcoxon's signed ranks, Holm's correction over the methods. With n "
        "legs no p-value can fall below 2 / 2ⁿ before correction."
    )
    heads = ("Method", *(head for _, head, _, _ in _TESTED))
    return element("h2", f"Against {escape(base)}") + element("p", escape(how), class_="how") + _table(heads, rows)


def _test_cell(found: PairedTest | None, decimals: int) -> str:
    if found is None:
        return element("td", "–")
    difference, interval = found.mean_difference, found.interval
    words = "infinite" if difference is None else f"{difference:+.{decimals}f}"
    small = [] if interval is None else [f"{interval[0]:+.{decimals}f} to {interval[1]:+.{decimals}f}"]
    small.append(f"better on {found.better} of {found.legs}, p = {found.p_holm:.2g}")
    return element("td", escape(words), *(element("small", escape(text)) for text in small))


def _table_one(results: Results) -> str:
    rows: list[str] = []
    by_label = {look.label: look for look in method_styles(results)}
    for row in table_rows(results):
        cells: list[str] = []
        for place, (_, _, decimals) in enumerate(COLUMNS):
            mean, sd = row.ours[place]
            there = [f"paper {written(row.paper.values[place], row.paper.sd[place], decimals)}"] if row.paper else []
            ours = written(mean, sd if row.legs > 1 else None, decimals)
            cells.append(element("td", escape(ours), *(element("small", escape(words)) for words in there)))
        source = f"{row.paper.name}, {row.paper.source}" if row.paper else "not in the paper"
        rows.append(
            element(
                "tr",
                element("th", swatch(by_label[row.label].color), escape(row.name), scope="row"),
                element("td", escape(source)),
                *cells,
            )
        )
    heads = ("Method", "In the paper", *(head for _, head, _ in COLUMNS))
    caution = element("p", escape(CAUTION), class_="how") + _label_error(results)
    return element("h2", "Table I, beside the paper") + caution + _table(heads, rows)


def _figure(title: str, svg: str, caption: str) -> str:
    if not svg:
        return ""
    return element("h2", escape(title)) + element("figure", svg, element("figcaption", escape(caption)))


def _agreement(results: Results) -> str:
    found = results.summary.volume_agreement if results.summary is not None else {}
    parts: list[str] = []
    for muscle, per_method in found.items():
        rows: list[str] = []
        for look in method_styles(results):
            mine = per_method.get(look.label)
            if mine is None:
                continue
            bland, rel = mine.bland_altman, mine.reliability
            limits = f"{bland.limits[0]:+.1f} to {bland.limits[1]:+.1f}"
            errors = _figure_of(rel.sem_agreement, 2), _figure_of(rel.mdc_agreement, 2)
            cells = [f"{bland.bias:+.2f}", limits, _figure_of(rel.icc_2_1.value, 4), *errors]
            rows.append(element("tr", _named(look), *(element("td", escape(cell)) for cell in cells)))
        if rows:
            heads = ("Method", "Bias (cm³)", "95 % limits (cm³)", "ICC(2,1)", "SEM (cm³)", "MDC (cm³)")
            parts.append(element("h3", escape(muscle)) + _table(heads, rows))
    if not parts:
        return ""
    how = (
        "Volumes of whole muscles against the truth: Bland and Altman's bias and limits, intraclass correlation, "
        "standard error of measurement, minimal detectable change."
    )
    return element("h2", "Agreement of volumes") + element("p", how, class_="how") + "".join(parts)


def _figure_of(value: float, decimals: int) -> str:
    """A number that may not exist, as the ICC of legs that do not differ."""
    return "–" if not math.isfinite(value) else f"{value:.{decimals}f}"


def _first_muscle(results: Results) -> str:
    return SOL if SOL in results.muscles or not results.muscles else results.muscles[0]
