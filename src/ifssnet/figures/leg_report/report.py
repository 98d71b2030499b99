"""The report: one page that carries everything it shows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from ifssnet.figures.drawing.pages import render
from ifssnet.figures.drawing.theme import Rgb, colors_of
from ifssnet.figures.leg_report.acquisition import acquisition_section
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.cross_sections import profile_curves, profiles_section
from ifssnet.figures.leg_report.expert import expert_section
from ifssnet.figures.leg_report.findings import findings_section
from ifssnet.figures.leg_report.provenance import limits, provenance_section
from ifssnet.figures.leg_report.side_by_side import side_by_side
from ifssnet.figures.leg_report.slice_gallery import slices_section
from ifssnet.figures.leg_report.space import Space, space_data, space_of, space_section
from ifssnet.figures.leg_report.summary import cards, masthead
from ifssnet.figures.leg_report.tables import PACKAGE, agreement_section, numbers_section
from ifssnet.figures.leg_report.viewer_data import profiles, script_json


@dataclass(frozen=True, eq=False)
class Page:
    """What the page's parts are drawn from."""

    content: ReportContent
    colors: Mapping[str, Rgb]
    space: Space


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: The HTML id of its section; empty for a part without one.
        link: Its name in the navigation; empty to leave it out there.
        draw: Its HTML; empty where there is nothing to say.
    """

    anchor: str
    link: str
    draw: Callable[[Page], Markup]


SECTIONS: tuple[Section, ...] = (
    Section("", "", lambda page: masthead(page.content, page.colors)),
    Section("", "", lambda page: cards(page.content, page.colors)),
    Section("findings", "", lambda page: findings_section(page.content, page.colors)),
    Section("expert", "Expert", lambda page: expert_section(page.content, page.colors)),
    Section("numbers", "Numbers", lambda page: numbers_section(page.content, page.colors)),
    Section("agreement", "Agreement", lambda page: agreement_section(page.content, page.colors)),
    Section("methods", "Methods", lambda page: side_by_side(page.content, page.colors)),
    Section("profile", "Cross-sections", lambda page: profiles_section(page.content, page.colors)),
    Section("space", "3-D", lambda page: space_section(page.space, page.colors)),
    Section("slices", "Slices", lambda page: slices_section(page.content, page.colors)),
    Section("acquisition", "Scan", lambda page: acquisition_section(page.content, page.colors)),
    Section("provenance", "Provenance", lambda page: provenance_section(page.content, page.colors)),
)
"""The page, top to bottom. A new part is a file with a function and its template, and a line here."""


def report_html(content: ReportContent) -> str:
    """A whole HTML page: numbers, profiles, slices, a 3-D view to turn, and how it all came about.

    It loads nothing from anywhere and says so to the browser; without scripts or WebGL, and on paper, a rendered picture
    stands for the 3-D view.

    Args:
        content: Everything on the page; the page computes none of the numbers.
    """
    page = Page(content, _colors(content), space_of(content))
    drawn = [(section, html) for section in SECTIONS if (html := section.draw(page))]
    script = _asset("report-viewer.js")
    html = render(
        PACKAGE,
        "report.html",
        title=content.title,
        style=Markup(_asset("report.css")),
        script=Markup(script),
        script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        links=[(section.anchor, section.link) for section, _ in drawn if section.link],
        sections=[html for _, html in drawn],
        limits=limits(content),
        data=Markup(
            script_json(
                {
                    "scene": space_data(page.space, page.colors),
                    "profiles": profiles(profile_curves(content), page.colors),
                }
            )
        ),
    )
    return str(html)


def _colors(content: ReportContent) -> dict[str, Rgb]:
    names: dict[str, None] = dict.fromkeys(content.muscles)
    names.update(dict.fromkeys(each.surface.name for each in content.surfaces))
    for method in content.methods:
        names.update(dict.fromkeys(method.agreement.muscles))
    for each in (*content.slices, *(each for method in content.methods for each in method.slices)):
        names.update(dict.fromkeys(each.masks))
    return colors_of(names, content.colors)


def _asset(name: str) -> str:
    return (files("ifssnet.figures") / "assets" / name).read_text(encoding="utf-8")
