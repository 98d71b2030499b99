"""Borders of a leg of voxels: distances and normals of its parts' surfaces, looked up by any view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numba import prange

from ifssnet.core.grid import Grid
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.untyped import distance_to_false, smoothed
from ifssnet.phantom.anatomy.borders import FAR_MM, Border, Borders, Push, no_borders, resting_y
from ifssnet.phantom.anatomy.places import beam_direction, place_of_pixel, place_of_voxel
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.anatomy.view import ProbeView

KINDS = {
    Tissue.SKIN: Border.SKIN,
    Tissue.FAT: Border.FAT,
    Tissue.FASCIA: Border.FASCIA,
    Tissue.TIBIA: Border.BONE,
    Tissue.FIBULA: Border.BONE,
    Tissue.SOL: Border.MUSCLE,
    Tissue.GM: Border.MUSCLE,
    Tissue.GL: Border.MUSCLE,
}
"""Other parts have borders of the kind `DEEP`."""


@dataclass(frozen=True, eq=False)
class VoxelBorders:
    """The nearest surface at every voxel.

    Attributes:
        kind: `Border` that is nearest.
        away_mm: Distance to it, positive outside the part.
        normal_yx: The distance's direction.
    """

    kind: UInt8[np.ndarray, "z y x"]
    away_mm: Float32[np.ndarray, "z y x"]
    normal_yx: Float32[np.ndarray, "2 z y x"]


def voxel_borders(codes: UInt8[np.ndarray, "z y x"], grid: Grid) -> VoxelBorders:
    """The nearest surface at every voxel: of bone before muscle before the layers around, where they are as near."""
    _, y_mm, x_mm = grid.spacing_zyx_mm
    kind = np.zeros(codes.shape, dtype=np.uint8)
    away = np.full(codes.shape, FAR_MM, dtype=np.float32)
    normal = np.zeros((2, *codes.shape), dtype=np.float32)
    normal[0] = 1.0
    present = [Tissue(int(code)) for code in np.unique(codes) if code not in (Tissue.WATER, Tissue.DEEP_FAT)]
    for tissue in sorted(present, key=lambda t: (KINDS.get(t) is not Border.BONE, KINDS.get(t) is not Border.MUSCLE, t)):
        inside = codes == tissue
        if tissue in (Tissue.SKIN, Tissue.FAT, Tissue.FASCIA):
            # Of the layers around the leg only the outer side counts: the inner one is the next layer's outer side.
            inside = np.isin(codes, _within(tissue))
        # Planes far apart, so that the distance is taken within a plane.
        signed = distance_to_false(~inside, (1e3, y_mm, x_mm)) - distance_to_false(inside, (1e3, y_mm, x_mm))
        signed = smoothed(signed.astype(np.float32), (0.8, 0.9, 0.9))
        nearer = np.abs(signed) < np.abs(away) - 1e-3
        slope_y: Float32[np.ndarray, "z y x"] = np.gradient(signed, axis=1)
        slope_x: Float32[np.ndarray, "z y x"] = np.gradient(signed, axis=2)
        steep = np.maximum(np.hypot(slope_y, slope_x), 1e-6)
        kind[nearer] = KINDS.get(tissue, Border.DEEP)
        away[nearer] = signed[nearer]
        normal[0][nearer], normal[1][nearer] = (slope_y / steep)[nearer], (slope_x / steep)[nearer]
    return VoxelBorders(kind, away, normal)


def _within(tissue: Tissue) -> list[int]:
    outside = {Tissue.SKIN: (), Tissue.FAT: (Tissue.SKIN,), Tissue.FASCIA: (Tissue.SKIN, Tissue.FAT)}[tissue]
    return [int(t) for t in Tissue if t is not Tissue.WATER and t not in outside]


def seen_borders(codes: UInt8[np.ndarray, "z y x"], grid: Grid, borders: VoxelBorders, view: ProbeView, push: Push) -> Borders:
    """The tissue at every pixel of a view and its nearest border."""
    out = no_borders(view)
    found = (out.codes, out.kind, out.away_mm, out.facing, out.skin_row, out.skin_facing)
    lines = (view.first_row, view.last_row, view.shift_mm)
    leg = (codes, borders.kind, borders.away_mm, borders.normal_yx, grid.mm_to_index)
    _look_up(leg, push.table, view.image_to_leg, lines, found)
    return out


def pressed_codes(
    codes: UInt8[np.ndarray, "z y x"],
    grid: Grid,
    index_to_leg: Float[np.ndarray, "4 4"],
    shape_zyx: tuple[int, int, int],
    push: Push,
) -> UInt8[np.ndarray, "z y x"]:
    """The tissue's code at every index (x, y, z) of an array, of a leg that is pressed."""
    out = np.zeros(shape_zyx, dtype=np.uint8)
    _codes(codes, grid.mm_to_index, push.table, index_to_leg, out)
    return out


@no_type_check
@compiled(parallel=True)
def _codes(codes, to_index, push, affine, out):
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                x, y, z = place_of_voxel(affine, i, j, k)
                y = resting_y(push, x, y, z)
                a = round(to_index[0, 0] * x + to_index[0, 3])
                b = round(to_index[1, 1] * y + to_index[1, 3])
                c = round(to_index[2, 2] * z + to_index[2, 3])
                if 0 <= a < codes.shape[2] and 0 <= b < codes.shape[1] and 0 <= c < codes.shape[0]:
                    out[k, j, i] = codes[c, b, a]


@no_type_check
@compiled(parallel=True)
def _look_up(leg, push, poses, lines, out):
    tissue, border, distance, normal, to_index = leg
    first_row, last_row, shift = lines
    codes, kinds, away, facing, skin_row, skin_facing = out
    n, rows, columns = codes.shape
    for f in prange(n):
        p = poses[f]
        bx, by = beam_direction(p)
        for v in range(rows):
            for u in range(columns):
                if not first_row[f, u] <= v < last_row[f, u]:
                    continue
                x, y, z = place_of_pixel(p, shift[f, u], u, v)
                y = resting_y(push, x, y, z)
                fi = to_index[0, 0] * x + to_index[0, 3]
                fj = to_index[1, 1] * y + to_index[1, 3]
                i, j = round(fi), round(fj)
                k = round(to_index[2, 2] * z + to_index[2, 3])
                if not (0 <= i < tissue.shape[2] and 0 <= j < tissue.shape[1] and 0 <= k < tissue.shape[0]):
                    continue
                ny, nx = normal[0, k, j, i], normal[1, k, j, i]
                face = abs(nx * bx + ny * by)
                if border[k, j, i] == 8 and nx * bx + ny * by > 0.0:
                    # Only the side of a bone that looks at the probe answers.
                    face = 0.0
                code = tissue[k, j, i]
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    skin_facing[f, u] = face if border[k, j, i] == 1 else 1.0
                codes[f, v, u] = code
                kinds[f, v, u] = border[k, j, i]
                # Between voxels the distance goes on along its normal.
                away[f, v, u] = distance[k, j, i] + (ny * (fj - j) / to_index[1, 1] + nx * (fi - i) / to_index[0, 0])
                facing[f, v, u] = face
