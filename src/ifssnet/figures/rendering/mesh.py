"""Surfaces thinned out for the eye: small enough for a page, shaded as smoothly as the full ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.geometry.surfaces.mesh import area_mm2, facing_outwards, vertex_normals

MAX_FACES = 110_000
"""The most triangles that all surfaces of a page have together: about 2.5 MB of it."""


@dataclass(frozen=True, eq=False)
class DisplayMesh:
    """A surface as it is drawn.

    Attributes:
        name: The muscle's name.
        vertices_mm: Positions, (x, y, z) in mm, LPS.
        normals: Unit vectors, outwards.
        faces: Three vertices a triangle.
        error_mm: At each vertex, NaN where not known; None without a reference.
    """

    name: str
    vertices_mm: Float[np.ndarray, "vertex 3"]
    normals: Float[np.ndarray, "vertex 3"]
    faces: Int[np.ndarray, "face 3"]
    error_mm: Float[np.ndarray, " vertex"] | None


def _unit(vectors: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > 0, vectors / np.maximum(lengths, 1e-12), np.array([0.0, 0.0, 1.0]))


def full(drawn: MuscleSurface) -> DisplayMesh:
    """The surface with every vertex it has, turned right side out where it came inside out."""
    vertices = np.asarray(drawn.surface.vertices_mm, dtype=np.float64)
    faces = facing_outwards(vertices, np.asarray(drawn.surface.faces, dtype=np.int64))
    error = None if drawn.error_mm is None else np.asarray(drawn.error_mm, dtype=np.float64)
    return DisplayMesh(drawn.surface.name, vertices, _unit(vertex_normals(vertices, faces)), faces, error)


def clustered(mesh: DisplayMesh, cell_mm: float) -> DisplayMesh:
    """All vertices of a cube of `cell_mm` merged into their mean; triangles that collapse are dropped.

    Normals and errors are means too, so that the thin mesh is shaded and coloured as the full one.
    """
    if len(mesh.vertices_mm) == 0:
        return mesh
    cells = np.floor((mesh.vertices_mm - mesh.vertices_mm.min(axis=0)) / cell_mm).astype(np.int64)
    extent = cells.max(axis=0) + 1
    keys = (cells[:, 2] * extent[1] + cells[:, 1]) * extent[0] + cells[:, 0]
    _, cluster, counts = np.unique(keys, return_inverse=True, return_counts=True)

    def mean(values: Float[np.ndarray, " vertex"]) -> Float[np.ndarray, " cluster"]:
        known = np.isfinite(values)
        sums = np.bincount(cluster[known], values[known], minlength=len(counts))
        members = np.bincount(cluster[known], minlength=len(counts))
        return np.where(members > 0, sums / np.maximum(members, 1), np.nan)

    vertices = np.stack([mean(mesh.vertices_mm[:, axis]) for axis in range(3)], axis=1)
    normals = np.stack([mean(mesh.normals[:, axis]) for axis in range(3)], axis=1)
    faces = cluster[mesh.faces]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (a != c)]
    _, first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)
    faces = faces[np.sort(first)]
    error = None if mesh.error_mm is None else mean(mesh.error_mm)
    return DisplayMesh(mesh.name, vertices, _unit(normals), faces, error)


def display_meshes(surfaces: Sequence[MuscleSurface], max_faces: int = MAX_FACES) -> list[DisplayMesh]:
    """The surfaces, thinned by one common cell so that together they have at most `max_faces` triangles."""
    meshes = [full(each) for each in surfaces]
    count = sum(len(mesh.faces) for mesh in meshes)
    if count <= max_faces:
        return meshes
    total_mm2 = sum(area_mm2(mesh.vertices_mm, mesh.faces) for mesh in meshes)
    cell_mm = float(np.sqrt(2 * total_mm2 / max_faces))
    while True:
        thin = [clustered(mesh, cell_mm) for mesh in meshes]
        if sum(len(mesh.faces) for mesh in thin) <= max_faces:
            return thin
        cell_mm *= 1.15
