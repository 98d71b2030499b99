"""How Stradwin writes a position: three centimetres and three Euler angles in degrees."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

CM = 10.0
"""Millimetres in a centimetre, Stradwin's unit of length."""

Six = tuple[float, float, float, float, float, float]
ORIGIN: Six = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

_GIMBAL_LOCK = 1e-9


def pose_matrix(six: Six) -> Float[np.ndarray, "4 4"]:
    """The transform in mm of x, y, z in cm and azimuth a, elevation b, roll g in degrees: R = Rz(a) Ry(b) Rx(g).

    >>> pose_matrix((1.0, 2.0, 3.0, 90.0, 0.0, 0.0)).round(9).tolist()[:2]
    [[0.0, -1.0, 0.0, 10.0], [1.0, 0.0, 0.0, 20.0]]
    """
    a, b, g = (math.radians(angle) for angle in six[3:])
    ca, sa, cb, sb, cg, sg = math.cos(a), math.sin(a), math.cos(b), math.sin(b), math.cos(g), math.sin(g)
    matrix = np.eye(4)
    matrix[:3, :3] = (
        (ca * cb, ca * sb * sg - sa * cg, ca * sb * cg + sa * sg),
        (sa * cb, sa * sb * sg + ca * cg, sa * sb * cg - ca * sg),
        (-sb, cb * sg, cb * cg),
    )
    matrix[:3, 3] = [CM * length for length in six[:3]]
    return matrix


def pose_numbers(matrix: Float[np.ndarray, "4 4"]) -> Six:
    """The inverse of `pose_matrix`; where azimuth and roll turn about one axis (elevation 90), the roll is 0."""
    r = matrix[:3, :3]
    across = math.hypot(r[0, 0], r[1, 0])
    elevation = math.atan2(-r[2, 0], across)
    if across > _GIMBAL_LOCK:
        azimuth, roll = math.atan2(r[1, 0], r[0, 0]), math.atan2(r[2, 1], r[2, 2])
    else:
        azimuth, roll = math.atan2(-r[0, 1], r[1, 1]), 0.0
    x, y, z = (float(length) / CM for length in matrix[:3, 3])
    return x, y, z, math.degrees(azimuth), math.degrees(elevation), math.degrees(roll)


def pixels_to_image(spacing_uv_mm: tuple[float, float]) -> Float[np.ndarray, "4 4"]:
    """From pixels, centres at whole numbers, to mm from the image's top left corner: half a pixel lies before centre 0."""
    du, dv = spacing_uv_mm
    matrix = np.diag([du, dv, 1.0, 1.0])
    matrix[:2, 3] = du / 2, dv / 2
    return matrix
