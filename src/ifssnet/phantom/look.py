"""What each pixel of a view looks at: the tissue, the surfaces' echo, and how squarely the skin faces each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int32, UInt8
from numba import njit, prange

from ifssnet.phantom.anatomy import Leg
from ifssnet.phantom.locate import facing_skin, surface_echo, tissue_at
from ifssnet.phantom.view import View


@dataclass(frozen=True, eq=False)
class Scene:
    """What a view looks at.

    Attributes:
        codes: `Tissue` of every pixel; water where nothing is seen.
        echo: Of surfaces, in units of muscle's mean echo.
        skin_row: Where each line enters the leg; the number of rows where it does not.
        skin_facing: How squarely it meets the skin there, 0 to 1.
    """

    codes: UInt8[np.ndarray, "image v u"]
    echo: Float32[np.ndarray, "image v u"]
    skin_row: Int32[np.ndarray, "image u"]
    skin_facing: Float32[np.ndarray, "image u"]


def look(leg: Leg, view: View) -> Scene:
    """What a view of a parametric leg looks at."""
    shape = (view.images, *view.shape_vu)
    scene = Scene(
        np.zeros(shape, dtype=np.uint8),
        np.zeros(shape, dtype=np.float32),
        np.full((shape[0], shape[2]), shape[1], dtype=np.int32),
        np.ones((shape[0], shape[2]), dtype=np.float32),
    )
    _look(
        leg.tables,
        view.image_to_leg,
        (view.first_row, view.last_row, view.shift_mm),
        (scene.codes, scene.echo, scene.skin_row, scene.skin_facing),
    )
    return scene


@no_type_check
@njit(parallel=True, cache=True)
def _look(tables, poses, lines, scene):
    first_row, last_row, shift = lines
    codes, echo, skin_row, skin_facing = scene
    n, rows, columns = codes.shape
    for f in prange(n):
        p = poses[f]
        length = (p[0, 1] ** 2 + p[1, 1] ** 2 + p[2, 1] ** 2) ** 0.5
        bx, by = p[0, 1] / length, p[1, 1] / length
        for u in range(columns):
            for v in range(first_row[f, u], last_row[f, u]):
                x = p[0, 0] * u + p[0, 1] * v + p[0, 3] - shift[f, u, 0]
                y = p[1, 0] * u + p[1, 1] * v + p[1, 3] - shift[f, u, 1]
                z = p[2, 0] * u + p[2, 1] * v + p[2, 3] - shift[f, u, 2]
                code = tissue_at(tables, x, y, z)
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    skin_facing[f, u] = facing_skin(tables, x, y, z, bx, by)
                codes[f, v, u] = code
                echo[f, v, u] = surface_echo(tables, x, y, z, bx, by)
