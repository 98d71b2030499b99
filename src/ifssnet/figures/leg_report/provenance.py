"""How the numbers came about, and what the page is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.tables import PACKAGE
from ifssnet.geometry.masks.runs import number_ranges
from ifssnet.io.plain_data import Json


def provenance_section(content: ReportContent, _colors: Mapping[str, Rgb]) -> Markup:
    """The annotated slices, and the method with its settings and input files; empty where neither is known."""
    drawn = {name: content.annotated_slices[name] for name in ordered(content.annotated_slices)}
    if not drawn and not content.provenance:
        return Markup()
    rows = [(name, len(set(slices)), number_ranges(slices)) for name, slices in drawn.items() if slices]
    data = nested(content.provenance) if content.provenance else None
    return render(PACKAGE, "provenance.html", annotated=bool(drawn), rows=rows, data=data)


def limits(content: ReportContent) -> Markup:
    """What the page is not for."""
    return render(PACKAGE, "limits.html", version=content.version)


def nested(data: Json) -> Markup:
    """Plain data, as deep as it is, as lists of terms and what they are."""
    return render(PACKAGE, "nested.html", data=data, whole_numbers=_are_whole_numbers, number_ranges=number_ranges)


def _are_whole_numbers(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(value, int) and not isinstance(value, bool) for value in values)
