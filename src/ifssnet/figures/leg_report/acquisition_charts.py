"""How well a leg was scanned, as charts: the probe's pressure along each sweep, and the muscles' borders at the scan's edge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ifssnet.compounding.preflight.compression import BESIDE_MM, INSIDE_MM
from ifssnet.core.facts.compounding_facts import ProbePressure
from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.legend import legend_places
from ifssnet.figures.drawing.standalone import picture
from ifssnet.figures.drawing.svg import element, escape, nice_step, number, path_data
from ifssnet.figures.drawing.theme import DASHES, Rgb, hex_of, ordered, readable
from ifssnet.measurement.checks.scanned_edge import MUCH_SHARE, MuscleCoverage

WIDTH, HIGH = 460.0, 184.0
_LEFT, _RIGHT, _BOTTOM = 52.0, 16.0, 44.0
_SWEEPS: tuple[Rgb, ...] = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (153, 140, 30))

_Line = tuple[str, Rgb, Sequence[float], Sequence[float]]


def pressure_picture(pressures: Sequence[ProbePressure]) -> str:
    """How deep the probe pressed the skin in, a line for each sweep: an SVG that stands by itself; empty without any sweep.

    Above: against another sweep. Below: against the skin's own smooth course.
    """
    if not pressures:
        return ""
    colors = [_SWEEPS[place % len(_SWEEPS)] for place in range(len(pressures))]
    names = [f"sweep {place}" for place in range(1, len(pressures) + 1)]
    panels = (
        ("Skin deeper than another sweep saw it (mm)", BESIDE_MM, [each.beside_mm for each in pressures]),
        ("Skin inside its own smooth course (mm)", INSIDE_MM, [each.inside_mm for each in pressures]),
    )
    legend, top = _legend(names, colors)
    parts = [legend]
    for row, (heading, limit, values) in enumerate(panels):
        lines = [
            (name, color, each.along_mm, line) for name, color, each, line in zip(names, colors, pressures, values, strict=True)
        ]
        drawn = _panel(heading, "Along the leg, from the first frame (mm)", lines, limit)
        parts.append(element("g", drawn, transform=f"translate(0 {number(top + row * HIGH)})"))
    return picture("Pressure of the probe", "Above the dashed line the probe pressed.", WIDTH, top + 2 * HIGH, *parts)


def coverage_picture(coverage: Mapping[str, MuscleCoverage], colors: Mapping[str, Rgb]) -> str:
    """The share of each muscle's border at the edge of the scan, slice by slice: an SVG; empty without a muscle."""
    if not coverage:
        return ""
    names = ordered(coverage)
    legend, top = _legend(names, [colors[name] for name in names])
    lines = [
        (
            name,
            colors[name],
            coverage[name].position_mm.tolist(),
            (100 * coverage[name].edge_share).tolist(),
        )
        for name in names
    ]
    words = "Border at the edge of the scan (%)"
    drawn = _panel(words, "Position along the slice axis (mm)", lines, 100 * MUCH_SHARE, least=20.0)
    parts = [legend, element("g", drawn, transform=f"translate(0 {number(top)})")]
    return picture("Muscles at the edge of the scan", "Above the dashed line much of the border.", WIDTH, top + HIGH, *parts)


def _panel(heading: str, x_label: str, lines: Sequence[_Line], limit: float, least: float = 6.0) -> str:
    known = [value for *_, values in lines for value in values if math.isfinite(value)]
    places = [place for _, _, along, _ in lines for place in along]
    highest = max([least, *known])
    step = nice_step(highest, 4)
    top_value = step * math.ceil(highest / step - 1e-9)
    x_range = (min(places, default=0.0), max([*places, min(places, default=0.0) + 1.0]))
    frame = Frame(WIDTH, HIGH, x_range, (0.0, top_value), left=_LEFT, right=_RIGHT, top=26.0, bottom=_BOTTOM)
    y = frame.y(limit)
    parts = [
        element("text", escape(heading), class_="panel", x=_LEFT, y=14.0),
        frame.axes(x_label, "", x_ticks=5, y_ticks=4),
        element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, stroke="#8a95a3", stroke_dasharray="5 4"),
    ]
    for place, (name, color, along, values) in enumerate(lines):
        shown = np.clip(np.array(values, dtype=np.float64), 0.0, top_value)
        points = [(frame.x(x), frame.y(value)) for x, value in zip(along, shown.tolist(), strict=True)]
        dash = DASHES[place % len(DASHES)] or None
        title = element("title", escape(name))
        line = path_data(points)
        parts.append(element("path", title, class_="line", d=line, stroke=hex_of(color), stroke_dasharray=dash))
    if not known:
        middle = (_LEFT + WIDTH - _RIGHT) / 2
        parts.append(element("text", "not seen", class_="note", x=middle, y=frame.y(top_value / 2), text_anchor="middle"))
    return "".join(parts)


def _legend(names: Sequence[str], colors: Sequence[Rgb]) -> tuple[str, float]:
    """The lines' names, and where they end."""
    places, bottom = legend_places(names, 28.0, _LEFT, WIDTH)
    parts: list[str] = []
    for number_of, (name, color, (x, y)) in enumerate(zip(names, colors, places, strict=True)):
        dash = DASHES[number_of % len(DASHES)] or None
        parts.append(
            element("line", x1=x, x2=x + 22, y1=y - 4, y2=y - 4, stroke=hex_of(color), stroke_width=2.4, stroke_dasharray=dash)
        )
        parts.append(element("text", escape(name), x=x + 28, y=y, style=f"fill:{hex_of(readable(color))}"))
    return "".join(parts), bottom + 10
