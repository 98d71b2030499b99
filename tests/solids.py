"""Closed surfaces whose volumes are known without a computer."""

from __future__ import annotations

import itertools

import numpy as np
import trimesh

from ifssnet.core.images import Surface


def block(low, high, name="block") -> Surface:
    """An upright box, 12 triangles, facing outwards."""
    mesh = trimesh.creation.box(bounds=np.array([low, high], dtype=float))
    return Surface(np.array(mesh.vertices, dtype=np.float64), np.array(mesh.faces, dtype=np.int64), name)


def ball(radius, centre=(0.0, 0.0, 0.0), subdivisions=5, name="ball") -> Surface:
    """A sphere of many triangles."""
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return Surface(np.array(mesh.vertices) + np.array(centre), np.array(mesh.faces, dtype=np.int64), name)


def octahedron(radius) -> Surface:
    """|x| + |y| + |z| <= radius: corners, edges and faces run exactly through whole numbers."""
    vertices = radius * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float64)
    faces = []
    for sx, sy, sz in itertools.product((0, 1), repeat=3):
        face = [sx, 2 + sy, 4 + sz]
        faces.append(face if (sx + sy + sz) % 2 == 0 else face[::-1])
    return Surface(vertices, np.array(faces, dtype=np.int64), "octahedron")
