"""One order and one set of colours for every figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.muscles import color_of, in_field_order

Rgb = tuple[int, int, int]

DASHES: tuple[str, ...] = ("", "7 3", "2 2.5", "9 3 2 3")
"""Strokes of lines that share a chart, so that no two curves differ by hue alone."""

_INFERNO_LIKE: tuple[Rgb, ...] = ((245, 243, 236), (250, 214, 140), (241, 150, 76), (204, 76, 62), (128, 28, 66), (52, 10, 48))
_TWO_SIDED: tuple[Rgb, ...] = (
    (23, 62, 122), (60, 124, 184), (150, 195, 222), (243, 242, 240), (244, 176, 132), (206, 92, 56), (122, 20, 32),
)  # fmt: skip


def ordered(names: Iterable[str]) -> list[str]:
    """The paper's three muscles first, in the paper's order; then the others as they came."""
    return in_field_order(names)


def colors_of(names: Iterable[str], given: Mapping[str, Rgb]) -> dict[str, Rgb]:
    """A colour for each name: the one given, else the field's."""
    return {name: given.get(name, color_of(name, i)) for i, name in enumerate(ordered(names))}


def hex_of(color: Rgb) -> str:
    """`#rrggbb`.

    >>> hex_of((126, 87, 194))
    '#7e57c2'
    """
    return "#{:02x}{:02x}{:02x}".format(*color)


def luminance(color: Rgb) -> float:
    """Relative luminance as WCAG 2 defines it, 0 to 1."""
    linear = [c / 12.92 if (c := v / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for v in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: Rgb, b: Rgb) -> float:
    """Contrast ratio as WCAG 2 defines it, 1 to 21."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def readable(color: Rgb, ratio: float = 4.5) -> Rgb:
    """The colour, darkened until text in it reads on white paper."""
    red, green, blue = color
    for share in range(100, 0, -2):
        shade = (red * share // 100, green * share // 100, blue * share // 100)
        if contrast(shade, (255, 255, 255)) >= ratio:
            return shade
    return (0, 0, 0)


def on_black(color: Rgb, ratio: float = 6.5) -> Rgb:
    """The colour, lightened until a line in it stands out from dark tissue."""
    red, green, blue = color
    for share in range(0, 100, 2):
        shade = (red + (255 - red) * share // 100, green + (255 - green) * share // 100, blue + (255 - blue) * share // 100)
        if contrast(shade, (0, 0, 0)) >= ratio:
            return shade
    return (255, 255, 255)


def error_colors(signed: bool) -> UInt8[np.ndarray, "255 3"]:
    """Colours of surface errors from the lowest to the highest: one-sided pale to dark, two-sided blue over pale to red."""
    anchors = np.array(_TWO_SIDED if signed else _INFERNO_LIKE, dtype=np.float64)
    at = np.linspace(0, len(anchors) - 1, 255)
    channels = [np.interp(at, np.arange(len(anchors)), anchors[:, c]) for c in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)
