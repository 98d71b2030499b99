"""The muscles as each method found them (paper's Fig. 7), and where on their surfaces they are off (Fig. 11), in 3-D."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ifssnet.figures.drawing.standalone import picture
from ifssnet.figures.drawing.svg import element, escape, nice_step
from ifssnet.figures.drawing.theme import Rgb, error_colors, hex_of
from ifssnet.figures.rendering.mesh import DisplayMesh
from ifssnet.figures.rendering.surfaces import ErrorScale, View, render
from ifssnet.measurement.reference.surface_error import middle_of_largest_errors_mm

PIXELS_HIGH = 420
GAP = 16.0
HEAD, SIDE = 44.0, 78.0


@dataclass(frozen=True, eq=False)
class MethodSurfaces:
    """What one method found in one leg.

    Attributes:
        name: Above its column.
        meshes: One a muscle; with errors where there is a reference.
    """

    name: str
    meshes: Sequence[DisplayMesh]


def volumes_picture(columns: Sequence[MethodSurfaces], colors: Mapping[str, Rgb], views: Sequence[View], title: str) -> str:
    """A column a method, a row a view, all at one scale. An SVG; empty where there is no surface."""
    rows = [(view.name, view, [list(column.meshes) for column in columns]) for view in views]
    return _grid([column.name for column in columns], rows, colors, title, None)


def errors_picture(columns: Sequence[MethodSurfaces], muscles: Sequence[str], view: View, title: str) -> str:
    """A column a method, a row a muscle, coloured by the distance to the reference on one scale. An SVG."""
    scale = common_scale([mesh for column in columns for mesh in column.meshes])
    if scale is None:
        return ""
    rows = [
        (muscle, view, [[mesh for mesh in column.meshes if mesh.name == muscle] for column in columns]) for muscle in muscles
    ]
    return _grid([column.name for column in columns], rows, {}, title, scale)


def common_scale(meshes: Sequence[DisplayMesh]) -> ErrorScale | None:
    """A symmetric scale up to a round number that holds 95 % of the errors of the middle surface; None where no mesh has any.

    The middle one of them all: a single method that runs past a muscle's end would make everything else look right.
    """
    middle = middle_of_largest_errors_mm([mesh.error_mm for mesh in meshes if mesh.error_mm is not None])
    if middle is None:
        return None
    high = max(middle, 0.05)
    step = nice_step(high, 4)
    high = step * math.ceil(high / step - 1e-9)
    return ErrorScale(-high, high, True)


COLOR_BAR = 260.0
"""Length of the bar of colours."""


@dataclass(frozen=True)
class _Extent:
    """What a row shows, mm in the viewer's axes."""

    left: float
    right: float
    bottom: float
    top: float


def _extent(view: View, cells: Sequence[Sequence[DisplayMesh]]) -> _Extent | None:
    places = [_placed(view, mesh) for cell in cells for mesh in cell if len(mesh.vertices_mm)]
    if not places:
        return None
    low, high = np.min([p.min(axis=0) for p in places], axis=0), np.max([p.max(axis=0) for p in places], axis=0)
    return _Extent(float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def _placed(view: View, mesh: DisplayMesh) -> np.ndarray:
    forward, up = np.array(view.towards_viewer), np.array(view.up)
    return mesh.vertices_mm @ np.stack([np.cross(up, forward), up], axis=1)


def _grid(
    names: Sequence[str],
    rows: Sequence[tuple[str, View, Sequence[Sequence[DisplayMesh]]]],
    colors: Mapping[str, Rgb],
    title: str,
    scale: ErrorScale | None,
) -> str:
    """All cells of a row share one frame, and the whole picture one number of pixels a millimetre."""
    framed = [(name, view, cells, extent) for name, view, cells in rows if (extent := _extent(view, cells)) is not None]
    if not framed:
        return ""
    tallest = max(extent.top - extent.bottom for *_, extent in framed)
    pixel_mm = tallest / PIXELS_HIGH
    wide = max((extent.right - extent.left) / pixel_mm for *_, extent in framed)
    column_wide = max(wide + GAP, max(7.4 * len(name) for name in names) + GAP)
    parts: list[str] = []
    for column, name in enumerate(names):
        x = SIDE + (column + 0.5) * column_wide
        parts.append(element("text", escape(name), class_="panel", x=x, y=22, text_anchor="middle"))
    top = HEAD
    for name, view, cells, extent in framed:
        high = (extent.top - extent.bottom) / pixel_mm
        parts.append(element("text", escape(name), x=4, y=top + high / 2, dy="0.34em"))
        for column, meshes in enumerate(cells):
            there = [mesh for mesh in meshes if len(mesh.faces)]
            if not there:
                middle = SIDE + (column + 0.5) * column_wide
                parts.append(element("text", "nothing", class_="note", x=middle, y=top + high / 2, text_anchor="middle"))
                continue
            left = SIDE + column * column_wide + (column_wide - (extent.right - extent.left) / pixel_mm) / 2
            parts.append(_cell(there, colors, view, pixel_mm, scale, extent, left, top))
        top += high + GAP
    width = max(SIDE + column_wide * len(names), SIDE + COLOR_BAR + 40) + 8
    foot = _color_bar(scale, SIDE, top + 6) if scale is not None else _scale_bar(pixel_mm, SIDE, top + 6)
    return picture(title, f"Columns: {', '.join(names)}.", width, top + (88 if scale is not None else 58), *parts, foot)


def _cell(
    meshes: Sequence[DisplayMesh],
    colors: Mapping[str, Rgb],
    view: View,
    pixel_mm: float,
    scale: ErrorScale | None,
    extent: _Extent,
    left: float,
    top: float,
) -> str:
    image = render(meshes, colors, view, pixel_mm, scale)
    own = _extent(view, [meshes])
    assert own is not None
    # The renderer leaves two pixels around what it shows.
    x = left + (own.left - extent.left) / pixel_mm - 2
    y = top + (extent.top - own.top) / pixel_mm - 2
    return element("image", href=_png(image), x=x, y=y, width=image.shape[1], height=image.shape[0])


def _png(image: UInt8[np.ndarray, "row column 4"]) -> str:
    """With a palette: a fifth of the bytes, and no difference to the eye."""
    with io.BytesIO() as out:
        Image.fromarray(image).quantize(192, method=Image.Quantize.FASTOCTREE).save(out, format="PNG", optimize=True)
        return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def _scale_bar(pixel_mm: float, left: float, y: float) -> str:
    bar = element("line", class_="bar", x1=left, x2=left + 50 / pixel_mm, y1=y + 10, y2=y + 10, stroke_width=3)
    return bar + element("text", "50 mm", x=left + 50 / pixel_mm + 8, y=y + 14)


def _color_bar(scale: ErrorScale, left: float, y: float) -> str:
    table = error_colors(scale.signed)[::3]
    step = COLOR_BAR / len(table)
    cells = "".join(
        element("rect", x=left + i * step, y=y, width=step * 1.3, height=12, fill=hex_of((int(r), int(g), int(b))))
        for i, (r, g, b) in enumerate(table)
    )
    labels = "".join(
        element(
            "text",
            escape(f"{value:+g}".replace("-", "−") if value else "0"),
            class_="tick",
            x=left + (value - scale.low_mm) / (scale.high_mm - scale.low_mm) * COLOR_BAR,
            y=y + 27,
            text_anchor="middle",
        )
        for value in scale.ticks_mm
    )
    words = ("mm from the reference; + outside, − inside;", "larger errors take the colours of the ends")
    lines = [element("text", line, class_="note", x=left, y=y + 46 + 15 * row) for row, line in enumerate(words)]
    return cells + labels + "".join(lines)
