"""Closed surfaces to a label map: which voxel centres lie inside."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Integer

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Surface
from ifssnet.core.muscles import color_of
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.surfaces.mesh import open_edges


def voxelise(
    surfaces: Sequence[Surface],
    spacing_xyz_mm: tuple[float, float, float] = (0.5, 0.5, 0.5),
    margin_mm: float = 5.0,
    grid: Grid | None = None,
    values: Sequence[int] | None = None,
) -> LabelMap:
    """Label each voxel by the surface that its centre lies in.

    A centre is inside where the surface winds around it: a body within another of the same surface is a cavity where it
    faces the other way, and bodies that overlap are one. A centre in two surfaces belongs to the first of them in the order
    given; an `InputWarning` says how many there are.

    Args:
        surfaces: Closed surfaces, in the order of the labels.
        spacing_xyz_mm: The label map's spacing, when no grid is given.
        margin_mm: Left free around all surfaces, when no grid is given.
        grid: The label map's grid; its axes are LPS around the surfaces when None. What lies outside it is cut off.
        values: One label value a surface, 1 to 65535; 1, 2, 3 ... when None.

    Returns:
        uint8, or uint16 where a value is above 255; named after the surfaces.

    Raises:
        InputError: No surface, one that is open or has coordinates that are not finite, or values that clash.
    """
    numbered = _label_values(surfaces, values)
    for surface in surfaces:
        _check_closed(surface)
    grid = _grid_around(surfaces, spacing_xyz_mm, margin_mm) if grid is None else grid
    array = np.zeros(grid.shape_zyx, dtype=np.uint8 if max(numbered) < 256 else np.uint16)
    overlap = 0
    for surface, value in zip(surfaces, numbered, strict=True):
        overlap += _paint(array, surface, value, grid)
    if overlap:
        warnings.warn(
            InputWarning(
                f"The surfaces overlap: {overlap} voxels ({overlap * grid.voxel_volume_mm3 / 1000:.3g} cm3) lie in several. "
                f"Each went to the first of {', '.join(surface.name or 'unnamed' for surface in surfaces)} that holds it."
            ),
            stacklevel=2,
        )
    names = {value: surface.name or str(value) for surface, value in zip(surfaces, numbered, strict=True)}
    colors = {value: color_of(name, index) for index, (value, name) in enumerate(names.items())}
    return LabelMap(array=array, grid=grid, names=names, colors=colors)


def voxels_inside(surface: Surface, grid: Grid) -> Bool[np.ndarray, "z y x"]:
    """Whether each voxel centre lies inside a closed surface."""
    mask = np.zeros(grid.shape_zyx, dtype=np.uint8)
    _paint(mask, surface, 1, grid)
    return mask.view(np.bool_)


def _label_values(surfaces: Sequence[Surface], values: Sequence[int] | None) -> list[int]:
    if not surfaces:
        raise InputError("at least one closed surface", "none", "Name a folder with STL, PLY or OBJ files.")
    numbered = list(range(1, len(surfaces) + 1)) if values is None else list(values)
    if len(numbered) != len(surfaces) or len(set(numbered)) != len(numbered) or not all(0 < v < 65536 for v in numbered):
        raise InputError(f"{len(surfaces)} different label values from 1 to 65535", f"{numbered}", "Give each surface its own.")
    return numbered


def _check_closed(surface: Surface) -> None:
    what = f"the surface '{surface.name}'"
    if len(surface.faces) == 0 or not np.isfinite(surface.vertices_mm).all():
        raise InputError(
            "a surface of finite triangles",
            f"{what} with {len(surface.faces)} triangles",
            "Export it again from where it was made.",
        )
    if (leaks := open_edges(surface.faces)) > 0:
        raise InputError("a closed surface", f"{what} with {leaks} open edges", "Close its holes where it was made.")


def _grid_around(surfaces: Sequence[Surface], spacing_xyz_mm: tuple[float, float, float], margin_mm: float) -> Grid:
    if not all(math.isfinite(s) and s > 0 for s in spacing_xyz_mm) or not (math.isfinite(margin_mm) and margin_mm >= 0):
        raise InputError(
            "a positive spacing and a margin in mm",
            f"a spacing of {spacing_xyz_mm} and a margin of {margin_mm}",
            "Give others.",
        )
    spacing = np.array(spacing_xyz_mm, dtype=np.float64)
    low = np.min([surface.vertices_mm.min(axis=0) for surface in surfaces], axis=0).astype(np.float64)
    high = np.max([surface.vertices_mm.max(axis=0) for surface in surfaces], axis=0).astype(np.float64)
    extent = np.ceil((high - low + 2 * margin_mm) / spacing) + 1
    if not np.isfinite(extent).all():
        raise InputError("surfaces of the size of a leg", f"surfaces from {low} to {high} mm", "Check their unit: mm.")
    x, y, z = (int(n) for n in extent)
    # What the whole voxels have too much is shared between both ends, so that the surfaces sit in the middle.
    origin = (low + high) / 2 - (extent - 1) * spacing / 2
    return Grid((z, y, x), spacing_xyz_mm, (float(origin[0]), float(origin[1]), float(origin[2])))


def _paint(array: Integer[np.ndarray, "z y x"], surface: Surface, value: int, grid: Grid) -> int:
    """Write `value` where the surface is and the array is 0 still; return how many were taken already."""
    index_xyz = grid.points_to_index(surface.vertices_mm.astype(np.float64))
    sizes = np.array(grid.shape_zyx[::-1])
    start = np.clip(np.floor(index_xyz.min(axis=0)), 0, sizes).astype(np.int64)
    stop = np.clip(np.ceil(index_xyz.max(axis=0)) + 1, 0, sizes).astype(np.int64)
    if (stop <= start).any():
        return 0
    local = np.ascontiguousarray(index_xyz - start)
    nx, ny, nz = (int(n) for n in stop - start)
    crossings = np.zeros((nz, ny, nx), dtype=np.int16)
    _count_crossings(local, surface.faces, crossings)
    window = array[start[2] : stop[2], start[1] : stop[1], start[0] : stop[0]]
    return int(_fill(crossings, window, value))


@no_type_check
@compiled()
def _count_crossings(vertices: Any, faces: Any, crossings: Any) -> None:
    """Count, in each row of voxels along x, at the first voxel at or after each point where the row meets the mesh: up where
    it goes in, down where it goes out, or the other way round for a whole body that is inside out.

    A plane z = const cuts a triangle with corners on both sides (z <= k against z > k) along a segment whose ends lie
    on two edges; a row y = const meets the segment where one end has y <= j and the other y > j. Both rules are
    half-open, and the ends are computed from the edge alone, lower corner first, so that the two triangles of
    an edge agree to the last bit: every row goes into a closed mesh as often as out of it, whatever it touches. The way
    is that of the segment from the edge that rises, as the triangle runs, to the one that falls.
    """
    nz, ny, nx = crossings.shape
    ends = np.empty((2, 2))
    for f in range(faces.shape[0]):
        z_low = min(vertices[faces[f, 0], 2], vertices[faces[f, 1], 2], vertices[faces[f, 2], 2])
        z_high = max(vertices[faces[f, 0], 2], vertices[faces[f, 1], 2], vertices[faces[f, 2], 2])
        for k in range(int(np.ceil(max(0.0, z_low))), int(np.floor(min(nz - 1.0, z_high))) + 1):
            found, rising = 0, 0
            for corner in range(3):
                a = faces[f, corner]
                b = faces[f, (corner + 1) % 3]
                if (vertices[a, 2] <= k) == (vertices[b, 2] <= k):
                    continue
                if vertices[a, 2] > k:
                    a, b = b, a
                else:
                    rising = found
                share = (k - vertices[a, 2]) / (vertices[b, 2] - vertices[a, 2])
                ends[found, 0] = vertices[a, 0] + share * (vertices[b, 0] - vertices[a, 0])
                ends[found, 1] = vertices[a, 1] + share * (vertices[b, 1] - vertices[a, 1])
                found += 1
            if found < 2:
                continue
            low = 0 if ends[0, 1] <= ends[1, 1] else 1
            x0, y0 = ends[low, 0], ends[low, 1]
            x1, y1 = ends[1 - low, 0], ends[1 - low, 1]
            for j in range(int(np.ceil(max(0.0, y0))), int(np.floor(min(ny - 1.0, y1))) + 1):
                if (y0 <= j) == (y1 <= j):
                    continue
                x = x0 + (j - y0) / (y1 - y0) * (x1 - x0)
                if x <= nx - 1:
                    i = int(np.ceil(max(0.0, x)))
                    crossings[k, j, i] += 1 if low == rising else -1


@no_type_check
@compiled()
def _fill(crossings: Any, window: Any, value: Any) -> Any:
    taken = 0
    for k in range(crossings.shape[0]):
        for j in range(crossings.shape[1]):
            depth = 0
            for i in range(crossings.shape[2]):
                depth += crossings[k, j, i]
                if depth != 0:
                    if window[k, j, i] == 0:
                        window[k, j, i] = value
                    else:
                        taken += 1
    return taken
