"""A B-mode frame with outlines on it, as a picture."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image, ImageDraw

from ifssnet.core.muscles import color_of
from ifssnet.core.sweep import Sweep


def overlay(
    sweep: Sweep, frame: int, *, width_px: int = 2, grey_range: tuple[float, float] | None = None
) -> UInt8[np.ndarray, "v u 3"]:
    """One frame in grey with its contours in their objects' colours.

    Args:
        sweep: Frames with contours.
        frame: Which of them.
        width_px: Width of the lines.
        grey_range: The grey levels shown as black and white; left out, 0 and 255 for 8 bits, else the frame's own.
    """
    picture = Image.fromarray(_grey(sweep.frames[frame], grey_range)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    order = sorted({contour.label for contour in sweep.contours})
    for contour in sweep.contours:
        if contour.frame == frame and len(contour.points_uv_px) > 1:
            points = [(float(u), float(v)) for u, v in contour.points_uv_px]
            fallback = color_of(sweep.names.get(contour.label, ""), order.index(contour.label))
            draw.line(points + points[:1] if contour.closed else points, sweep.colors.get(contour.label, fallback), width_px)
    return np.asarray(picture)


def _grey(frame: Shaped[np.ndarray, "v u"], grey_range: tuple[float, float] | None) -> UInt8[np.ndarray, "v u"]:
    if grey_range is None and frame.dtype == np.uint8:
        return np.ascontiguousarray(frame)
    low, high = grey_range or (float(frame.min()), float(frame.max()))
    scaled = (frame.astype(np.float64) - low) * (255.0 / max(high - low, 1e-12))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
