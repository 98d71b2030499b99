"""What to know before the numbers are read."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from ifssnet.core.findings import Finding, worst_first
from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.tables import PACKAGE

SEVERITIES = {"error": "Problem", "warning": "Take care", "note": "Note"}


def findings_section(content: ReportContent, _colors: Mapping[str, Rgb]) -> Markup:
    """The worst first; empty when nothing was checked and nothing was said."""
    found = [*(content.findings or ()), *(Finding("warning", text) for text in content.warnings)]
    if not found and content.findings is None:
        return Markup()
    return render(PACKAGE, "findings.html", findings=worst_first(found), severities=SEVERITIES)
