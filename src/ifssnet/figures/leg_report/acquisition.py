"""How well the leg was scanned: pictures, what they show, and what to do next time."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from ifssnet.compounding.preflight.compression import pressure_findings
from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb
from ifssnet.figures.leg_report.acquisition_charts import coverage_picture, pressure_picture
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.tables import PACKAGE
from ifssnet.measurement.checks.scanned_edge import coverage_findings


def acquisition_section(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """The probe's pressure and the edge of the scan; empty where neither is known."""
    if not content.pressures and not content.coverage:
        return Markup()
    return render(
        PACKAGE,
        "acquisition.html",
        pressure=Markup(pressure_picture(content.pressures)),
        pressed=pressure_findings(content.pressures),
        edge=Markup(coverage_picture(content.coverage, colors)),
        cut=coverage_findings(content.coverage),
    )
