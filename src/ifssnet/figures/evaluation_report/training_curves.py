"""A training in one picture: its loss, the Dice of each muscle on validation legs, and the weights of the Tversky loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.svg import element, escape, nice_step, number, path_data
from ifssnet.figures.drawing.theme import DASHES, Rgb, colors_of, hex_of, readable
from ifssnet.measurement.statistics.spread import neighbour_means, running_mean, usual_range

DICE = "dice_"
"""What the columns of validation begin with; the muscle's name follows."""

_INK: Rgb = (27, 36, 48)
_BLUE: Rgb = (26, 95, 196)
_ORANGE: Rgb = (190, 90, 10)
_MOST_POINTS = 400
_LABEL = 14.0  # Height of a line of words beside the curves.
_STYLE = (
    "text{font:12.5px 'Inter','Segoe UI',system-ui,'Liberation Sans',Arial,sans-serif;fill:#5b6675;"
    "font-variant-numeric:tabular-nums}.axis-label{font-size:13px}.heading{font-size:15px;font-weight:650;fill:#1b2430}"
    ".name{font-size:13px;font-weight:650}.grid{stroke:#e9edf1}.axis{stroke:#8a95a3}"
    ".curve{fill:none;stroke-width:2.2;stroke-linejoin:round}.raw{fill:none;stroke-width:1;stroke-opacity:.35}"
    ".level{stroke:#8a95a3;stroke-dasharray:3 3}"
)


@dataclass(frozen=True, eq=False)
class Line:
    """One curve, and the words at its end.

    Attributes:
        name: Words beside its last point; empty for a curve without words.
        x: Units of training.
        y: Values.
        color: The curve's colour; the words are as dark as they have to be.
        dash: How the stroke is dashed.
        raw: Values before they were smoothed, drawn pale behind the curve.
        dots: Whether each point is marked.
    """

    name: str
    x: Float[np.ndarray, " point"]
    y: Float[np.ndarray, " point"]
    color: Rgb
    dash: str = ""
    raw: Float[np.ndarray, " point"] | None = None
    dots: bool = False


@dataclass(frozen=True)
class Panel:
    """One chart of curves over training.

    Attributes:
        heading: Above it.
        label: What the height shows.
        lines: Curves.
        span: Range of the height; from the curves where None.
        x_label: What the width shows.
    """

    heading: str
    label: str
    lines: Sequence[Line]
    span: tuple[float, float] | None = None
    x_label: str = "Unit of training"


def training_curves(rows: Sequence[Mapping[str, object]], title: str = "", width: float = 1040.0) -> str:
    """A run's log as an SVG that needs no style sheet; empty where the log has nothing to draw.

    Args:
        rows: Lines of the log: "unit", "loss", "alpha", "beta" and "dice_" with a muscle's name. Any column may be missing, in
            any row, or be None or NaN there; a log without "unit" is counted.
        title: What the picture shows, for readers who cannot see it.
        width: In SVG units, which the page scales.
    """
    return curves(
        [
            Panel("Loss of training", "Loss", loss_lines(rows)),
            Panel("Dice on validation legs", "Dice", dice_lines(rows)),
            Panel("Weights of the Tversky loss", "Weight", weight_lines(rows), (0.0, 1.0)),
        ],
        title or "Training",
        width,
    )


def curves(panels: Sequence[Panel], title: str, width: float = 1040.0) -> str:
    """Panels side by side as an SVG that needs no style sheet; those without lines are left out, empty without any."""
    shown = [panel for panel in panels if panel.lines]
    if not shown:
        return ""
    each, height = width / len(shown), 300.0
    parts: list[str] = []
    said: list[str] = []
    for index, panel in enumerate(shown):
        place = f"translate({number(index * each)} 0)"
        parts.append(element("g", _drawn(panel, each, height), transform=place))
        said.append(
            f"{panel.heading}: " + ", ".join(f"{line.name} ends at {line.y[-1]:.3g}" for line in panel.lines if line.name)
        )
    return element(
        "svg",
        element("title", escape(title)),
        element("desc", escape(". ".join(said) + ".")),
        element("style", _STYLE),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
    )


def loss_lines(rows: Sequence[Mapping[str, object]]) -> list[Line]:
    """The loss: a running mean over a twenty-fifth of the training, and pale behind it what it is the mean of."""
    x, y = _column(rows, "loss")
    if len(x) == 0:
        return []
    x, y = neighbour_means(x, y, _MOST_POINTS)
    return [Line("loss", x, running_mean(y, max(1, len(y) // 25)), _INK, raw=y)]


def dice_lines(rows: Sequence[Mapping[str, object]]) -> list[Line]:
    """Dice by muscle, in the colours of every other figure."""
    names = list(dict.fromkeys(key.removeprefix(DICE) for row in rows for key in row if key.startswith(DICE)))
    found = {name: points for name in names if len((points := _column(rows, DICE + name))[0])}
    colors = {**colors_of(found, {}), "mean": _INK}
    return [
        Line(name, *found[name], colors[name], DASHES[index % len(DASHES)], dots=len(found[name][0]) <= 40)
        for index, name in enumerate(name for name in colors if name in found)
    ]


def weight_lines(rows: Sequence[Mapping[str, object]]) -> list[Line]:
    """Alpha, the weight of false positives, and beta, of false negatives."""
    wanted = (("alpha", "α", _BLUE, ""), ("beta", "β", _ORANGE, DASHES[1]))
    columns = [(words, _column(rows, key), color, dash) for key, words, color, dash in wanted]
    return [Line(words, *neighbour_means(x, y, _MOST_POINTS), color, dash) for words, (x, y), color, dash in columns if len(x)]


def _drawn(panel: Panel, width: float, height: float) -> str:
    lines, span = panel.lines, panel.span
    first, last = min(float(line.x[0]) for line in lines), max(float(line.x[-1]) for line in lines)
    low, high = span or _span(lines)
    named = [line for line in lines if line.name]
    words = [line.name if line.raw is not None else f"{line.name} {line.y[-1]:.3f}" for line in named]
    aside = 8.2 * max((len(text) for text in words), default=0) + 16
    frame = Frame(width, height, (first, max(last, first + 1)), (low, high), left=58.0, right=aside, top=38.0, bottom=46.0)
    parts = [
        element("text", escape(panel.heading), class_="heading", x=frame.left, y=20.0),
        frame.axes(panel.x_label, panel.label, x_ticks=4),
    ]
    if span == (0.0, 1.0):
        half = frame.y(0.5)
        parts.append(element("line", class_="level", x1=frame.left, x2=width - aside, y1=half, y2=half))
    for line in lines:
        color = hex_of(line.color)
        if line.raw is not None:
            parts.append(element("path", class_="raw", d=path_data(_places(frame, line.x, line.raw)), stroke=color))
        places = _places(frame, line.x, line.y)
        parts.append(element("path", class_="curve", d=path_data(places), stroke=color, stroke_dasharray=line.dash or None))
        if line.dots or len(places) == 1:
            parts += [element("circle", cx=x, cy=y, r=2.6, fill=color) for x, y in places]
    heights = _apart([frame.y(min(max(float(line.y[-1]), low), high)) for line in named], frame.top, frame.floor)
    for line, text, at in zip(named, words, heights, strict=True):
        shade = hex_of(readable(line.color))
        x = width - aside + 7
        parts.append(element("text", escape(text), class_="name", x=x, y=at, dy="0.34em", style=f"fill:{shade}"))
    return "".join(parts)


def _column(rows: Sequence[Mapping[str, object]], key: str) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Units and values of a column where it has numbers, in the order of the units."""
    points: list[tuple[float, float]] = []
    for index, row in enumerate(rows):
        unit, value = row.get("unit", index), row.get(key)
        if isinstance(unit, int | float) and isinstance(value, int | float) and math.isfinite(unit) and math.isfinite(value):
            points.append((float(unit), float(value)))
    points.sort(key=lambda point: point[0])
    table = np.array(points, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _span(lines: Sequence[Line]) -> tuple[float, float]:
    """A range of round numbers with all curves in it; single peaks behind them may be cut off."""
    shown = [usual_range(line.raw) for line in lines if line.raw is not None]
    values = np.concatenate([*(line.y for line in lines), *shown])
    low, high = float(values.min()), float(values.max())
    step = nice_step(max(high - low, 1e-6 * max(abs(high), 1.0)), 5)
    low, high = step * math.floor(low / step), step * math.ceil(high / step)
    return (low, high) if high > low else (low - step, high + step)


def _places(frame: Frame, x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"]) -> list[tuple[float, float]]:
    inside = np.clip(y, *frame.y_range)
    return [(frame.x(a), frame.y(b)) for a, b in zip(x.tolist(), inside.tolist(), strict=True)]


def _apart(heights: Sequence[float], top: float, floor: float) -> list[float]:
    """Heights of words, moved as little as needed so that none lies on another."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed: list[float] = []
    for index in order:
        placed.append(max(heights[index], placed[-1] + _LABEL if placed else top))
    # What has been pushed below the floor goes back up, and takes what is above along.
    limit = max(floor, top + _LABEL * (len(placed) - 1))
    for position in reversed(range(len(placed))):
        placed[position] = min(placed[position], limit - _LABEL * (len(placed) - 1 - position))
    result = [0.0] * len(heights)
    for index, height in zip(order, placed, strict=True):
        result[index] = height
    return result
