"""The 3-D picture for paper and for browsers without WebGL: rendered sides in a row, in millimetres, with a scale bar."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ifssnet.figures.drawing.svg import element, escape, nice_step, number, path_data
from ifssnet.figures.drawing.theme import Rgb, error_colors, hex_of
from ifssnet.figures.rendering.mesh import DisplayMesh
from ifssnet.figures.rendering.surfaces import ErrorScale, View, render

PIXELS_HIGH = 900
GAP_MM = 9.0


def sides_picture(
    meshes: Sequence[DisplayMesh],
    colors: Mapping[str, Rgb],
    views: Sequence[View],
    title: str,
    scale: ErrorScale | None = None,
) -> tuple[str, float]:
    """The muscles seen from several sides: an SVG whose unit is a millimetre, and its width in mm.

    Args:
        meshes: What to draw.
        colors: Name to colour.
        views: The sides, left to right.
        title: For those who do not see it.
        scale: Colours by error where given, with a colour bar.
    """
    low = min(float(mesh.vertices_mm.min()) for mesh in meshes)
    high = max(float(mesh.vertices_mm.max()) for mesh in meshes)
    tallest = max(float((m.vertices_mm.max(axis=0) - m.vertices_mm.min(axis=0)).max()) for m in meshes)
    pixel_mm = max(tallest, 0.2 * (high - low), 1.0) / PIXELS_HIGH
    images = [render(meshes, colors, view, pixel_mm, scale) for view in views]
    height = max(image.shape[0] for image in images) * pixel_mm
    text = height / 30
    slots = [max(image.shape[1] * pixel_mm, 0.62 * text * len(view.name)) for view, image in zip(views, images, strict=True)]
    wanted = 0.0 if scale is None else 0.5 * text * len(_bar_words(scale))
    # A slender muscle leaves less room than the words below it need.
    width = max(sum(slots) + GAP_MM * (len(slots) - 1), wanted)
    parts: list[str] = []
    x = (width - sum(slots) - GAP_MM * (len(slots) - 1)) / 2
    for view, image, slot in zip(views, images, slots, strict=True):
        link = _on_white(image)
        wide, tall = image.shape[1] * pixel_mm, image.shape[0] * pixel_mm
        left = x + (slot - wide) / 2
        parts.append(element("image", href=link, x=left, y=(height - tall) / 2, width=wide, height=tall))
        parts.append(
            element("text", escape(view.name), x=x + slot / 2, y=height + 1.7 * text, font_size=text, text_anchor="middle")
        )
        x += slot + GAP_MM
    bottom = height + 2.6 * text
    foot = _color_bar(scale, width, bottom, text) if scale is not None else _scale_bar(width, bottom, text)
    total = bottom + 3.2 * text
    svg = element(
        "svg", element("title", escape(title)), *parts, foot, viewBox=f"0 0 {number(width)} {number(total)}", role="img"
    )
    return svg, width


def _on_white(image: UInt8[np.ndarray, "row column 4"]) -> str:
    """A picture of smooth shades on the page's white: as JPEG a third of what PNG takes, and no worse to the eye."""
    ground = Image.new("RGBA", (image.shape[1], image.shape[0]), "white")
    ground.alpha_composite(Image.fromarray(image))
    with io.BytesIO() as out:
        ground.convert("RGB").save(out, format="JPEG", quality=92, subsampling=0)
        return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def _scale_bar(width: float, top: float, text: float) -> str:
    length = nice_step(width / 3, 1)
    bar = element("path", d=path_data([(0.0, top + text / 2), (length, top + text / 2)]), class_="bar", stroke_width=text / 5)
    return bar + element("text", f"{number(length)} mm", x=length + text / 2, y=top + 0.85 * text, font_size=0.9 * text)


def _color_bar(scale: ErrorScale, width: float, top: float, text: float) -> str:
    table = error_colors(scale.signed)[::3]
    long = min(width - 2 * text, 20 * text)
    left, step = (width - long) / 2, long / len(table)
    cells = "".join(
        element("rect", x=left + i * step, y=top, width=step * 1.3, height=text * 0.7, fill=hex_of((int(r), int(g), int(b))))
        for i, (r, g, b) in enumerate(table)
    )
    span = scale.high_mm - scale.low_mm
    labels = "".join(
        element(
            "text",
            escape(f"{value:+g}".replace("-", "−") if scale.signed and value else f"{value:g}"),
            x=left + (value - scale.low_mm) / span * long,
            y=top + 1.6 * text,
            font_size=0.8 * text,
            text_anchor="middle",
        )
        for value in scale.ticks_mm
    )
    words = _bar_words(scale)
    return cells + labels + element("text", words, x=width / 2, y=top + 2.8 * text, font_size=0.8 * text, text_anchor="middle")


def _bar_words(scale: ErrorScale) -> str:
    return "mm from the reference (+ outside)" if scale.signed else "mm from the reference"
