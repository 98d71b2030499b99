"""The top of the page: a title, the result in a sentence, and a card a muscle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from ifssnet.figures.drawing.pages import DASH, render
from ifssnet.figures.drawing.theme import Rgb, ordered
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.quantity_text import text_of
from ifssnet.figures.leg_report.tables import PACKAGE, interval_text
from ifssnet.measurement.reference.metrics.volumes import VOLUME_ERROR

FULL_NAMES = {"SOL": "Soleus", "GM": "Gastrocnemius medialis", "GL": "Gastrocnemius lateralis"}
_CARD_ERROR = replace(VOLUME_ERROR.quantity, decimals=1)


@dataclass(frozen=True)
class Card:
    """A muscle with the number that the reader came for.

    Attributes:
        name: The muscle's short name.
        full_name: Its anatomical name; empty where we know none.
        color: Its colour.
        volume: In cm3, as text.
        details: Short facts below it.
    """

    name: str
    full_name: str
    color: Rgb
    volume: str
    details: Sequence[str]


def masthead(content: ReportContent, _colors: Mapping[str, Rgb]) -> Markup:
    """Title, summary, and what the numbers were measured on."""
    x, y, z = content.grid.spacing_xyz_mm
    slices, rows, columns = content.grid.shape_zyx
    spacing = f"{x:.3g} mm" if math.isclose(x, y) and math.isclose(y, z) else f"{x:.3g} × {y:.3g} × {z:.3g} mm"
    facts = [f"{columns} × {rows} × {slices} voxels of {spacing}", f"{slices * z:.0f} mm along the slice axis"]
    facts = [*_case_facts(content), *facts]
    return render(PACKAGE, "masthead.html", title=content.title, summary=summary_sentence(content), facts=facts)


def _case_facts(content: ReportContent) -> list[str]:
    """Whose leg, which, drawn by whom, and when."""
    case, facts = content.case, list[str]()
    if case.subject:
        facts.append(f"subject {case.subject}")
    if side := content.side or case.side:
        facts.append(f"{side} leg")
    if case.rater:
        facts.append(f"drawn by {case.rater}")
    if case.analysed_at:
        facts.append(f"analysed {case.analysed_at[:16].replace('T', ' ')}")
    if content.made_at:
        facts.append(f"page made {content.made_at}")
    return facts


def summary_sentence(content: ReportContent) -> str:
    """The page in one or two sentences, as text."""
    if not content.muscles:
        return "No volume was measured."
    volumes = {name: content.muscles[name].volume_cm3 for name in ordered(content.muscles)}
    said = _listed([f"{name} {volume:.0f} cm³" for name, volume in volumes.items()])
    if len(volumes) > 1:
        said += f", together {sum(volumes.values()):.0f} cm³"
    drawn = {z for slices in content.annotated_slices.values() for z in slices}
    if drawn:
        said += f", from {len(drawn)} annotated slices of {content.grid.slices}"
    said += "."
    if content.agreement is not None:
        said += f" Against {content.reference_name or 'the reference'}: mean Dice {content.agreement.mean.dice:.3f}."
    return said


def cards(content: ReportContent, colors: Mapping[str, Rgb]) -> Markup:
    """One card a muscle."""
    found = [_card(name, content, colors) for name in ordered(content.muscles)]
    return render(PACKAGE, "cards.html", cards=found)


def _card(name: str, content: ReportContent, colors: Mapping[str, Rgb]) -> Card:
    measures = content.muscles[name]
    details: list[str] = []
    if interval := interval_text(measures.numbers()):
        details.append(f"90 % interval: {interval} cm³")
    estimate = content.estimates.get(name)
    if estimate is not None:
        error = f" ± {estimate.leave_one_out_cm3:.1f}" if estimate.leave_one_out_cm3 is not None else ""
        details.append(f"annotated slices alone: {estimate.volume_cm3:.1f}{error} cm³")
    if math.isfinite(measures.length_mm):
        details.append(f"{measures.length_mm:.0f} mm long")
    largest_cm2 = measures.max_acsa_cm2 if measures.max_acsa_smoothed_cm2 is None else measures.max_acsa_smoothed_cm2
    if math.isfinite(largest_cm2):
        details.append(f"largest ACSA {largest_cm2:.1f} cm²")
    agreement = None if content.agreement is None else content.agreement.muscles.get(name)
    if agreement is not None:
        error = agreement.volume_error_percent
        volume = f", volume {text_of(error, _CARD_ERROR)}\u00a0%" if math.isfinite(error) else ""
        details.append(f"Dice {agreement.dice:.3f}{volume}")
    volume_cm3 = measures.volume_cm3
    text = f"{volume_cm3:.1f}" if math.isfinite(volume_cm3) else DASH
    return Card(name, FULL_NAMES.get(name, ""), colors[name], text, details)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
