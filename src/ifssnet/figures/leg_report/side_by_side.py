"""Several methods on one leg: how well each agrees with the reference, and what they drew on the same slices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ifssnet.core.segmentation import Json
from ifssnet.figures.drawing.svg import element, escape
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ComparedMethod, ReportContent
from ifssnet.figures.leg_report.measures import COMPARISONS, Measure, spoken
from ifssnet.figures.leg_report.slices import slice_pictures
from ifssnet.figures.leg_report.tables import swatch

MEASURES: tuple[Measure, ...] = tuple(
    next(measure for measure in COMPARISONS if measure.key == key) for key in ("dice", "hausdorff95_mm", "volume_error_percent")
)
"""What is compared; the best is the largest Dice, and the smallest distance and error."""

LARGER_IS_BETTER = "dice"


def side_by_side(content: ReportContent, colors: Mapping[str, Rgb]) -> str:
    """The section: a table with a line a method, and the same slices as each method has them; empty for one method alone."""
    if len(content.methods) < 2:
        return ""
    notes = [f"{method.name}: {method.note}" for method in content.methods if method.note]
    told = element("ul", *(element("li", escape(note), class_="note") for note in notes), class_="notes") if notes else ""
    how = "The same annotated slices, carried by each method. Bold is the best of each column."
    return element(
        "section",
        element("h2", "Methods side by side", id="methods-title"),
        element("p", how, class_="how"),
        told,
        _table(content.methods, colors),
        _pictures(content, colors),
        id="methods",
        aria_labelledby="methods-title",
    )


def best_of(methods: Sequence[ComparedMethod], muscle: str, key: str) -> float | None:
    """The best value of a measure: the largest Dice, else the one nearest to 0; None where no method has one."""
    values = [value for method in methods if (value := _number(method.comparison.get(muscle, {}).get(key))) is not None]
    if not values:
        return None
    return max(values) if key == LARGER_IS_BETTER else min(abs(value) for value in values)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _table(methods: Sequence[ComparedMethod], colors: Mapping[str, Rgb]) -> str:
    muscles = ordered({name: None for method in methods for name in method.comparison})
    groups = "".join(
        element(
            "th",
            escape(measure.label),
            element("span", f" {escape(measure.unit)}", class_="unit") if measure.unit else "",
            scope="colgroup",
            colspan=str(len(muscles)),
        )
        for measure in MEASURES
    )
    heads = "".join(element("th", swatch(colors[name]), escape(name), scope="col") for _ in MEASURES for name in muscles)
    head = element("thead", element("tr", element("td", "", rowspan="2"), groups), element("tr", heads))
    rows = [
        element(
            "tr",
            element("th", escape(method.name), scope="row"),
            *(_cell(method, methods, muscle, measure) for measure in MEASURES for muscle in muscles),
        )
        for method in methods
    ]
    caption = "Agreement of each method with the reference"
    table = element("table", element("caption", caption), head, element("tbody", *rows))
    return element("div", table, class_="table methods-table", tabindex="0", role="region", aria_label=caption)


def _cell(method: ComparedMethod, methods: Sequence[ComparedMethod], muscle: str, measure: Measure) -> str:
    value = method.comparison.get(muscle, {}).get(measure.key)
    text, found = escape(spoken(value, measure)), _number(value)
    best = best_of(methods, muscle, measure.key)
    # Two that read the same are equally good, whatever the digits are that nobody sees.
    if found is not None and spoken(abs(found), measure) == spoken(best, measure):
        text = element("b", text)
    exact = None if found is None else str(value)
    return element("td", text, data_method=method.name, data_muscle=muscle, data_key=measure.key, data_value=exact)


def _pictures(content: ReportContent, colors: Mapping[str, Rgb]) -> str:
    """A row a slice, a column a method, all cut to one window."""
    methods = [method for method in content.methods if method.slices]
    if not methods:
        return ""
    places = range(min(len(method.slices) for method in methods))
    shown = [(method, method.slices[place]) for place in places for method in methods]
    x, y, _ = content.grid.spacing_xyz_mm
    drawn = slice_pictures([slice_ for _, slice_ in shown], colors, (x, y))
    figures = [
        element(
            "figure",
            picture,
            element(
                "figcaption",
                element("span", escape(method.name), class_="mm"),
                element("span", f"{slice_.position_mm:.1f} mm", class_="z"),
            ),
        )
        for (method, slice_), picture in zip(shown, drawn, strict=True)
    ]
    dashed = any(slice_.reference_masks for _, slice_ in shown)
    how = "Slices far from any annotated one." + (" The dashed white line is the reference." if dashed else "")
    grid = element("div", *figures, class_="slices compared", style=f"--methods:{len(methods)}")
    return element("p", how, class_="how pictures-how") + grid
