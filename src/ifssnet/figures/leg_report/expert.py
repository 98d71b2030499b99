"""What a human did about the result: who vouches for it, the time spent, and where every slice comes from."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from ifssnet.figures.drawing.pages import DASH, render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ExpertRecord, ReportContent
from ifssnet.figures.leg_report.tables import PACKAGE, Cell, Row, muscles_table

ORIGINS = {
    "drawn": ("Drawn", "outlined on an empty slice"),
    "imported": ("Imported", "outlined in another program"),
    "corrected": ("Corrected", "drawn over what a method had found"),
    "accepted": ("Accepted", "found by a method, and taken as it is"),
    "seen": ("Looked at", "found by a method, shown, and left as it is"),
    "not seen": ("Never looked at", "found by a method, and shown to nobody"),
}


def expert_section(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """The signature and the origin of the slices; empty where no session is on record."""
    record = content.expert
    if record is None:
        return Markup()
    names = ordered(record.slices_by_origin)
    rows = [
        Row(label, "slices", meaning, [Cell(str(record.slices_by_origin[name].get(origin, 0) or DASH), name) for name in names])
        for origin, (label, meaning) in ORIGINS.items()
        if any(record.slices_by_origin[name].get(origin) for name in names)
    ]
    table = muscles_table("Slices by what a human did about them", colors, names, rows)
    return render(PACKAGE, "expert.html", record=record, facts=_facts(record), table=table)


def _facts(record: ExpertRecord) -> list[str]:
    facts = [f"{record.outlines} outlines", f"{record.expert_minutes:.1f} min of expert time"]
    if record.slices_by_method:
        found = ", ".join(f"{count} slices by {name.replace('_', '-')}" for name, count in record.slices_by_method.items())
        facts.append(found)
    facts += [
        f"network {file}, SHA-256 {sha256[:12]}" for file, _, sha256 in (each.rpartition(" ") for each in record.networks)
    ]
    return facts
