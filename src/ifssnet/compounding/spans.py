"""Which pixels of a frame are compounded: for every row, at most two runs of columns.

A clip rectangle and a fan without a near field leave one run a row; the near field of a fan cuts it in two.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Int64

from ifssnet.compounding.options import Arithmetic, CompoundOptions, Fan, Rectangle
from ifssnet.core.errors import InputError

Spans = Int64[np.ndarray, "v 4"]
"""First and last column, both included, of a row's first and second run; last < first where a run is empty."""

_EMPTY = (0, -1)
_FLOOR_TOLERANCE = 2.0**-17
"""PLUS rounds a number that is this close below a whole one up to it."""


def clip_bounds(clip: Rectangle | None, shape_vu: tuple[int, int]) -> tuple[int, int, int, int]:
    """First and last column, first and last row of the rectangle within the frame, all included.

    Raises:
        InputError: The rectangle lies outside the frame.
    """
    rows, columns = shape_vu
    if clip is None:
        return 0, columns - 1, 0, rows - 1
    u0, u1 = max(clip.u_px, 0), min(clip.u_px + clip.width_px, columns - 1)
    v0, v1 = max(clip.v_px, 0), min(clip.v_px + clip.height_px, rows - 1)
    if u0 > u1 or v0 > v1:
        raise InputError(
            f"a clip rectangle within frames of {columns} x {rows} pixels",
            f"{clip.u_px},{clip.v_px},{clip.width_px},{clip.height_px}",
            "Give it as first column, first row, width, height.",
        )
    return u0, u1, v0, v1


def frame_spans(options: CompoundOptions, shape_vu: tuple[int, int]) -> Spans:
    """The runs of columns of each row, for frames of this shape.

    Raises:
        InputError: Clip rectangle and fan leave no pixel.
    """
    u0, u1, v0, v1 = clip_bounds(options.clip, shape_vu)
    spans = np.tile(np.array((*_EMPTY, *_EMPTY), dtype=np.int64), (shape_vu[0], 1))
    for v in range(v0, v1 + 1):
        pieces = [(u0, u1)] if options.fan is None else _fan_row(options.fan, v, (u0, u1), options.arithmetic)
        for i, (first, last) in enumerate(pieces):
            spans[v, 2 * i : 2 * i + 2] = (first, last)
    if pixels_in(spans) == 0:
        raise InputError(
            "a clip rectangle and a fan that share at least one pixel", "none", "Check the fan's origin, angles and depths."
        )
    return spans


def pixels_in(spans: Spans) -> int:
    """How many pixels the runs hold."""
    return int(np.maximum(spans[:, 1] - spans[:, 0] + 1, 0).sum() + np.maximum(spans[:, 3] - spans[:, 2] + 1, 0).sum())


def _fan_row(fan: Fan, v: int, clip_u: tuple[int, int], arithmetic: Arithmetic) -> list[tuple[int, int]]:
    """The row's runs between the fan's edges and arcs.

    PLUS' optimised levels keep one pixel away from each edge (and so cut one pixel less out of the near field).
    """
    inset = 0 if arithmetic == "none" else 1
    center, y = fan.origin_uv_px[0], v - fan.origin_uv_px[1]
    left, right = sorted(math.tan(math.radians(angle)) for angle in fan.angles_deg)
    beyond = fan.stop_px**2 - y * y
    if y < 0 or beyond < 0 or (y == 0 and inset == 0 and fan.start_px > 0):
        return []
    half_stop = math.sqrt(beyond)
    first = max(_ceil(left * y + center + inset), _ceil(center - half_stop + inset), clip_u[0])
    last = min(_floor(right * y + center - inset), _floor(center + half_stop - inset), clip_u[1])
    if first > last:
        return []
    near = fan.start_px**2 - y * y
    if near <= 0:
        return [(first, last)]
    half_start = math.sqrt(near)
    cut_first, cut_last = (
        (_ceil(center - half_start + 1), _floor(center + half_start - 1))
        if inset
        else (math.floor(center - half_start) + 1, math.ceil(center + half_start) - 1)
    )
    if cut_first < first:
        return [(max(first, cut_last + 1), last)]
    if cut_last > last:
        return [(first, min(last, cut_first - 1))]
    return [(first, cut_first - 1), (cut_last + 1, last)]


def _floor(x: float) -> int:
    return math.floor(x + _FLOOR_TOLERANCE)


def _ceil(x: float) -> int:
    return -_floor(-x)
