"""A small software renderer: orthographic, depth-buffered, one surface identity, normal and value a pixel.

It makes the picture that stands where a page is printed or has no WebGL, without a graphics library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int

from ifssnet.geometry.compiled import compiled


@dataclass(frozen=True, eq=False)
class Buffers:
    """What each pixel sees.

    Attributes:
        depth_mm: Distance towards the viewer; minus infinity on the background.
        normal: In the viewer's axes: right, up, towards the viewer.
        value: The interpolated value of the vertices.
        surface: Number of the surface; -1 on the background.
    """

    depth_mm: Float[np.ndarray, "row column"]
    normal: Float[np.ndarray, "row column 3"]
    value: Float[np.ndarray, "row column"]
    surface: Int[np.ndarray, "row column"]

    @property
    def seen(self) -> Bool[np.ndarray, "row column"]:
        """The pixels that see a surface."""
        return self.surface >= 0


def empty_buffers(rows: int, columns: int) -> Buffers:
    """Buffers that have seen nothing."""
    return Buffers(
        np.full((rows, columns), -np.inf),
        np.zeros((rows, columns, 3)),
        np.full((rows, columns), np.nan),
        np.full((rows, columns), -1, dtype=np.int64),
    )


def draw(
    buffers: Buffers,
    points: Float[np.ndarray, "vertex 3"],
    normals: Float[np.ndarray, "vertex 3"],
    values: Float[np.ndarray, " vertex"],
    faces: Int[np.ndarray, "face 3"],
    *,
    surface: int,
) -> None:
    """Draw triangles into the buffers, nearest wins.

    Args:
        buffers: Changed in place: they are this module's canvas.
        points: (column, row, depth) of each vertex; columns and rows in pixels, depth in mm towards the viewer.
        normals: In the viewer's axes.
        values: One a vertex.
        faces: Three vertices a triangle.
        surface: The number to leave in the pixels.
    """
    _draw(
        buffers.depth_mm,
        buffers.normal,
        buffers.value,
        buffers.surface,
        np.ascontiguousarray(points),
        np.ascontiguousarray(normals),
        np.ascontiguousarray(values),
        np.ascontiguousarray(faces),
        surface,
    )


@no_type_check
@compiled()
def _draw(depth_mm, normal, value, surface_of, points, normals, values, faces, surface):
    rows, columns = depth_mm.shape
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        x0, y0 = points[i, 0], points[i, 1]
        x1, y1 = points[j, 0], points[j, 1]
        x2, y2 = points[k, 0], points[k, 1]
        doubled_area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(doubled_area) < 1e-12:
            continue
        left, right = max(0, int(np.ceil(min(x0, x1, x2)))), min(columns - 1, int(np.floor(max(x0, x1, x2))))
        top, bottom = max(0, int(np.ceil(min(y0, y1, y2)))), min(rows - 1, int(np.floor(max(y0, y1, y2))))
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                a = ((x1 - column) * (y2 - row) - (x2 - column) * (y1 - row)) / doubled_area
                b = ((x2 - column) * (y0 - row) - (x0 - column) * (y2 - row)) / doubled_area
                c = 1.0 - a - b
                if a < -1e-9 or b < -1e-9 or c < -1e-9:
                    continue
                depth = a * points[i, 2] + b * points[j, 2] + c * points[k, 2]
                if depth <= depth_mm[row, column]:
                    continue
                depth_mm[row, column] = depth
                surface_of[row, column] = surface
                value[row, column] = a * values[i] + b * values[j] + c * values[k]
                for axis in range(3):
                    normal[row, column, axis] = a * normals[i, axis] + b * normals[j, axis] + c * normals[k, axis]
