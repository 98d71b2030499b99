"""Small charts side by side, one a muscle: the same frame for every chart of a study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.legend import legend_places
from ifssnet.figures.drawing.method_theme import mark
from ifssnet.figures.drawing.standalone import picture
from ifssnet.figures.drawing.svg import element, escape, nice_step, number, ticks
from ifssnet.figures.drawing.theme import Rgb

WIDE, HIGH = 350.0, 270.0
MOST_COLUMNS = 3
MARKS = ("circle", "square", "triangle", "diamond")
INK: Rgb = (27, 36, 48)


@dataclass(frozen=True)
class Panel:
    """One small chart: its title, and what is in it, drawn in the panel's own units."""

    title: str
    body: str


def frame_of(x_range: tuple[float, float], y_range: tuple[float, float]) -> Frame:
    """The area of one small chart."""
    return Frame(WIDE, HIGH, x_range, y_range, left=58.0, right=16.0, top=32.0, bottom=48.0)


def panels_picture(title: str, description: str, panels: Sequence[Panel], raters: Sequence[str]) -> str:
    """Panels in rows, with the raters' marks above them where there are several; an SVG, empty without a panel."""
    if not panels:
        return ""
    columns = min(MOST_COLUMNS, len(panels))
    key, top = rater_key(raters, WIDE * columns)
    parts = [key]
    for place, panel in enumerate(panels):
        x, y = (place % columns) * WIDE, top + (place // columns) * HIGH
        heading = element("text", escape(panel.title), class_="panel", x=58, y=20)
        parts.append(element("g", heading, panel.body, transform=f"translate({number(x)} {number(y)})"))
    rows = math.ceil(len(panels) / columns)
    return picture(title, description, WIDE * columns, top + HIGH * rows, *parts)


def rater_key(raters: Sequence[str], right: float) -> tuple[str, float]:
    """What the marks stand for, and where that ends."""
    if len(raters) < 2:
        return "", 0.0
    places, bottom = legend_places(raters, 12.0, 58.0, right)
    parts: list[str] = []
    for place, (name, (x, y)) in enumerate(zip(raters, places, strict=True)):
        parts += [
            mark(shape(raters, raters[place]), x, y - 4, 3.6, INK, hollow=True),
            element("text", escape(name), x=x + 10, y=y),
        ]
    return "".join(parts), bottom + 6


def shape(raters: Sequence[str], rater: str) -> str:
    """The mark of a rater."""
    return MARKS[raters.index(rater) % len(MARKS)] if rater in raters else MARKS[0]


def from_zero(values: Iterable[float]) -> tuple[float, float]:
    """0 to a round number above all values."""
    high = max((value for value in values if math.isfinite(value)), default=1.0) * 1.06 or 1.0
    step = nice_step(high, 5)
    return 0.0, step * math.ceil(high / step - 1e-9)


def around(values: Iterable[float], *, middle: float | None = None) -> tuple[float, float]:
    """Round numbers below and above all values, and above and below the middle by as much where there is one."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if middle is not None:
        reach = max(abs(low - middle), abs(high - middle))
        low, high = middle - reach, middle + reach
    room = 0.08 * (high - low) or max(abs(high), 1.0) * 0.1
    step = nice_step(high - low + 2 * room, 5)
    return step * math.floor((low - room) / step + 1e-9), step * math.ceil((high + room) / step - 1e-9)


def level(frame: Frame, value: float, *, dash: str = "", words: str = "") -> str:
    """A horizontal line through a value, with words at its right end."""
    y = frame.y(value)
    right = frame.width - frame.right
    line = element("line", class_="axis", x1=frame.left, x2=right, y1=y, y2=y, stroke_dasharray=dash or None)
    return line + (element("text", escape(words), class_="note", x=right - 2, y=y - 4, text_anchor="end") if words else "")


def categories(frame: Frame, names: Sequence[str], y_label: str) -> str:
    """Grid, vertical axis, and a name for each place along the other one; places are 0, 1, 2 and so on."""
    parts: list[str] = []
    right = frame.width - frame.right
    for value in ticks(*frame.y_range, 5):
        y = frame.y(value)
        parts.append(element("line", class_="grid", x1=frame.left, x2=right, y1=y, y2=y))
        parts.append(element("text", number(value, 6), class_="tick", x=frame.left - 8, y=y, dy="0.34em", text_anchor="end"))
    for place, name in enumerate(names):
        # Words that do not fit beside each other stand in two rows.
        y = frame.floor + 18 + (14 if len(names) > 3 and place % 2 else 0)
        parts.append(element("text", escape(name), class_="tick", x=frame.x(float(place)), y=y, text_anchor="middle"))
    parts.append(element("line", class_="axis", x1=frame.left, x2=right, y1=frame.floor, y2=frame.floor))
    turned = f"translate(12 {number((frame.top + frame.floor) / 2)}) rotate(-90)"
    parts.append(element("text", escape(y_label), class_="axis-label", transform=turned, text_anchor="middle"))
    return "".join(parts)


def spread_out(count: int) -> list[float]:
    """Places for marks that share a category, a little apart.

    >>> spread_out(3)
    [-0.1, 0.0, 0.1]
    """
    return [round((place - (count - 1) / 2) * 0.1, 10) + 0.0 for place in range(count)]
