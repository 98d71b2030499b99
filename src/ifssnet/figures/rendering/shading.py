"""Light on what the renderer saw: two lamps, a sky, folds that turn dark, and a line around each muscle."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float32

from ifssnet.figures.rendering.raster import Buffers
from ifssnet.geometry.untyped import eroded, extremes_around, smoothed

# Towards each light in the viewer's axes, unit vectors; the gloss lies half way between the key light and the eye.
KEY = np.array([-0.40, 0.52, 0.755])
FILL = np.array([0.75, -0.10, 0.654])
GLOSS = np.array([-0.213, 0.277, 0.937])

FOLD_MM = 1.5
"""Width of the neighbourhood that a pixel's depth is held against, standard deviation."""

LINE = 0.45
"""How much of the colour is left on lines."""


def shade(buffers: Buffers, base: Float[np.ndarray, "seen 3"], pixel_mm: float) -> Float32[np.ndarray, "row column 4"]:
    """The picture: red, green, blue times opacity, and opacity, each 0 to 1.

    Args:
        buffers: What each pixel sees.
        base: The surface's own colour at each pixel that sees one, in their order.
        pixel_mm: Width of a pixel.
    """
    seen = buffers.seen
    normal = buffers.normal[seen]
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    light = 0.35 + 0.05 * normal[:, 1] + 0.58 * np.clip(normal @ KEY, 0, 1) + 0.14 * np.clip(normal @ FILL, 0, 1)
    light *= 1 - 0.45 * _folds(buffers, pixel_mm)[seen]
    gloss = 0.10 * np.clip(normal @ GLOSS, 0, 1) ** 28
    colour = np.clip(base * light[:, None] + gloss[:, None], 0, 1)
    colour[_lines(buffers)[seen]] *= LINE
    picture = np.zeros((*seen.shape, 4), dtype=np.float32)
    picture[seen, :3] = colour
    picture[seen, 3] = 1
    return picture


def _folds(buffers: Buffers, pixel_mm: float) -> Float32[np.ndarray, "row column"]:
    """How far each pixel lies behind its neighbourhood, 0 to 1: less light falls into the folds between muscles."""
    # The neighbourhood is some millimetres wide, which a quarter of the pixels shows as well.
    seen = buffers.seen[::2, ::2]
    depth = np.where(seen, buffers.depth_mm[::2, ::2], 0.0).astype(np.float32)
    sigma = FOLD_MM / pixel_mm
    weight = smoothed(seen.astype(np.float32), sigma, truncate=2.5)
    around = smoothed(depth, sigma, truncate=2.5) / np.maximum(weight, 1e-6)
    behind = np.clip((around - depth) / 8, 0, 1).astype(np.float32)
    rows, columns = buffers.surface.shape
    return np.repeat(np.repeat(behind, 2, axis=0), 2, axis=1)[:rows, :columns]


def _lines(buffers: Buffers) -> Bool[np.ndarray, "row column"]:
    """Where the outline runs, and where one muscle meets another."""
    seen = buffers.seen
    surface = buffers.surface.astype(np.int16)
    _, highest = extremes_around(surface, 3)
    lowest, _ = extremes_around(np.where(seen, surface, np.int16(0x7FFF)), 3)
    return np.logical_or(highest != lowest, np.logical_not(eroded(seen, iterations=2)))
