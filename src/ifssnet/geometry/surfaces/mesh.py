"""Arithmetic on triangle meshes: whether they are closed, which way they face, what they enclose."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, Shaped


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
    a, b, c = local[faces[:, 0]], local[faces[:, 1]], local[faces[:, 2]]
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def area_mm2(vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]) -> float:
    """Total area of the triangles."""
    return float(np.linalg.norm(_double_areas(vertices_mm, faces), axis=1).sum() / 2)


def vertex_normals(
    vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]
) -> Float[np.ndarray, "vertex 3"]:
    """Unit normals of the vertices: the mean of their triangles' normals, weighted by area; zero where that vanishes."""
    doubled = _double_areas(vertices_mm, faces)
    normals = np.zeros((len(vertices_mm), 3))
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(faces[:, corner], weights=doubled[:, axis], minlength=len(vertices_mm))
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
    a, b, c = (vertices_mm[faces[:, corner]].astype(np.float64) for corner in range(3))
    return np.cross(b - a, c - a)


def _undirected(faces: Int[np.ndarray, "face 3"]) -> tuple[Int[np.ndarray, " edge"], Int[np.ndarray, " edge"]]:
    keys, counts = np.unique(_keys(faces.ravel(), np.roll(faces, -1, axis=1).ravel()), return_counts=True)
    return keys, counts


def _keys(start: Shaped[np.ndarray, " edge"], end: Shaped[np.ndarray, " edge"]) -> Int[np.ndarray, " edge"]:
    """One number an undirected edge."""
    low, high = np.minimum(start, end).astype(np.int64), np.maximum(start, end).astype(np.int64)
    return low * np.int64(2**31) + high
