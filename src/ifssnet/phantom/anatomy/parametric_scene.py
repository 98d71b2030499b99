"""The tissue and the surfaces' echo at each pixel of a view of a parametric leg."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, UInt8
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.places import beam_direction, place_of_pixel, place_of_voxel
from ifssnet.phantom.anatomy.tissue_lookup import facing_skin, locate, radii_at, surface_echo, tissue_at, tissue_in
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
        bx, by = beam_direction(p)
        for v in range(rows):
            for u in range(columns):
                if not first_row[f, u] <= v < last_row[f, u]:
                    continue
                x, y, z = place_of_pixel(p, shift[f, u], u, v)
                cell, px, py, r, theta = locate(tables, x, y, z)
                if cell[0] < 0:
                    continue
                radii = radii_at(tables[0], cell)
                code = tissue_in(tables, cell, radii, px, py, r, theta)
                if code == 0 and skin_row[f, u] < rows:
                    continue
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    skin_facing[f, u] = facing_skin(tables, cell, px, py, r, bx, by)
                codes[f, v, u] = code
                echo[f, v, u] = surface_echo(tables, cell, radii, px, py, r, theta, bx, by)


@no_type_check
@compiled(parallel=True)
def _fill(tables, affine, out):
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                x, y, z = place_of_voxel(affine, i, j, k)
                out[k, j, i] = tissue_at(tables, x, y, z)
