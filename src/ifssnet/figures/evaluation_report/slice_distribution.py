"""Slice-wise Hausdorff and average surface distance of each leg, by method (paper's Fig. 12)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ifssnet.core.muscles import SOL
from ifssnet.core.results.evaluation_results import Results
from ifssnet.figures.drawing.legend import legend_places, text_width
from ifssnet.figures.drawing.method_theme import MethodStyle, method_styles
from ifssnet.figures.drawing.standalone import picture
from ifssnet.figures.drawing.svg import element, escape, number
from ifssnet.figures.drawing.theme import hex_of, readable
from ifssnet.measurement.statistics.spread import slice_percentiles

LOWEST_MM = 0.1
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
_PANELS = (("hausdorff_mm", "Hausdorff distance of the slice (mm)"), ("asd_mm", "Average surface distance of the slice (mm)"))
_LEFT, _HIGH, _WIDE = 62.0, 260.0, 820.0


def distribution_picture(results: Results, muscle: str = SOL) -> str:
    """A box a method in each leg: 5th to 95th percentile of its slices, the middle half thick, the median white. An SVG.

    The axis is logarithmic: the best methods and those that leak differ a hundredfold.
    """
    methods = method_styles(results)
    cases = [case for case in results.cases if (results.slices.case == case).any()]
    if not cases:
        return ""
    box = min(max(_WIDE / (len(cases) * (len(methods) + 1.5)), 7.0), 34.0)
    group = max(box * (len(methods) + 1.5), 46.0)
    longest = max((text_width(style.name) for style in methods), default=0.0)
    width = max(_LEFT + group * len(cases) + 16, _LEFT + 16 + longest)
    drawn, legend = _legend(methods, width)
    parts = [drawn]
    for place, (quantity, words) in enumerate(_PANELS):
        parts += _panel(results, methods, cases, muscle, quantity, words, legend + place * (_HIGH + 44), group, box)
    description = f"Percentiles over the slices of {muscle} that were not annotated."
    return picture(f"Distances by slice, {muscle}", description, width, legend + 2 * (_HIGH + 44), *parts)


def _panel(
    results: Results,
    methods: Sequence[MethodStyle],
    cases: Sequence[str],
    muscle: str,
    quantity: str,
    words: str,
    top: float,
    group: float,
    box_wide: float,
) -> list[str]:
    found = {
        (case, style.label): slice_percentiles(results, style.label, case, muscle, quantity)
        for case in cases
        for style in methods
    }
    finite = [float(v) for box in found.values() if box is not None for v in box if math.isfinite(v)]
    highest = next((tick for tick in _TICKS if tick >= max(finite, default=1.0)), _TICKS[-1])
    lowest = max((t for t in _TICKS if t <= max(min(finite, default=LOWEST_MM), LOWEST_MM)), default=LOWEST_MM)
    if lowest >= highest:
        lowest, highest = LOWEST_MM, max(highest, 1.0)
    base, span = top + _HIGH, math.log(highest / lowest)

    def y(value: float) -> float:
        if math.isinf(value):
            return top + 6
        return base - math.log(min(max(value, lowest), highest) / lowest) / span * (_HIGH - 24)

    right = _LEFT + group * len(cases)
    parts: list[str] = []
    for tick in _TICKS:
        if lowest <= tick <= highest:
            parts.append(element("line", class_="grid", x1=_LEFT, x2=right, y1=y(tick), y2=y(tick)))
            parts.append(element("text", f"{tick:g}", class_="tick", x=_LEFT - 8, y=y(tick), dy="0.34em", text_anchor="end"))
    turned = f"translate(14 {number(top + _HIGH / 2)}) rotate(-90)"
    parts.append(element("text", escape(words), class_="axis-label", transform=turned, text_anchor="middle"))
    for column, case in enumerate(cases):
        left = _LEFT + group * column
        middle = left + group / 2
        parts.append(element("text", escape(case), class_="tick", x=middle, y=base + 18, text_anchor="middle"))
        if column:
            parts.append(element("line", class_="grid", x1=left, x2=left, y1=top + 20, y2=base))
        for place, style in enumerate(methods):
            box = found[case, style.label]
            if box is not None:
                x = middle + (place - (len(methods) - 1) / 2) * box_wide
                parts.append(_box(style, case, [y(float(v)) for v in box], box, x, box_wide))
    parts.append(element("line", class_="axis", x1=_LEFT, x2=right, y1=base, y2=base))
    if any(box is not None and np.isinf(box).any() for box in found.values()):
        parts.append(element("text", "∞", class_="tick", x=_LEFT - 8, y=top + 6, dy="0.34em", text_anchor="end"))
    return parts


def _box(style: MethodStyle, case: str, ys: Sequence[float], box: Float[np.ndarray, " five"], x: float, wide: float) -> str:
    stroke = hex_of(style.color)
    description = element(
        "title", escape(f"{style.name}, {case}: median {box[2]:.2f} mm, 95 % of slices below {box[4]:.2f} mm")
    )
    return element(
        "g",
        description,
        element("line", x1=x, x2=x, y1=ys[0], y2=ys[4], stroke=stroke, stroke_width=1.4),
        element("line", x1=x, x2=x, y1=ys[1], y2=ys[3] - 0.01, stroke=stroke, stroke_width=0.68 * wide),
        element("circle", cx=x, cy=ys[2], r=2.1, fill="#fff", stroke=stroke, stroke_width=1),
    )


def _legend(methods: Sequence[MethodStyle], width: float) -> tuple[str, float]:
    """The boxes' names, and where they end."""
    parts: list[str] = []
    places, bottom = legend_places([style.name for style in methods], 16.0, _LEFT, width)
    for style, (x, y) in zip(methods, places, strict=True):
        parts.append(element("rect", x=x, y=y - 9, width=10, height=10, fill=hex_of(style.color)))
        parts.append(element("text", escape(style.name), x=x + 16, y=y, style=f"fill:{hex_of(readable(style.color))}"))
    return "".join(parts), bottom + 14
