"""How agreement falls with the distance to what the expert drew."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ifssnet.core.results.evaluation_results import Results
from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.legend import legend_places
from ifssnet.figures.drawing.method_theme import MethodStyle, method_styles
from ifssnet.figures.drawing.standalone import PHONE, picture
from ifssnet.figures.drawing.svg import element, escape, nice_step, number, path_data
from ifssnet.figures.drawing.theme import hex_of, readable
from ifssnet.measurement.reference.drift import drift_curve, farthest_mm

BINS = 14
_QUANTITIES = (("dice", "Dice of the slice"), ("asd_mm", "ASD of the slice (mm)"))
_AXES = (
    ("nearest_given_mm", "Distance to the nearest given slice (mm)"),
    ("since_given_mm", "Distance past the last given slice (mm)"),
)
_WIDE, _HIGH = 430.0, 270.0


def bin_edges(results: Results, axis: str) -> Float[np.ndarray, " edge"]:
    """Round steps from 0 that hold every distance at which there is a muscle; none where there is none."""
    longest = farthest_mm(results, axis)
    if longest is None:
        return np.empty(0)
    step = nice_step(max(longest, 1e-6), BINS)
    return np.arange(0, math.floor(longest / step + 1e-9) + 2) * step


def drift_picture(results: Results, *, phone: bool = False) -> str:
    """Dice and surface distance against the distance to given slices, a line a method. An SVG; empty without slices.

    `phone`: as wide as one, with one panel below the other.
    """
    methods = method_styles(results)
    axes = [(column, label, bin_edges(results, column)) for column, label in _AXES]
    axes = [(column, label, edges) for column, label, edges in axes if len(edges) > 1]
    if not axes:
        return ""
    wide = PHONE if phone else _WIDE
    columns = 1 if phone else len(axes)
    legend, top = _legend(methods, wide * columns)
    parts = [legend]
    panels = [(quantity, words, *axis) for quantity, words in _QUANTITIES for axis in axes]
    for place, (quantity, words, axis, label, edges) in enumerate(panels):
        curves = {style.label: drift_curve(results, style.label, axis, quantity, edges) for style in methods}
        frame = _frame(curves, edges, quantity, wide)
        shifted = element("g", frame.axes(label, words, x_ticks=7, y_ticks=5), *_lines(frame, curves, edges, methods))
        x, y = place % columns * wide, top + place // columns * _HIGH
        parts.append(element("g", shifted, transform=f"translate({number(x)} {number(y)})"))
    description = (
        "Mean over the legs, all muscles together, slices by their area, without annotated ones and past a muscle's end."
    )
    return picture("Drift with distance", description, wide * columns, top + _HIGH * len(panels) // columns, *parts)


def _frame(
    curves: dict[str, Float[np.ndarray, " bin"]], edges: Float[np.ndarray, " edge"], quantity: str, wide: float
) -> Frame:
    every = np.concatenate(list(curves.values()))
    finite = every[np.isfinite(every)]
    if quantity == "dice":
        low = float(finite.min()) if finite.size else 0.0
        step = nice_step(max(1 - low, 0.02), 5)
        y_range = (max(0.0, min(math.floor(low / step + 1e-9) * step, 1.0 - step)), 1.0)
    else:
        high = float(finite.max()) if finite.size else 1.0
        step = nice_step(max(high, 0.1), 5)
        y_range = (0.0, step * math.ceil(high / step - 1e-9))
    return Frame(wide, _HIGH, (0.0, float(edges[-1])), y_range, left=58.0, right=18.0, top=14.0, bottom=48.0)


def _lines(
    frame: Frame,
    curves: dict[str, Float[np.ndarray, " bin"]],
    edges: Float[np.ndarray, " edge"],
    methods: Sequence[MethodStyle],
) -> list[str]:
    middles = (edges[:-1] + edges[1:]) / 2
    found: list[str] = []
    for style in methods:
        pairs = zip(middles.tolist(), curves[style.label].tolist(), strict=True)
        # A bin that no slice falls into is no gap in what is known: slices are further apart than bins.
        points = [(frame.x(x), frame.y(min(y, frame.y_range[1]))) for x, y in pairs if math.isfinite(y)]
        line = element(
            "path",
            element("title", escape(style.name)),
            class_="line",
            d=path_data(points),
            stroke=hex_of(style.color),
            stroke_dasharray=style.dash or None,
        )
        dots = [element("circle", cx=x, cy=y, r=2, fill=hex_of(style.color)) for x, y in points]
        found += [line, *dots]
    return found


def _legend(methods: Sequence[MethodStyle], width: float) -> tuple[str, float]:
    """The lines' names, and where they end."""
    parts: list[str] = []
    places, bottom = legend_places([style.name for style in methods], 28.0, 58.0, width)
    for style, (x, y) in zip(methods, places, strict=True):
        line = element(
            "line",
            x1=x,
            x2=x + 22,
            y1=y - 4,
            y2=y - 4,
            stroke=hex_of(style.color),
            stroke_width=2.4,
            stroke_dasharray=style.dash or None,
        )
        words = element("text", escape(style.name), x=x + 28, y=y, style=f"fill:{hex_of(readable(style.color))}")
        parts += [line, words]
    return "".join(parts), bottom + 14
