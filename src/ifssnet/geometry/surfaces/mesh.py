"""Arithmetic on triangle meshes: whether they are closed, which way they face, what they enclose."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifssnet.geometry.compiled import compiled


def open_edges(faces: Int[np.ndarray, "face 3"]) -> int:
    """Number of edges that an odd number of triangles share; 0 for a closed surface.

    An odd count is what lets the inside leak out: two closed bodies that touch along an edge (four triangles) are closed.
    """
    _, counts = _undirected(faces)
    return int((counts % 2 == 1).sum())


def is_consistently_wound(faces: Int[np.ndarray, "face 3"]) -> bool:
    """Whether every edge of a closed surface is run through equally often in both directions."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    forward = start < end
    edges, counts = np.unique(_keys(start, end), return_counts=True)
    ahead, ahead_counts = np.unique(_keys(start[forward], end[forward]), return_counts=True)
    found = np.zeros(len(edges), dtype=np.int64)
    found[np.searchsorted(edges, ahead)] = ahead_counts
    return bool((2 * found == counts).all())


def enclosed_volume_mm3(vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]) -> float:
    """Volume of a closed mesh by the divergence theorem: the signed tetrahedra from one point to every triangle.

    Negative where the triangles face inwards.
    """
    if len(faces) == 0:
        return 0.0
    # From the middle of the mesh, not from the origin: legs lie up to a metre away, and the differences would cancel.
    local = (vertices_mm - vertices_mm.mean(axis=0)).astype(np.float64)
    return float(_tetrahedra(local, faces).sum() / 6)


def area_mm2(vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]) -> float:
    """Total area of the triangles."""
    return float(np.linalg.norm(_double_areas(vertices_mm, faces), axis=1).sum() / 2)


def vertex_normals(
    vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]
) -> Float[np.ndarray, "vertex 3"]:
    """Unit normals of the vertices: the mean of their triangles' normals, weighted by area; zero where that vanishes."""
    normals = _normals(_double_areas(vertices_mm, faces), faces, len(vertices_mm))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)


def facing_outwards(vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]) -> Int[np.ndarray, "face 3"]:
    """The triangles, all turned round where the mesh as a whole faces inwards."""
    return faces if enclosed_volume_mm3(vertices_mm, faces) >= 0 else np.ascontiguousarray(faces[:, ::-1])


def merged(
    vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]
) -> tuple[Float[np.ndarray, "merged 3"], Int[np.ndarray, "kept 3"]]:
    """The same mesh with vertices of exactly the same position made one, without those unused and without triangles
    that lost a corner by it.

    Formats that store three corners a triangle (STL) say only this way which triangles are neighbours.
    """
    unique, index = np.unique(vertices_mm, axis=0, return_inverse=True)
    joined = index.reshape(-1)[faces].astype(np.int64)
    a, b, c = joined[:, 0], joined[:, 1], joined[:, 2]
    joined = joined[(a != b) & (b != c) & (c != a)]
    used, renumbered = np.unique(joined, return_inverse=True)
    return unique[used], renumbered.reshape(-1, 3).astype(np.int64)


def _double_areas(vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]) -> Float[np.ndarray, "face 3"]:
    return _crossed_edges(vertices_mm, faces)


def _undirected(faces: Int[np.ndarray, "face 3"]) -> tuple[Int[np.ndarray, " edge"], Int[np.ndarray, " edge"]]:
    keys, counts = np.unique(_keys(faces.ravel(), np.roll(faces, -1, axis=1).ravel()), return_counts=True)
    return keys, counts


def _keys(start: Shaped[np.ndarray, " edge"], end: Shaped[np.ndarray, " edge"]) -> Int[np.ndarray, " edge"]:
    """One number an undirected edge."""
    low, high = np.minimum(start, end).astype(np.int64), np.maximum(start, end).astype(np.int64)
    return low * np.int64(2**31) + high


@no_type_check
@compiled()
def _tetrahedra(local: Any, faces: Any) -> Any:
    """Six times the signed volume between the origin and each triangle."""
    out = np.empty(len(faces))
    for face in range(len(faces)):
        a, b, c = local[faces[face, 0]], local[faces[face, 1]], local[faces[face, 2]]
        x = a[0] * (b[1] * c[2] - b[2] * c[1])
        y = a[1] * (b[2] * c[0] - b[0] * c[2])
        z = a[2] * (b[0] * c[1] - b[1] * c[0])
        out[face] = x + z + y
    return out


@no_type_check
@compiled()
def _crossed_edges(vertices: Any, faces: Any) -> Any:
    """The normal of each triangle, as long as twice its area."""
    out = np.empty((len(faces), 3))
    for face in range(len(faces)):
        i, j, k = faces[face, 0], faces[face, 1], faces[face, 2]
        ax, ay, az = np.float64(vertices[i, 0]), np.float64(vertices[i, 1]), np.float64(vertices[i, 2])
        bx, by, bz = vertices[j, 0] - ax, vertices[j, 1] - ay, vertices[j, 2] - az
        cx, cy, cz = vertices[k, 0] - ax, vertices[k, 1] - ay, vertices[k, 2] - az
        out[face, 0] = by * cz - bz * cy
        out[face, 1] = bz * cx - bx * cz
        out[face, 2] = bx * cy - by * cx
    return out


@no_type_check
@compiled()
def _normals(doubled: Any, faces: Any, vertices: int) -> Any:
    """The sum of their triangles' normals at all vertices: of first corners, then of second and of third ones."""
    out = np.zeros((vertices, 3))
    part = np.empty((vertices, 3))
    for corner in range(3):
        part[:] = 0.0
        for face in range(len(faces)):
            vertex = faces[face, corner]
            for axis in range(3):
                part[vertex, axis] += doubled[face, axis]
        out += part
    return out
