"""The tissue and the surfaces' echo at each pixel of a view of a parametric leg."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, UInt8
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.tissue_lookup import facing_skin, surface_echo, tissue_at
from ifssnet.phantom.anatomy.view import ProbeView, Scene, dark_scene


def render_scene(tables: tuple[Any, ...], view: ProbeView) -> Scene:
    """The tissue and the surfaces' echo at every pixel; `tables` are `ParametricLeg.tables`."""
    scene = dark_scene(view)
    lines = (view.first_row, view.last_row, view.shift_mm)
    _render(tables, view.image_to_leg, lines, (scene.codes, scene.echo, scene.skin_row, scene.skin_facing))
    return scene


def tissues(
    tables: tuple[Any, ...], index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]
) -> UInt8[np.ndarray, "z y x"]:
    """The tissue's code at every index (x, y, z) of an array, through any affine."""
    out = np.zeros(shape_zyx, dtype=np.uint8)
    _fill(tables, index_to_leg, out)
    return out


@no_type_check
@compiled(parallel=True)
def _render(tables, poses, lines, scene):
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
                if code == 0 and skin_row[f, u] < rows:
                    continue
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    skin_facing[f, u] = facing_skin(tables, x, y, z, bx, by)
                codes[f, v, u] = code
                echo[f, v, u] = surface_echo(tables, x, y, z, bx, by)


@no_type_check
@compiled(parallel=True)
def _fill(tables, affine, out):
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
                y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
                z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
                out[k, j, i] = tissue_at(tables, x, y, z)
