"""Methods in one order and one colour everywhere: the colour follows the kind of method, so that evaluations agree too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ifssnet.core.results.evaluation_results import Results
from ifssnet.figures.drawing.svg import element, number, path_data
from ifssnet.figures.drawing.theme import DASHES, Rgb, hex_of

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "ifss-net": "IFSS-Net",
        "pg-net": "PG-Net",
        "unet-3d": "3-D U-Net",
        "anchored": "Anchored",
        "fill-between-slices": "FBS",
        "grow-from-seeds": "GFS",
        "watershed": "WS",
        "zero-order": "Zero-order",
        "shape-interpolation": "Guided",
        "guided": "Guided",
        "plain": "Plain",
        "hold": "Hold",
    }
)

# Okabe and Ito's colours, with a few of Tol's: they differ for any colour vision, the more so beside marks and dashes.
_COLORS: Mapping[str, Rgb] = MappingProxyType(
    {
        "ifss-net": (0, 114, 178),
        "anchored": (213, 94, 0),
        "pg-net": (204, 121, 167),
        "unet-3d": (0, 158, 115),
        "fill-between-slices": (230, 159, 0),
        "grow-from-seeds": (86, 180, 233),
        "watershed": (153, 140, 30),
        "zero-order": (136, 34, 85),
        "shape-interpolation": (27, 36, 48),
        "guided": (27, 36, 48),
        "plain": (120, 94, 240),
        "hold": (138, 149, 163),
    }
)
_MARKS = ("circle", "square", "triangle", "diamond")


@dataclass(frozen=True)
class MethodStyle:
    """How a method is drawn and named in every figure.

    Attributes:
        label: Its name in the tables.
        name: Its name for a person.
        color: Its colour.
        dash: The dash pattern of its lines, as SVG writes it.
        mark: The shape of its points.
    """

    label: str
    name: str
    color: Rgb
    dash: str
    mark: str


def method_styles(results: Results) -> list[MethodStyle]:
    """Every method's style, in the order of the evaluation; several of one kind share a hue and differ in shade and dash."""
    found: list[MethodStyle] = []
    seen: dict[str, int] = {}
    for label in results.methods:
        kind = results.kinds.get(label, label)
        place = seen.get(kind, 0)
        seen[kind] = place + 1
        name = NAMES.get(label, label)
        color = _shade(_COLORS.get(kind, (91, 102, 117)), place)
        found.append(MethodStyle(label, name, color, DASHES[place % len(DASHES)], _MARKS[place % len(_MARKS)]))
    return found


def _shade(color: Rgb, place: int) -> Rgb:
    """The colour itself, then lighter and darker by turns."""
    if place == 0:
        return color
    share = min(0.25 + 0.15 * ((place - 1) // 2), 0.6)
    towards = 255 if place % 2 else 0
    red, green, blue = (round(part + (towards - part) * share) for part in color)
    return (red, green, blue)


def mark(shape: str, x: float, y: float, size: float, color: Rgb, *, hollow: bool = False, title: str = "") -> str:
    """A point: circle, square, triangle or diamond of one area."""
    fill, stroke = ("#fff", hex_of(color)) if hollow else (hex_of(color), "#fff")
    tooltip = [element("title", title)] if title else []
    width = number(1.4 if hollow else 0.8)
    if shape == "circle":
        return element("circle", *tooltip, cx=x, cy=y, r=size, fill=fill, stroke=stroke, stroke_width=width)
    corners = {
        "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        "triangle": [(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        "diamond": [(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
    }[shape]
    d = path_data([(x + size * a, y + size * b) for a, b in corners], closed=True)
    return element("path", *tooltip, d=d, fill=fill, stroke=stroke, stroke_width=width)
