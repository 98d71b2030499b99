"""What the page's interactive parts are given: plain JSON, arrays packed and in base64.

Positions are 16-bit steps of the common bounding box, which a leg makes some 6 micrometres; normals are signed bytes;
errors are levels of the colour scale.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.grid import Grid
from ifssnet.figures.drawing.theme import Rgb, error_colors, hex_of
from ifssnet.figures.leg_report.acsa import ProfileCurve
from ifssnet.figures.rendering.axis_letters import Letters
from ifssnet.figures.rendering.mesh import DisplayMesh
from ifssnet.figures.rendering.surfaces import ErrorScale, View
from ifssnet.io.plain_data import Json


def packed(array: Shaped[np.ndarray, "*shape"]) -> str:
    """An array's bytes, little endian, in base64."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return base64.b64encode(np.ascontiguousarray(little).tobytes()).decode("ascii")


def script_json(data: Json) -> str:
    """JSON that can stand inside a script element whatever its texts hold."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _mesh(
    mesh: DisplayMesh, color: Rgb, low_mm: Float[np.ndarray, " 3"], step_mm: Float[np.ndarray, " 3"], scale: ErrorScale | None
) -> dict[str, Json]:
    wide = len(mesh.vertices_mm) > 0xFFFF
    return {
        "name": mesh.name,
        "color": hex_of(color),
        "positions": packed(((mesh.vertices_mm - low_mm) / step_mm).round().astype(np.uint16)),
        "normals": packed((mesh.normals * 127).round().astype(np.int8)),
        "indices": packed(mesh.faces.astype(np.uint32 if wide else np.uint16)),
        "wide": wide,
        "levels": None if scale is None or mesh.error_mm is None else packed(scale.levels(mesh.error_mm)),
    }


def _slice_plane(grid: Grid, meshes: Sequence[DisplayMesh]) -> dict[str, Json]:
    """A rectangle on slice 0 that holds the muscles' outline, and the step from one slice to the next."""
    index = np.concatenate([grid.points_to_index(mesh.vertices_mm) for mesh in meshes])
    (x0, y0, z0), (x1, y1, z1) = index.min(axis=0), index.max(axis=0)
    margin = 0.06 * max(x1 - x0, y1 - y0)
    x0, y0, x1, y1 = x0 - margin, y0 - margin, x1 + margin, y1 + margin
    corners = grid.points_to_mm(np.array([[x0, y0, 0.0], [x1, y0, 0.0], [x1, y1, 0.0], [x0, y1, 0.0]]))
    axis = np.asarray(grid.direction)[:, 2]
    middle = np.array([[(x0 + x1) / 2, (y0 + y1) / 2, z] for z in (z0, z1)])
    return {
        "corners": [[round(float(v), 3) for v in corner] for corner in corners],
        "step": [float(v) for v in axis * grid.spacing_xyz_mm[2]],
        "axis": [[round(float(v), 3) for v in end] for end in grid.points_to_mm(middle)],
    }


def scene(
    meshes: Sequence[DisplayMesh],
    colors: Mapping[str, Rgb],
    grid: Grid,
    *,
    axes: Letters,
    views: Sequence[View],
    scale: ErrorScale | None,
) -> dict[str, Json]:
    """The 3-D view."""
    corners = np.concatenate([mesh.vertices_mm for mesh in meshes])
    low_mm = corners.min(axis=0)
    step_mm = np.maximum((corners.max(axis=0) - low_mm) / 0xFFFF, 1e-9)
    error: dict[str, Json] | None = None
    if scale is not None:
        error = {
            "low": scale.low_mm,
            "high": scale.high_mm,
            "colors": packed(error_colors(scale.signed)),
            "ticks": list(scale.ticks_mm),
        }
    return {
        "low": [float(v) for v in low_mm],
        "step": [float(v) for v in step_mm],
        "meshes": [_mesh(mesh, colors[mesh.name], low_mm, step_mm, scale) for mesh in meshes],
        "axes": list(axes),
        "views": [{"name": v.name, "towards": list(v.towards_viewer), "up": list(v.up)} for v in views],
        "plane": _slice_plane(grid, meshes),
        "error": error,
    }


def profiles(curves: Mapping[str, ProfileCurve], colors: Mapping[str, Rgb]) -> list[Json]:
    """The readout of the profiles."""

    def listed(values: Float[np.ndarray, " slice"], decimals: int) -> list[Json]:
        return [round(float(v), decimals) if np.isfinite(v) else None for v in values]

    return [
        {
            "name": name,
            "color": hex_of(colors[name]),
            "z": curve.profile.z.tolist(),
            "mm": listed(curve.profile.position_mm, 2),
            "cm2": listed(curve.profile.acsa_cm2, 2),
            "percent": listed(curve.profile.percent_of_length, 1),
            "reference": None if curve.reference_acsa_cm2 is None else listed(curve.reference_acsa_cm2, 2),
        }
        for name, curve in curves.items()
    ]
