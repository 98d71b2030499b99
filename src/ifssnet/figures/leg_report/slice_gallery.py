"""Slices with outlines, at even positions along the leg."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.slices import slice_pictures
from ifssnet.figures.leg_report.tables import PACKAGE


def slices_section(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """Grey levels with outlines, and switches for what lies on them; empty without slices."""
    if not content.slices:
        return Markup()
    x, y, _ = content.grid.spacing_xyz_mm
    pictures = slice_pictures(content.slices, colors, (x, y))
    shown = {name for each in content.slices for name, mask in each.masks.items() if mask.any()}
    return render(
        PACKAGE,
        "slices.html",
        slices=[
            (each, Markup(svg), ", ".join(ordered(each.annotated))) for each, svg in zip(content.slices, pictures, strict=True)
        ],
        names=[name for name in ordered(content.muscles) if name in shown],
        colors=colors,
        has_reference=any(each.reference_masks for each in content.slices),
    )
