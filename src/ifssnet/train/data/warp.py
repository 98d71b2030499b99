"""Smooth deformations of the plane, applied alike to image, masks and distance maps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32

from ifssnet.geometry.compiled import compiled

_SPLINE_SD = 0.48  # of a bicubic B-spline whose control points have SD 1, between its least (0.46) and its most (0.5)


@dataclass(frozen=True)
class Bends:
    """How far a region is bent.

    Attributes:
        bend_mm: SD of the elastic displacement along each axis.
        control_points_mm: The distance of the control points, about the size of a bend.
        turn_deg: The most that the region turns either way.
        scale: The most that the region grows or shrinks, a fraction.
        shift_mm: The most that it moves along each axis either way.
    """

    bend_mm: float = 1.5
    control_points_mm: float = 20.0
    turn_deg: float = 8.0
    scale: float = 0.08
    shift_mm: float = 3.0


@dataclass(frozen=True, eq=False)
class Warp:
    """One deformation of the plane, to be applied alike to image, masks and distance maps.

    Attributes:
        rows: Where each pixel's value comes from, in rows of the source.
        columns: The same in columns.
        growth: How much larger shapes become, on the whole.
    """

    rows: Float32[np.ndarray, "y x"]
    columns: Float32[np.ndarray, "y x"]
    growth: float = 1.0

    def image(self, stack: Float32[np.ndarray, "*slices y x"]) -> Float32[np.ndarray, "*slices y x"]:
        """Grey levels or probabilities, linear between pixels; what lies beyond the edge repeats it."""
        flat = np.ascontiguousarray(stack).reshape(-1, *stack.shape[-2:])
        return bilinear(flat, self.rows, self.columns).reshape(stack.shape)

    def mask(self, stack: Bool[np.ndarray, "*slices y x"]) -> Bool[np.ndarray, "*slices y x"]:
        """A mask: where at least half of what a pixel comes from is inside."""
        return self.image(stack.astype(np.float32)) >= 0.5

    def distance(self, stack: Float32[np.ndarray, "*slices y x"]) -> Float32[np.ndarray, "*slices y x"]:
        """Signed distances. The border is exact; elsewhere distances grow with the whole region, not with each single bend."""
        return self.image(stack) * np.float32(self.growth)


def draw_warp(rng: np.random.Generator, shape_yx: tuple[int, int], pixel_mm: float, bends: Bends = Bends()) -> Warp:
    """A turn, a growth, a shift and a smooth bend about the region's middle. It folds nowhere, however strong."""
    ny, nx = shape_yx
    turn = math.radians(rng.uniform(-bends.turn_deg, bends.turn_deg))
    growth = math.exp(rng.uniform(-1, 1) * math.log1p(bends.scale))
    down, right = rng.uniform(-1, 1, 2) * (bends.shift_mm / pixel_mm)
    y = np.arange(ny, dtype=np.float32)[:, None] - (ny - 1) / 2
    x = np.arange(nx, dtype=np.float32)[None, :] - (nx - 1) / 2
    c, s = math.cos(turn) / growth, math.sin(turn) / growth
    bend_y = smooth_field(rng, shape_yx, bends.bend_mm / pixel_mm, bends.control_points_mm / pixel_mm, unfolded=True)
    bend_x = smooth_field(rng, shape_yx, bends.bend_mm / pixel_mm, bends.control_points_mm / pixel_mm, unfolded=True)
    by, bx = y + bend_y, x + bend_x
    rows = c * by - s * bx + np.float32((ny - 1) / 2 + down)
    columns = s * by + c * bx + np.float32((nx - 1) / 2 + right)
    return Warp(rows.astype(np.float32), columns.astype(np.float32), growth)


def smooth_field(
    rng: np.random.Generator, shape_yx: tuple[int, int], sd: float, control_points_px: float, unfolded: bool = False
) -> Float32[np.ndarray, "y x"]:
    """A random bicubic B-spline of mean 0.

    Args:
        rng: Source of randomness.
        shape_yx: Pixels.
        sd: Standard deviation.
        control_points_px: The distance of the control points, at least 2 pixels.
        unfolded: Hold the control points to 0.4 of their distance: displacements below 0.48 of it along each axis cannot
            fold the plane (Choi and Lee 2000).
    """
    control_points_px = max(control_points_px, 2.0)
    over, along = _spline(shape_yx[0], control_points_px), _spline(shape_yx[1], control_points_px)
    control = rng.standard_normal((over.shape[1], along.shape[1]), dtype=np.float32) * np.float32(sd / _SPLINE_SD)
    if unfolded:
        control = np.clip(control, -0.4 * control_points_px, 0.4 * control_points_px)
    return over @ control @ along.T


@lru_cache(maxsize=64)
def _spline(size: int, control_points_px: float) -> Float32[np.ndarray, "pixel control"]:
    """Weights of the control points of a uniform cubic B-spline at each pixel."""
    at = np.arange(size) / control_points_px
    first = np.floor(at).astype(int)
    t = at - first
    pieces = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    weights = np.zeros((size, int(first.max()) + 4), np.float32)
    for step, piece in enumerate(pieces):
        weights[np.arange(size), first + step] = piece / 6
    weights.setflags(write=False)
    return weights


def bilinear(
    stack: Float32[np.ndarray, "slice y x"], rows: Float32[np.ndarray, "v u"], columns: Float32[np.ndarray, "v u"]
) -> Float32[np.ndarray, "slice v u"]:
    """Values of each slice at fractional rows and columns, clamped to its edge."""
    return _bilinear(stack, rows, columns)


@no_type_check
@compiled(nogil=True)
def _bilinear(stack, rows, columns):
    slices, height, width = stack.shape
    out = np.empty((slices, rows.shape[0], rows.shape[1]), np.float32)
    for v in range(rows.shape[0]):
        for u in range(rows.shape[1]):
            y = min(max(rows[v, u], np.float32(0)), np.float32(height - 1))
            x = min(max(columns[v, u], np.float32(0)), np.float32(width - 1))
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            b, a = y - np.float32(y0), x - np.float32(x0)
            for z in range(slices):
                top = stack[z, y0, x0] + a * (stack[z, y0, x1] - stack[z, y0, x0])
                low = stack[z, y1, x0] + a * (stack[z, y1, x1] - stack[z, y1, x0])
                out[z, v, u] = top + b * (low - top)
    return out
