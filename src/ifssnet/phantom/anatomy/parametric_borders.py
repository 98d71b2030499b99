"""Borders and labels of a parametric leg, in one pass over the tables for both."""

from __future__ import annotations

import math
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, UInt8
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.borders import FAR_MM, Borders, Push, no_borders, resting_y
from ifssnet.phantom.anatomy.places import beam_direction, place_of_pixel, place_of_voxel
from ifssnet.phantom.anatomy.tissue_lookup import bone_edge, locate, tissue_in
from ifssnet.phantom.anatomy.view import ProbeView


def parametric_borders(tables: tuple[Any, ...], view: ProbeView, push: Push) -> Borders:
    """The tissue at every pixel and its nearest border; `tables` are `ParametricLeg.tables`."""
    out = no_borders(view)
    lines = (view.first_row, view.last_row, view.shift_mm)
    found = (out.codes, out.kind, out.away_mm, out.facing, out.skin_row, out.skin_facing)
    _borders(tables, push.table, view.image_to_leg, lines, found)
    return out


def parametric_codes(
    tables: tuple[Any, ...], index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int], push: Push
) -> UInt8[np.ndarray, "z y x"]:
    """The tissue's code at every index (x, y, z) of an array, of a leg that is pressed."""
    out = np.zeros(shape_zyx, dtype=np.uint8)
    _codes(tables, push.table, index_to_leg, out)
    return out


@no_type_check
@compiled(inline=True)
def _radii(layers, cell):
    """The eight radii at a place, bilinear in height and angle."""
    k, fz, j, j2, fa = cell
    a, b, c, d = (1 - fz) * (1 - fa), (1 - fz) * fa, fz * (1 - fa), fz * fa
    p, q, s, t = layers[k, j], layers[k, j2], layers[k + 1, j], layers[k + 1, j2]
    return (
        a * p[0] + b * q[0] + c * s[0] + d * t[0],
        a * p[1] + b * q[1] + c * s[1] + d * t[1],
        a * p[2] + b * q[2] + c * s[2] + d * t[2],
        a * p[3] + b * q[3] + c * s[3] + d * t[3],
        a * p[4] + b * q[4] + c * s[4] + d * t[4],
        a * p[5] + b * q[5] + c * s[5] + d * t[5],
        a * p[6] + b * q[6] + c * s[6] + d * t[6],
        a * p[7] + b * q[7] + c * s[7] + d * t[7],
    )


@no_type_check
@compiled(parallel=True)
def _codes(tables, push, affine, out):
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                x, y, z = place_of_voxel(affine, i, j, k)
                y = resting_y(push, x, y, z)
                cell, px, py, r, theta = locate(tables, x, y, z)
                if cell[0] >= 0:
                    out[k, j, i] = tissue_in(tables, cell, _radii(tables[0], cell), px, py, r, theta)


@no_type_check
@compiled(inline=True)
def _slope(layers, cell, column):
    k, fz, j, j2, _ = cell
    a = layers[k, j, column] * (1 - fz) + layers[k + 1, j, column] * fz
    return (layers[k, j2, column] * (1 - fz) + layers[k + 1, j2, column] * fz - a) * 57.29577951308232


@no_type_check
@compiled()
def _nearest(tables, cell, radii, px, py, r, theta, bx, by):
    """Kind of the nearest border, distance to it, and how squarely it faces the beam (bx, by)."""
    layers, split, bones = tables[0], tables[2], tables[3]
    k, fz = cell[0], cell[1]
    rx, ry = px / r, py / r
    radial, tangential = rx * bx + ry * by, -ry * bx + rx * by
    best, away, kind, facing = FAR_MM, FAR_MM, 0, 1.0
    previous, nearest = 1e9, -1
    for column in range(8):
        thickness = previous - radii[column]
        previous = radii[column]
        d = abs(r - radii[column])
        if d < best and (column <= 2 or thickness >= 0.4):
            best, nearest = d, column
    if nearest >= 0:
        tilt = _slope(layers, cell, nearest) / max(radii[nearest], 1.0)
        across = 1.0 / math.sqrt(1.0 + tilt * tilt)
        away = (r - radii[nearest]) * across
        best = abs(away)
        facing = abs(radial - tilt * tangential) * across
        kind = nearest + 1 if nearest <= 2 else (5 if nearest >= 6 else 4)
    if radii[4] < r < radii[3] and radii[3] - radii[4] > 1.5:
        d = (theta - (split[k] * (1 - fz) + split[k + 1] * fz)) * r
        if abs(d) < best:
            best, away, kind, facing = abs(d), d, 6, abs(tangential)
    if radii[6] < r < radii[5] and radii[5] - radii[6] > 12.0 and abs(theta + 0.3) < 0.9:
        d = r - (radii[6] + 0.45 * (radii[5] - radii[6]))
        if abs(d) < best:
            best, away, kind, facing = abs(d), d, 7, abs(radial)
    if r < radii[2] + FAR_MM:
        for b in range(2):
            rho, edge, slope, dx, dy = bone_edge(bones, k, fz, b, px, py)
            d = rho - edge
            if rho > 1e-6 and edge > 0.0 and abs(d) < best:
                tilt = slope / max(edge, 1.0)
                # Only the side of a bone that looks at the probe answers.
                toward = -((dx + tilt * dy) * bx + (dy - tilt * dx) * by)
                facing = max(0.0, toward / (rho * math.sqrt(1 + tilt * tilt)))
                best, away, kind = abs(d), d, 8
    return kind, away, facing


@no_type_check
@compiled(parallel=True)
def _borders(tables, push, poses, lines, out):
    first_row, last_row, shift = lines
    codes, kinds, away, facing, skin_row, skin_facing = out
    layers, lateral = tables[0], tables[6]
    n, rows, columns = codes.shape
    for f in prange(n):
        p = poses[f]
        bx, by = beam_direction(p)
        bx *= lateral
        for v in range(rows):
            for u in range(columns):
                if not first_row[f, u] <= v < last_row[f, u]:
                    continue
                x, y, z = place_of_pixel(p, shift[f, u], u, v)
                y = resting_y(push, x, y, z)
                cell, px, py, r, theta = locate(tables, x, y, z)
                if cell[0] < 0 or r < 1e-6:
                    continue
                radii = _radii(layers, cell)
                code = 0
                if r <= radii[0]:
                    code = tissue_in(tables, cell, radii, px, py, r, theta)
                elif skin_row[f, u] < rows or r > radii[0] + FAR_MM:
                    continue
                kind, d, face = _nearest(tables, cell, radii, px, py, r, theta, bx, by)
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    tilt = _slope(layers, cell, 0) / max(radii[0], 1.0)
                    skin_facing[f, u] = abs((px + tilt * py) * bx + (py - tilt * px) * by) / (r * math.sqrt(1 + tilt * tilt))
                codes[f, v, u] = code
                kinds[f, v, u] = kind
                away[f, v, u] = d
                facing[f, v, u] = face
