"""Tables of numbers: a row a measure with its unit and meaning, a column a muscle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ifssnet.core.segmentation import Json
from ifssnet.figures.drawing.svg import element, escape
from ifssnet.figures.drawing.theme import Rgb, hex_of, ordered
from ifssnet.figures.leg_report.content import VolumeEstimate
from ifssnet.figures.leg_report.measures import COMPARISONS, COMPARISONS_ELSEWHERE, MEASURES, Measure, measures_in, spoken


def swatch(color: Rgb) -> str:
    """A small square in a muscle's colour."""
    return element("i", class_="swatch", style=f"background:{hex_of(color)}")


def _cell(name: str, value: Json, measure: Measure) -> str:
    exact = str(value) if isinstance(value, int | float) else None
    text = spoken(value, measure)
    return element("td", escape(text), data_muscle=name, data_key=measure.key, data_value=exact)


def _row_head(label: str, unit: str, meaning: str) -> str:
    units = element("span", escape(unit), class_="unit") if unit else ""
    small = element("small", escape(meaning)) if meaning else ""
    return element("th", element("span", escape(label), class_="label"), units, small, scope="row")


def _table(caption: str, columns: Sequence[str], colors: Mapping[str, Rgb], rows: Sequence[str]) -> str:
    heads = "".join(
        element("th", swatch(colors[name]) if name in colors else "", escape(name), scope="col") for name in columns
    )
    head = element("thead", element("tr", element("th", "Measure", scope="col"), heads))
    body = element("tbody", *rows)
    # A table wider than a phone scrolls in its own box, which the keyboard must reach.
    inner = element("table", element("caption", escape(caption)), head, body, style=f"--columns:{len(columns)}")
    return element("div", inner, class_="table measures", tabindex="0", role="region", aria_label=caption)


def _rows(measures: Sequence[Measure], names: Sequence[str], table: Mapping[str, Mapping[str, Json]]) -> list[str]:
    return [
        element("tr", _row_head(m.label, m.unit, m.meaning), *(_cell(name, table[name].get(m.key), m) for name in names))
        for m in measures
    ]


def _estimate_rows(names: Sequence[str], estimates: Mapping[str, VolumeEstimate]) -> list[str]:
    if not estimates:
        return []
    cells: list[str] = []
    for name in names:
        estimate = estimates.get(name)
        if estimate is None:
            cells.append(element("td", "–"))
            continue
        text = f"{estimate.volume_cm3:.1f}"
        if estimate.leave_one_out_percent is not None:
            text += f" ± {estimate.leave_one_out_percent:.1f} %"
        cells.append(element("td", escape(text), data_muscle=name, data_key="estimate", data_value=str(estimate.volume_cm3)))
    methods = ", ".join(sorted({e.method for e in estimates.values() if e.method}))
    meaning = "Without the slices in between. After ±: the error when each annotated slice is left out in turn."
    if methods:
        meaning += f" Method: {methods}."
    return [element("tr", _row_head("Volume from the annotated slices alone", "cm³", meaning), *cells)]


def measures_table(
    muscles: Mapping[str, Mapping[str, Json]], estimates: Mapping[str, VolumeEstimate], colors: Mapping[str, Rgb]
) -> str:
    """The measures: those of the glossary as a table, any others folded away below it."""
    names = ordered(muscles)
    measures = measures_in([muscles[name] for name in names], MEASURES)
    known = [m for m in measures if m.meaning]
    others = [m for m in measures if not m.meaning]
    main = _rows(known, names, muscles)
    page = _table("Measures of each muscle", names, colors, main[:1] + _estimate_rows(names, estimates) + main[1:])
    if others:
        more = _table("Further measures of each muscle", names, colors, _rows(others, names, muscles))
        page += element("details", element("summary", f"Further measures ({len(others)})"), more)
    return page


def comparison_table(
    comparison: Mapping[str, Mapping[str, Json]], mean: Mapping[str, Json] | None, colors: Mapping[str, Rgb]
) -> str:
    """Agreement with the reference, the mean over the muscles in the last column."""
    columns: dict[str, Mapping[str, Json]] = {name: comparison[name] for name in ordered(comparison)}
    if mean:
        columns["Mean"] = mean
    measures = [m for m in measures_in(columns.values(), COMPARISONS) if m.key not in COMPARISONS_ELSEWHERE]
    rows = _rows(measures, list(columns), columns)
    return _table("Agreement with the reference", list(columns), colors, rows)


def number_ranges(values: Sequence[int]) -> str:
    """Whole numbers with runs drawn together.

    >>> number_ranges([12, 13, 14, 101, 200, 201])
    '12–14, 101, 200–201'
    """
    runs: list[list[int]] = []
    for value in sorted(set(values)):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)


def nested(data: Json) -> str:
    """Plain data, as deep as it is, as lists of terms and what they are."""
    if isinstance(data, Mapping):
        items = "".join(element("dt", escape(key)) + element("dd", nested(value)) for key, value in data.items())
        return element("dl", items) if items else "–"
    if isinstance(data, str):
        return escape(data)
    if isinstance(data, bool):
        return "yes" if data else "no"
    if data is None:
        return "–"
    if isinstance(data, Sequence):
        if data and all(isinstance(v, int) and not isinstance(v, bool) for v in data):
            return escape(number_ranges([v for v in data if isinstance(v, int)]))
        if any(isinstance(v, Mapping) for v in data):
            return element("ol", *(element("li", nested(v)) for v in data))
        return ", ".join(nested(v) for v in data) or "–"
    return escape(f"{data:.6g}" if isinstance(data, float) else data)
