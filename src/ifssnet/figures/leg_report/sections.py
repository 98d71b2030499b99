"""The page's parts, top to bottom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.segmentation import Json
from ifssnet.figures.drawing.svg import element, escape
from ifssnet.figures.drawing.theme import Rgb, hex_of, ordered
from ifssnet.figures.leg_report.acsa import echo_along_muscle, profile_along_leg, profile_along_muscle
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.measures import Measure, spoken
from ifssnet.figures.leg_report.slices import slice_pictures
from ifssnet.figures.leg_report.tables import comparison_table, measures_table, nested, number_ranges, swatch

FULL_NAMES = {"SOL": "Soleus", "GM": "Gastrocnemius medialis", "GL": "Gastrocnemius lateralis"}
_CARD_ERROR = Measure("volume_error_percent", "Volume error", "%", 1, "", signed=True)
SEVERITIES = {"error": "Problem", "warning": "Take care", "note": "Note"}


def _value(row: Mapping[str, Json] | None, key: str) -> float | None:
    value = None if row is None else row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _section(anchor: str, title: str, *body: str) -> str:
    heading = element("h2", escape(title), id=f"{anchor}-title")
    return element("section", heading, *body, id=anchor, aria_labelledby=f"{anchor}-title")


def summary_sentence(content: ReportContent) -> str:
    """The page in one or two sentences, as text."""
    volumes = {name: v for name in ordered(content.muscles) if (v := _value(content.muscles[name], "volume_cm3")) is not None}
    if not volumes:
        return "No volume was measured."
    said = _listed([f"{name} {volume:.0f} cm³" for name, volume in volumes.items()])
    if len(volumes) > 1:
        said += f", together {sum(volumes.values()):.0f} cm³"
    drawn = {z for slices in content.annotated_slices.values() for z in slices}
    if drawn:
        said += f", from {len(drawn)} annotated slices of {content.grid.slices}"
    said += "."
    dice = _value(content.comparison_mean, "dice")
    if dice is not None:
        said += f" Against {content.reference_name or 'the reference'}: mean Dice {dice:.3f}."
    return said


def masthead(content: ReportContent) -> str:
    """Title, summary, and what the numbers were measured on."""
    x, y, z = content.grid.spacing_xyz_mm
    slices, rows, columns = content.grid.shape_zyx
    spacing = f"{x:.3g} mm" if math.isclose(x, y) and math.isclose(y, z) else f"{x:.3g} × {y:.3g} × {z:.3g} mm"
    facts = [f"{columns} × {rows} × {slices} voxels of {spacing}", f"{slices * z:.0f} mm along the slice axis"]
    facts += [f"{content.side} leg"] if content.side else []
    facts += [content.made_at] if content.made_at else []
    return element(
        "header",
        element("p", "Muscle volume from 3-D ultrasound", class_="overline"),
        element("h1", escape(content.title)),
        element("p", escape(summary_sentence(content)), class_="lead", id="summary"),
        element("ul", *(element("li", escape(fact)) for fact in facts), class_="facts"),
        class_="masthead",
    )


def tiles(content: ReportContent, colors: Mapping[str, Rgb]) -> str:
    """One card a muscle with the number that the reader came for."""
    cards: list[str] = []
    for name in ordered(content.muscles):
        row = content.muscles[name]
        volume = _value(row, "volume_cm3")
        under: list[str] = []
        if (length := _value(row, "length_mm")) is not None:
            under.append(f"{length:.0f} mm long")
        if (largest := _value(row, "max_acsa_cm2")) is not None:
            under.append(f"largest ACSA {largest:.1f} cm²")
        against = (content.comparison or {}).get(name)
        if (dice := _value(against, "dice")) is not None:
            error = _value(against, "volume_error_percent")
            under.append(f"Dice {dice:.3f}" + (f", volume {spoken(error, _CARD_ERROR)}\u00a0%" if error is not None else ""))
        full = element("span", escape(FULL_NAMES[name]), class_="full") if name in FULL_NAMES else ""
        figure = element("b", f"{volume:.1f}") + " cm³" if volume is not None else element("b", "–")
        cards.append(
            element(
                "li",
                element("p", element("b", escape(name)), full, class_="who"),
                element("p", figure, class_="volume"),
                element("p", *(element("span", escape(text)) for text in under), class_="under"),
                style=f"--c:{hex_of(colors[name])}",
            )
        )
    return element("ul", *cards, class_="tiles")


def _note(finding: Finding) -> str:
    remedy = element("span", escape(finding.remedy), class_="remedy") if finding.remedy else ""
    head = element("b", SEVERITIES[finding.severity])
    return element("li", head, element("span", escape(finding.text)), remedy, class_=finding.severity)


def findings(content: ReportContent) -> str:
    """What to know before the numbers are read; empty when nobody looked and nothing was said."""
    notes = [*(content.findings or ()), *(Finding("warning", text) for text in content.warnings)]
    if not notes:
        if content.findings is None:
            return ""
        return _section(
            "findings",
            "Before you read the numbers",
            element("p", "The input shows nothing amiss.", class_="well"),
        )
    listed = "".join(_note(note) for note in worst_first(notes))
    return _section("findings", "Before you read the numbers", element("ul", listed, class_="notes"))


def numbers(content: ReportContent, colors: Mapping[str, Rgb]) -> str:
    """The measures, and the agreement with the reference where there is one."""
    page = _section("numbers", "Numbers", measures_table(content.muscles, content.estimates, colors))
    if content.comparison is None:
        return page
    lead = f"Compared with {content.reference_name}." if content.reference_name else ""
    table = comparison_table(content.comparison, content.comparison_mean, colors)
    return page + _section("agreement", "Agreement with the reference", element("p", escape(lead)) if lead else "", table)


def _key(names: Sequence[str], colors: Mapping[str, Rgb], extra: str = "") -> str:
    return element("p", *(element("span", swatch(colors[n]), escape(n)) for n in names), extra, class_="key")


def profiles(content: ReportContent, colors: Mapping[str, Rgb]) -> str:
    """Cross-sections along the leg and along each muscle."""
    shown = [name for name in ordered(content.profiles) if len(content.profiles[name].z) > 0]
    if not shown:
        return ""
    parts = ["Anatomical cross-sectional area (ACSA): the area of a muscle on one slice. A ring marks the largest."]
    if any(content.profiles[name].annotated_z for name in shown):
        parts.append("Ticks below the axis are the slices that an expert drew.")
    if any(content.profiles[name].reference_acsa_cm2 is not None for name in shown):
        parts.append("The thin dark line is the reference.")
    readout = element("div", class_="readout", hidden="", aria_live="polite")
    along_leg = element("figure", profile_along_leg(content.profiles, colors), readout, id="profile-all")
    panels: list[str] = []
    for name in shown:
        profile = content.profiles[name]
        heading = element("h3", swatch(colors[name]), escape(name))
        area, echo = profile_along_muscle(name, profile, colors[name]), echo_along_muscle(name, profile, colors[name])
        echo = element("h4", "Echo intensity") + echo if echo else ""
        panels.append(element("figure", heading, area, echo))
    return _section(
        "profile",
        "Cross-sections along the leg",
        element("p", escape(" ".join(parts)), class_="how"),
        along_leg,
        element("div", *panels, class_="panels"),
    )


def slices(content: ReportContent, colors: Mapping[str, Rgb]) -> str:
    """Grey levels with outlines at the chosen positions."""
    if not content.slices:
        return ""
    x, y, _ = content.grid.spacing_xyz_mm
    figures: list[str] = []
    for shown, picture in zip(content.slices, slice_pictures(content.slices, colors, (x, y)), strict=True):
        badge = (
            element("span", f"drawn by an expert: {escape(', '.join(ordered(shown.annotated)))}", class_="badge")
            if shown.annotated
            else ""
        )
        caption = element(
            "figcaption",
            element("span", f"{shown.position_mm:.1f} mm", class_="mm"),
            element("span", f"slice {shown.z}", class_="z"),
            badge,
        )
        button = element("button", picture, type="button", aria_label=f"Enlarge slice {shown.z}")
        drawn = "slice annotated" if shown.annotated else "slice"
        figures.append(element("figure", button, caption, class_=drawn, data_z=str(shown.z)))
    has_reference = any(shown.reference_masks for shown in content.slices)
    names = ordered({name: None for shown in content.slices for name, mask in shown.masks.items() if mask.any()})
    dashed = element("span", element("i", class_="dashes"), "reference") if has_reference else ""
    choices = [("outlines", "Outlines"), ("names", "Names")] + ([("references", "Reference")] if has_reference else [])
    switches = "".join(
        element("label", f'<input type="checkbox" checked data-hides="{key}">', element("span", text)) for key, text in choices
    )
    return _section(
        "slices",
        "Slices",
        element("div", _key(names, colors, dashed), element("div", switches, class_="switches"), class_="bar"),
        element("div", *figures, class_="slices"),
    )


def provenance(content: ReportContent) -> str:
    """How the numbers came about."""
    parts: list[str] = []
    if content.annotated_slices:
        rows = "".join(
            element(
                "tr",
                element("th", escape(name), scope="row"),
                element("td", str(len(set(zs)))),
                element("td", number_ranges(zs)),
            )
            for name in ordered(content.annotated_slices)
            if (zs := content.annotated_slices[name])
        )
        head = element("tr", *(element("th", text, scope="col") for text in ("Muscle", "Slices", "Numbers, from 0")))
        table = element("table", element("caption", "Annotated slices"), element("thead", head), element("tbody", rows))
        parts.append(element("div", table, class_="table words", tabindex="0", role="region", aria_label="Annotated slices"))
    if content.provenance:
        summary = element("summary", "Method, settings and input files")
        parts.append(element("details", summary, element("div", nested(content.provenance), class_="nested")))
    return _section("provenance", "How this came about", *parts) if parts else ""


def limits(content: ReportContent) -> str:
    """What the page is not."""
    version = f" Made with ifssnet {content.version}." if content.version else ""
    return element(
        "footer",
        element(
            "p", element("b", "For research use. Not a medical device:"), " not for diagnosis or for decisions about treatment."
        ),
        element(
            "p",
            "A volume is no better than the outlines it rests on: two experts differ by some 4 % on real legs. Slices between "
            "the annotated ones were found by computation; look at them before you rely on a number. Echo intensity compares "
            "only between images taken with the same probe, frequency and gain.",
        ),
        element("p", escape(f"This page holds all of its data and loads nothing from elsewhere.{version}")),
    )
