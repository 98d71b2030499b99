"""Slices with outlines: grey levels as an image, outlines as vector paths on top, all in millimetres."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from ifssnet.figures.drawing.svg import element, escape, nice_step, number, path_data
from ifssnet.figures.drawing.theme import Rgb, hex_of, on_black, ordered
from ifssnet.figures.leg_report.content import OutlinedSlice
from ifssnet.geometry.untyped import contour_lines

IMAGE_BYTES = 2_000_000
"""Grey levels of all slices together that a page carries."""

QUALITIES = (None, 90, 80, 65, 50)
"""None is PNG, without loss; the others are JPEG's."""

MARGIN_MM = 4.0


@dataclass(frozen=True)
class Window:
    """The part of every slice that is shown: rows `top` to `bottom`, columns `left` to `right`, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int


def common_window(slices: Sequence[OutlinedSlice], spacing_xy_mm: tuple[float, float]) -> Window:
    """The smallest window that holds what is not black and every mask, of all slices, and a margin."""
    rows, columns = slices[0].image.shape
    used = np.zeros((rows, columns), dtype=bool)
    for shown in slices:
        # Isolated bright pixels and a faint ground do not widen the window.
        used |= shown.image > 12
        for mask in (*shown.masks.values(), *shown.reference_masks.values()):
            used |= mask
    by_row, by_column = np.flatnonzero(used.mean(axis=1) > 0.01), np.flatnonzero(used.mean(axis=0) > 0.01)
    if len(by_row) == 0 or len(by_column) == 0:
        return Window(0, rows, 0, columns)
    y, x = (int(np.ceil(MARGIN_MM / spacing)) for spacing in (spacing_xy_mm[1], spacing_xy_mm[0]))
    return Window(
        max(0, int(by_row[0]) - y), min(rows, int(by_row[-1]) + 1 + y),
        max(0, int(by_column[0]) - x), min(columns, int(by_column[-1]) + 1 + x),
    )  # fmt: skip


def _encoded(image: UInt8[np.ndarray, "y x"], quality: int | None) -> bytes:
    with io.BytesIO() as out:
        picture = Image.fromarray(np.ascontiguousarray(image))
        if quality is None:
            picture.save(out, format="PNG")
        else:
            picture.save(out, format="JPEG", quality=quality)
        return out.getvalue()


def _as_links(images: Sequence[UInt8[np.ndarray, "y x"]]) -> list[str]:
    """The images as PNG, or as the best JPEG with which all of them fit the page."""
    files: list[bytes] = []
    for quality in QUALITIES:
        files = [_encoded(image, quality) for image in images]
        if sum(map(len, files)) <= IMAGE_BYTES:
            break
    kind = "png" if files[0].startswith(b"\x89PNG") else "jpeg"
    return [f"data:image/{kind};base64,{base64.b64encode(file).decode('ascii')}" for file in files]


def outline(mask: Bool[np.ndarray, "y x"], window: Window, spacing_xy_mm: tuple[float, float]) -> str:
    """The `d` of a path around a mask, in mm from the window's corner; holes are further loops of it."""
    padded = np.pad(mask.astype(np.float32), 1)
    sx, sy = spacing_xy_mm
    loops: list[str] = []
    for contour in contour_lines(padded, 0.5):
        corners = _without_straight(contour[:-1])
        points = [((x - 1 - window.left + 0.5) * sx, (y - 1 - window.top + 0.5) * sy) for y, x in corners.tolist()]
        loops.append(path_data(points, closed=True))
    return "".join(loops)


def _without_straight(loop: np.ndarray) -> np.ndarray:
    """A closed loop without the points that lie between their neighbours on a straight line."""
    before, after = loop - np.roll(loop, 1, axis=0), np.roll(loop, -1, axis=0) - loop
    turns = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-6
    return loop[turns] if turns.sum() >= 3 else loop


def _name_at(name: str, mask: Bool[np.ndarray, "y x"], window: Window, spacing_xy_mm: tuple[float, float]) -> str:
    rows, columns = np.nonzero(mask)
    x, y = (columns.mean() - window.left + 0.5) * spacing_xy_mm[0], (rows.mean() - window.top + 0.5) * spacing_xy_mm[1]
    return element("text", escape(name), class_="name", x=x, y=y, dy="0.35em", text_anchor="middle")


def _unit(width_mm: float) -> float:
    """Size of the lettering, in mm of the slice."""
    return width_mm / 21


def _scale_bar(width_mm: float, height_mm: float) -> str:
    unit = _unit(width_mm)
    length = nice_step(width_mm, 4)
    length = length if length <= 0.45 * width_mm else length / 2
    x, y = width_mm - length - 1.2 * unit, height_mm - 1.0 * unit
    bar = element("path", class_="scale", d=path_data([(x, y), (x + length, y)]))
    words = element("text", f"{number(length)} mm", class_="scale-label", x=x + length / 2, y=y - 0.5 * unit)
    return bar + words


def slice_pictures(slices: Sequence[OutlinedSlice], colors: Mapping[str, Rgb], spacing_xy_mm: tuple[float, float]) -> list[str]:
    """Each slice as an SVG whose unit is a millimetre, all cut to one window so that they compare at a glance.

    Args:
        slices: What to show.
        colors: Muscle's name to colour.
        spacing_xy_mm: Width and height of a pixel.
    """
    if not slices:
        return []
    window = common_window(slices, spacing_xy_mm)
    cut = [shown.image[window.top : window.bottom, window.left : window.right] for shown in slices]
    width, height = (window.right - window.left) * spacing_xy_mm[0], (window.bottom - window.top) * spacing_xy_mm[1]
    scale = _scale_bar(width, height)
    pictures: list[str] = []
    for shown, link in zip(slices, _as_links(cut), strict=True):
        present = [name for name in ordered(shown.masks) if shown.masks[name].any()]
        said = f"Slice {shown.z} at {shown.position_mm:.1f} mm with {', '.join(present) or 'no muscle'}"
        image = element("image", href=link, width=width, height=height, preserveAspectRatio="none")
        over = _references(shown, window, spacing_xy_mm) + _outlines(shown, present, colors, window, spacing_xy_mm)
        box = f"0 0 {number(width)} {number(height)}"
        style = f"--unit:{number(_unit(width))}px"
        pictures.append(
            element("svg", element("title", escape(said)), image, over, scale, viewBox=box, role="img", style=style)
        )
    return pictures


def _references(shown: OutlinedSlice, window: Window, spacing_xy_mm: tuple[float, float]) -> str:
    masks = [mask for mask in shown.reference_masks.values() if mask.any()]
    return "".join(element("path", class_="reference", d=outline(mask, window, spacing_xy_mm)) for mask in masks)


def _outlines(
    shown: OutlinedSlice, present: Sequence[str], colors: Mapping[str, Rgb], window: Window, spacing_xy_mm: tuple[float, float]
) -> str:
    unit = _unit((window.right - window.left) * spacing_xy_mm[0])
    lines: list[str] = []
    names: list[str] = []
    for name in present:
        mask = shown.masks[name]
        d = outline(mask, window, spacing_xy_mm)
        pair = element("path", class_="casing", d=d) + element("path", d=d, stroke=hex_of(on_black(colors[name])))
        lines.append(element("g", pair, class_="outline"))
        wide, tall = mask.any(axis=0).sum() * spacing_xy_mm[0], mask.any(axis=1).sum() * spacing_xy_mm[1]
        if wide > 0.75 * len(name) * unit and tall > 1.3 * unit:
            names.append(_name_at(name, mask, window, spacing_xy_mm))
    return "".join(lines + names)
