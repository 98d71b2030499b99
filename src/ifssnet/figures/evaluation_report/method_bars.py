"""Metrics by method (paper's Fig. 8 and 9) and volume error by method (Fig. 10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ifssnet.core.images import counted
from ifssnet.core.results.evaluation_results import MEAN, WHOLE, Results
from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.legend import legend_places, text_width
from ifssnet.figures.drawing.method_theme import MethodStyle, mark, method_styles
from ifssnet.figures.drawing.standalone import PHONE, picture
from ifssnet.figures.drawing.svg import element, escape, nice_step, number, ticks
from ifssnet.figures.drawing.theme import hex_of, readable
from ifssnet.figures.evaluation_report.table_one import written
from ifssnet.measurement.statistics.spread import mean_and_sd

ROW = 22.0
_MUSCLE_MARKS = ("circle", "square", "triangle", "diamond")
_GREY = (110, 120, 134)


@dataclass(frozen=True)
class Layout:
    """How wide a picture is.

    Attributes:
        columns: Panels side by side.
        panel: Width of one, in SVG units.
        labels: Width of the methods' names on the left.
        errors: Width of the chart of volume errors, names left out.
        errors_label: What its axis shows, in words that fit it.
    """

    columns: int = 2
    panel: float = 350.0
    labels: float = 150.0
    errors: float = 640.0
    errors_label: str = "Volume error of the whole muscle (%), positive: too large"


WIDE = Layout()


def narrow(methods: Sequence[MethodStyle]) -> Layout:
    """The layout for a phone: one column, and names as wide as the longest."""
    labels = min(150.0, 14.0 + max((text_width(style.name) for style in methods), default=0.0))
    return Layout(1, PHONE - labels, labels, PHONE - labels, "Volume error (%), positive: too large")


@dataclass(frozen=True)
class Panel:
    """One metric.

    Attributes:
        metric: In the table.
        title: Above the panel.
        unit: Below it; empty for a share of 1.
        bounded: Whether 1 is the best and the most.
    """

    metric: str
    title: str
    unit: str = ""
    bounded: bool = False


PANELS: tuple[Panel, ...] = (
    Panel("dice", "Dice", bounded=True),
    Panel("iou", "IoU", bounded=True),
    Panel("hausdorff_mm", "Hausdorff distance", "mm"),
    Panel("hausdorff95_mm", "Hausdorff distance, 95th percentile", "mm"),
    Panel("asd_mm", "Average surface distance", "mm"),
    Panel("precision", "Precision", bounded=True),
    Panel("recall", "Recall", bounded=True),
    Panel(f"{WHOLE}absolute_volume_error_percent", "Volume error of the whole muscle, size", "%"),
)


def metrics_picture(results: Results, *, phone: bool = False) -> str:
    """A panel a metric, a row a method: mean ± SD over the legs, and each muscle's mean. An SVG; `phone`: as wide as one."""
    shown = [panel for panel in PANELS if panel.metric in results.metrics]
    methods = method_styles(results)
    layout = narrow(methods) if phone else WIDE
    high = 58 + ROW * len(methods) + 34
    rows = math.ceil(len(shown) / layout.columns)
    width = layout.labels + layout.columns * layout.panel
    parts: list[str] = []
    for place, panel in enumerate(shown):
        column, row = place % layout.columns, place // layout.columns
        left = layout.labels + column * layout.panel
        parts += _panel(results, panel, methods, left, layout.panel, row * high, high)
        title_x = 4.0 if phone else left + 6
        parts.append(element("text", escape(panel.title), class_="panel", x=title_x, y=row * high + 20))
        if column == 0:
            parts += _row_labels(methods, layout.labels - 6, row * high)
    foot = rows * high
    key, bottom = _key(results, 10.0 if phone else layout.labels + 10, width, foot + 14)
    title = f"Metrics by method, {results.about.split} split"
    description = "Diamond and bar: mean and standard deviation over the legs of the mean over the muscles."
    return picture(title, description, width, bottom + 14, *parts, key)


def volume_error_picture(results: Results, *, phone: bool = False) -> str:
    """Signed volume error of each leg and muscle by method, and the mean of its size. An SVG; `phone`: as wide as one."""
    metric = f"{WHOLE}volume_error_percent"
    methods = method_styles(results)
    layout = narrow(methods) if phone else WIDE
    values = {muscle: results.values(metric, muscle) for muscle in results.muscles}
    every = [v for rows in values.values() for row in rows.values() for v in row.values() if math.isfinite(v)]
    reach = _round_up(max((abs(v) for v in every), default=1.0) * 1.05)
    lowest = -min(reach, 100.0)
    row_high = 34.0
    width, high = layout.labels + layout.errors, 30 + row_high * len(methods) + 52
    frame = Frame(width, high, (lowest, reach), (0.0, 1.0), left=layout.labels, right=130.0, top=30.0, bottom=52.0)
    parts = [_grid(frame, layout.errors_label)]
    parts.append(element("line", class_="axis", x1=frame.x(0.0), x2=frame.x(0.0), y1=frame.top, y2=frame.floor))
    right = width - 12
    parts.append(element("text", "mean |error| ± SD", class_="note", x=right, y=20, text_anchor="end"))
    absolute = results.values(f"{WHOLE}absolute_volume_error_percent", MEAN)
    for place, style in enumerate(methods):
        middle = frame.top + row_high * (place + 0.5)
        parts.append(_method_label(style, layout.labels - 6, middle))
        for step, muscle in enumerate(results.muscles):
            y = middle + (step - (len(results.muscles) - 1) / 2) * 8
            for case, value in sorted(values[muscle][style.label].items()):
                if math.isfinite(value):
                    description = f"{style.name}, {muscle}, {case}: {value:+.2f} %"
                    parts.append(
                        mark(_MUSCLE_MARKS[step % 4], frame.x(value), y, 3.2, style.color, hollow=True, title=description)
                    )
        mean, sd = mean_and_sd(list(absolute[style.label].values()))
        words = written(mean, sd, 2)
        parts.append(element("text", words, class_="tick", x=right, y=middle, dy="0.34em", text_anchor="end"))
    key, bottom = _key(results, layout.labels + 10, width, high - 4, filled=False)
    description = "One mark a leg and muscle; at the right the mean over legs and muscles of the size of the error."
    return picture("Volume error by method", description, width, bottom + 10, *parts, key)


def _panel(
    results: Results, panel: Panel, methods: Sequence[MethodStyle], left: float, wide: float, top: float, high: float
) -> list[str]:
    means = results.values(panel.metric, MEAN)
    by_muscle = {muscle: results.values(panel.metric, muscle) for muscle in results.muscles}
    drawn = [mean_and_sd(list(rows[style.label].values())) for rows in (means, *by_muscle.values()) for style in methods]
    finite = [edge for mean, sd in drawn if math.isfinite(mean) for edge in (mean - (sd or 0.0), mean + (sd or 0.0))]
    if panel.bounded:
        low = max(0.0, min(finite, default=0.0))
        step = nice_step(max(1.0 - low, 0.01), 5)
        x_range = (max(0.0, min(math.floor(low / step + 1e-9) * step, 1.0 - step)), 1.0)
    else:
        x_range = (0.0, _round_up(max(finite, default=1.0)))
    frame = Frame(left + wide, top + high, x_range, (0.0, 1.0), left=left + 6, right=24.0, top=top + 32, bottom=60.0)
    parts = [_grid(frame, panel.unit)]
    for place, style in enumerate(methods):
        y = frame.top + ROW * (place + 0.5)
        for step, (muscle, rows) in enumerate(by_muscle.items()):
            value, _ = mean_and_sd(list(rows[style.label].values()))
            if math.isfinite(value):
                description = f"{style.name}, {muscle}: {value:.4g} {panel.unit}".rstrip()
                parts.append(mark(_MUSCLE_MARKS[step % 4], frame.x(value), y, 3.0, _GREY, hollow=True, title=description))
        mean, sd = mean_and_sd(list(means[style.label].values()))
        if math.isinf(mean):
            count = sum(math.isinf(value) for value in means[style.label].values())
            words = f"infinite on {count} of {counted(len(means[style.label]), 'leg')}"
            parts.append(element("text", words, class_="note", x=frame.width - 28, y=y, dy="0.34em", text_anchor="end"))
        elif math.isfinite(mean):
            words = f"{style.name}: {mean:.4g}"
            if sd is not None:
                ends = [frame.x(min(max(edge, x_range[0]), x_range[1])) for edge in (mean - sd, mean + sd)]
                stroke = hex_of(style.color)
                parts.append(element("line", x1=ends[0], x2=ends[1], y1=y, y2=y, stroke=stroke, stroke_width=2.2))
                words += f" ± {sd:.2g}"
            description = f"{words} {panel.unit}".rstrip()
            parts.append(mark("diamond", frame.x(mean), y, 4.4, style.color, title=description))
    return parts


def _grid(frame: Frame, label: str) -> str:
    """Vertical lines at round numbers, with their numbers and what they are below."""
    parts: list[str] = []
    for value in ticks(*frame.x_range, 5):
        x = frame.x(value)
        parts.append(element("line", class_="grid", x1=x, x2=x, y1=frame.top, y2=frame.floor))
        parts.append(element("text", number(value, 4), class_="tick", x=x, y=frame.floor + 15, text_anchor="middle"))
    right = frame.width - frame.right
    parts.append(element("line", class_="axis", x1=frame.left, x2=right, y1=frame.floor, y2=frame.floor))
    if label:
        middle = (frame.left + right) / 2
        parts.append(element("text", escape(label), class_="axis-label", x=middle, y=frame.floor + 31, text_anchor="middle"))
    return "".join(parts)


def _row_labels(methods: Sequence[MethodStyle], right: float, top: float) -> list[str]:
    return [_method_label(style, right, top + 32 + ROW * (place + 0.5)) for place, style in enumerate(methods)]


def _method_label(style: MethodStyle, right: float, y: float) -> str:
    fill = f"fill:{hex_of(readable(style.color))}"
    return element("text", escape(style.name), style=fill, x=right, y=y, dy="0.34em", text_anchor="end")


def _key(results: Results, left: float, right: float, y: float, *, filled: bool = True) -> tuple[str, float]:
    """What the marks stand for, and where that ends."""
    names = [*results.muscles, *(["mean over muscles ± SD over legs"] if filled else [])]
    places, bottom = legend_places(names, 9.0, left, right, y)
    parts: list[str] = []
    for step, (name, (x, base)) in enumerate(zip(names, places, strict=True)):
        if step < len(results.muscles):
            parts.append(mark(_MUSCLE_MARKS[step % 4], x, base - 4, 3.2, _GREY, hollow=True))
        else:
            parts.append(mark("diamond", x, base - 4, 4.4, _GREY))
        parts.append(element("text", escape(name), class_="note", x=x + 9, y=base))
    return "".join(parts), bottom


def _round_up(value: float) -> float:
    step = nice_step(value or 1.0, 5)
    return step * max(1, math.ceil(value / step - 1e-9))
