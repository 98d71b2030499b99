"""The report: one page that carries everything it shows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from ifssnet.core.segmentation import Json
from ifssnet.figures.drawing.svg import element, escape, number
from ifssnet.figures.drawing.theme import Rgb, colors_of, ordered
from ifssnet.figures.leg_report import sections
from ifssnet.figures.leg_report.content import AcsaProfile, ReportContent
from ifssnet.figures.leg_report.side_by_side import side_by_side
from ifssnet.figures.leg_report.tables import swatch
from ifssnet.figures.leg_report.viewer_data import profiles, scene, script_json
from ifssnet.figures.rendering.axis_letters import ANATOMICAL
from ifssnet.figures.rendering.mesh import DisplayMesh, display_meshes
from ifssnet.figures.rendering.static_view import sides_picture
from ifssnet.figures.rendering.surfaces import ErrorScale, View, error_scale, standard_views


def report_html(content: ReportContent) -> str:
    """A whole HTML page: numbers, profiles, slices, a 3-D view to turn, and how it all came about.

    It loads nothing from anywhere and says so to the browser; without scripts or WebGL, and on paper, a rendered picture
    stands for the 3-D view.

    Args:
        content: Everything on the page; the page computes none of the numbers.
    """
    colors = _colors(content)
    space = _space(content, colors)
    data: dict[str, Json] = {"scene": space.data, "profiles": profiles(_ordered_profiles(content), colors)}
    body = [
        sections.masthead(content),
        sections.tiles(content, colors),
        sections.findings(content),
        sections.numbers(content, colors),
        side_by_side(content, colors),
        sections.profiles(content, colors),
        space.section,
        sections.slices(content, colors),
        sections.provenance(content),
    ]
    script = _asset("report-viewer.js")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light">',
        '<link rel="icon" href="data:,">',
        element("title", escape(f"{content.title} · muscle volumes")),
        f"<style>{_asset('report.css')}</style>",
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            element("head", *head),
            "<body>",
            _navigation(body),
            element("main", *body),
            sections.limits(content),
            _LIGHTBOX,
            f'<script type="application/json" id="report-data">{script_json(data)}</script>',
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


@dataclass(frozen=True)
class _Space:
    section: str
    data: Json


def _space(content: ReportContent, colors: Mapping[str, Rgb]) -> _Space:
    """The 3-D view: a picture first, and what the script needs to put a live view in its place."""
    by_name = {shown.surface.name: shown for shown in content.surfaces if len(shown.surface.faces) > 0}
    meshes = display_meshes([by_name[name] for name in ordered(by_name)])
    if not meshes:
        return _Space("", None)
    scale = error_scale(meshes)
    views = standard_views(content.axes, content.side)
    sides = _LPS if content.axes == ANATOMICAL else _NO_PATIENT
    key = element("p", *(element("span", swatch(colors[m.name]), escape(m.name)) for m in meshes), class_="key")
    section = element(
        "section",
        element("h2", "In three dimensions", id="space-title"),
        element("p", sides, class_="how"),
        element("p", "", id="viewer-note", class_="how", aria_live="polite"),
        element("div", id="viewer", class_="viewer"),
        element("div", _pictures(meshes, colors, views, scale), key, class_="still"),
        id="space",
        aria_labelledby="space-title",
    )
    return _Space(section, scene(meshes, colors, content.grid, axes=content.axes, views=views, scale=scale))


def _pictures(meshes: list[DisplayMesh], colors: Mapping[str, Rgb], views: list[View], scale: ErrorScale | None) -> str:
    names = ", ".join(mesh.name for mesh in meshes)
    drawn = [sides_picture(meshes, colors, views[:4], f"{names} from four sides")]
    if scale is not None:
        drawn.append(sides_picture(meshes, colors, views[:2], f"Distance of {names} to the reference, from two sides", scale))
    figures = "".join(element("figure", svg, style=f"flex:{number(width)} 1 0") for svg, width in drawn)
    return element("div", figures, class_="sides")


def _colors(content: ReportContent) -> dict[str, Rgb]:
    names: dict[str, None] = dict.fromkeys(content.muscles)
    names.update(dict.fromkeys(content.profiles))
    names.update(dict.fromkeys(shown.surface.name for shown in content.surfaces))
    for method in content.methods:
        names.update(dict.fromkeys(method.comparison))
    for shown in (*content.slices, *(each for method in content.methods for each in method.slices)):
        names.update(dict.fromkeys(shown.masks))
    return colors_of(names, content.colors)


def _ordered_profiles(content: ReportContent) -> dict[str, AcsaProfile]:
    return {name: content.profiles[name] for name in ordered(content.profiles)}


def _navigation(body: list[str]) -> str:
    targets = {
        "numbers": "Numbers", "agreement": "Agreement", "methods": "Methods", "profile": "Cross-sections", "space": "3-D",
        "slices": "Slices", "provenance": "Provenance",
    }  # fmt: skip
    page = "".join(body)
    links = "".join(element("a", text, href=f"#{key}") for key, text in targets.items() if f'id="{key}"' in page)
    return element("nav", element("div", links), aria_label="Sections")


def _asset(name: str) -> str:
    return (files("ifssnet.figures") / "assets" / name).read_text(encoding="utf-8")


_LPS = "Sides are named by the file's axes, read as LPS: x to the patient's left, y to posterior, z to superior."
_NO_PATIENT = "The axes are a tracker's: they do not say which way the patient lay."
_LIGHTBOX = (
    '<dialog id="lightbox" aria-label="Enlarged slice"><div class="stage"></div><div class="foot"><div class="caption"></div>'
    '<div class="keys"><button type="button" class="before" aria-label="Slice before">←</button>'
    '<button type="button" class="after" aria-label="Slice after">→</button>'
    '<button type="button" class="close">Close</button></div></div></dialog>'
)
