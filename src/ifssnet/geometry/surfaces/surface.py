"""A label's surface: smooth, and as large as the voxels say."""

from __future__ import annotations

import math
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from numba import prange

from ifssnet.core.images import LabelMap, Surface
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.box import Box, crop, grown, is_empty, label_boxes
from ifssnet.geometry.surfaces.iso_surface import crossed_cells, iso_surface
from ifssnet.geometry.surfaces.mesh import area_mm2, enclosed_volume_mm3, facing_outwards, vertex_normals
from ifssnet.geometry.surfaces.smoothing import smoothed_at, smoothed_near
from ifssnet.geometry.untyped import marching_cubes

LEVEL = 0.5
CLEARANCE = 0.02
"""How far the smoothed mask is kept from the level, on its own side, at every voxel centre."""

VOLUME_TOLERANCE = 1e-4
MAX_ROUNDS = 30


def surface_of(
    labels: LabelMap,
    value: int,
    smoothing_mm: float | None = None,
    max_faces: int | None = None,
    box: Box | None = None,
) -> Surface:
    """The closed surface around one label.

    Marching cubes on the Gaussian-smoothed mask, whose values are kept on their own side of the level at every voxel
    centre, so that no island and no thin part is smoothed away; then all vertices move along their normals by the one
    small step (hundredths of a voxel) that gives the enclosed volume of the voxels back, which smoothing rounds off.

    Args:
        labels: A label map; the label may touch its border, and be in several pieces.
        value: Which label.
        smoothing_mm: Standard deviation of the Gaussian; the largest spacing when None, 0 for none.
        max_faces: Upper limit for the number of triangles: above it the smoothed mask is sampled more coarsely (parts
            thinner than the coarser step may go; the volume is still kept).
        box: Where it lies, as `label_boxes` finds it; None to look for it.

    Returns:
        In mm, LPS, facing outwards whatever the handedness of the grid; named as the label; without triangles where
        the label does not occur.
    """
    fine, coarse = _surfaces(labels, value, box, smoothing_mm, max_faces)
    return fine if coarse is None else coarse


def surface_and_coarser(labels: LabelMap, value: int, max_faces: int, box: Box | None = None) -> tuple[Surface, Surface]:
    """The surface with all its triangles, and one with fewer, for little more than one of them takes.

    Args:
        labels: A label map.
        value: Which label.
        max_faces: As of `surface_of`.
        box: As of `surface_of`.

    Returns:
        Both as `surface_of` gives them.
    """
    fine, coarse = _surfaces(labels, value, box, None, max_faces)
    return fine, fine if coarse is None else coarse


def _surfaces(
    labels: LabelMap, value: int, box: Box | None, smoothing_mm: float | None, max_faces: int | None
) -> tuple[Surface, Surface | None]:
    """The surface, and a coarser one where it has too many triangles."""
    name = labels.names.get(value, str(value))
    box = label_boxes(labels.array, [value])[value] if box is None else box
    if is_empty(box):
        return Surface(np.empty((0, 3)), np.empty((0, 3), dtype=np.int64), name), None
    spacing_zyx = np.array(labels.grid.spacing_zyx_mm)
    sigma_mm = float(spacing_zyx.max()) if smoothing_mm is None else smoothing_mm
    margin = [math.ceil(3 * sigma_mm / spacing) + 2 for spacing in spacing_zyx.tolist()]
    mask, start = _padded(labels, value, box, margin)
    volume_mm3 = int(np.count_nonzero(mask)) * labels.grid.voxel_volume_mm3

    def placed(vertices_zyx: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"]) -> Surface:
        vertices_mm = labels.grid.points_to_mm((vertices_zyx + start)[:, ::-1])
        faces = facing_outwards(vertices_mm, faces)
        return Surface(_with_volume(vertices_mm, faces, volume_mm3, 0.2 * float(spacing_zyx.min())), faces, name)

    fine = placed(*_finest(mask, sigma_mm / spacing_zyx))
    if max_faces is None or len(fine.faces) <= max_faces:
        return fine, None
    return fine, placed(*_coarser(mask, spacing_zyx, len(fine.faces), max_faces))


def _finest(
    mask: Bool[np.ndarray, "k j i"], sigma_voxels: Float[np.ndarray, " axis"]
) -> tuple[Float[np.ndarray, "vertex 3"], Int[np.ndarray, "face 3"]]:
    # The mask's own side is kept everywhere, so that the surface crosses the cells whose corners the mask tells apart.
    cells = crossed_cells(mask.view(np.uint8), 0.0)
    field = smoothed_near(mask, sigma_voxels.tolist(), cells)
    _keep_sides(field, mask)
    return marching_cubes(field, LEVEL, cells)


def _padded(
    labels: LabelMap, value: int, box: Box, margin: list[int]
) -> tuple[Bool[np.ndarray, "k j i"], Float[np.ndarray, " axis"]]:
    """The label in its box with background around it, beyond the border of the image too; and where that starts."""
    within = grown(box, margin, labels.array.shape)
    before = [max(extra - part.start, 0) for part, extra in zip(box, margin, strict=True)]
    after = [max(part.stop + extra - size, 0) for part, extra, size in zip(box, margin, labels.array.shape, strict=True)]
    start = np.array([part.start - pad for part, pad in zip(within, before, strict=True)], dtype=np.float64)
    inner = [part.stop - part.start for part in within]
    mask = np.zeros([sum(sizes) for sizes in zip(before, inner, after, strict=True)], dtype=np.bool_)
    room = tuple(slice(pad, pad + size) for pad, size in zip(before, inner, strict=True))
    np.equal(crop(labels.array, within), value, out=mask[room])
    return mask, start


def _keep_sides(field: Float32[np.ndarray, "k j i"], mask: Bool[np.ndarray, "k j i"]) -> None:
    """Mirror what smoothing carried over the level back: the further a thin part sank below it, the firmer it stands above."""
    _mirror(field, mask.view(np.uint8))


@no_type_check
@compiled(parallel=True)
def _mirror(field: Any, mask: Any) -> None:
    level, inside, outside = np.float32(LEVEL), np.float32(LEVEL + CLEARANCE), np.float32(LEVEL - CLEARANCE)
    for k in prange(field.shape[0]):
        for j in range(field.shape[1]):
            for i in range(field.shape[2]):
                value, marked = field[k, j, i], mask[k, j, i] > 0
                if marked != (value > level):
                    value = np.float32(2) * level - value
                field[k, j, i] = max(value, inside) if marked else min(value, outside)


def _coarser(
    mask: Bool[np.ndarray, "k j i"], spacing_zyx: Float[np.ndarray, " axis"], faces_now: int, max_faces: int
) -> tuple[Float[np.ndarray, "vertex 3"], Int[np.ndarray, "face 3"]]:
    """Marching cubes on isotropic steps, as wide as it takes; vertices as indices of the fine mask."""
    # The number of triangles goes with the inverse square of the step.
    step_mm = float(np.exp(np.log(spacing_zyx).mean())) * math.sqrt(faces_now / max_faces)
    while True:
        scale = step_mm / spacing_zyx
        # One step of background more on either side: a wide step might leave none of the mask's own.
        shape = [math.ceil(size / step) + 3 for size, step in zip(mask.shape, scale.tolist(), strict=True)]
        offset = -scale
        sampled = smoothed_at(mask, (0.5 * scale).tolist(), scale.tolist(), offset.tolist(), shape)
        peak = float(sampled.max())
        # What is thinner than the step everywhere never reaches the level: take half of what it reaches.
        vertices, faces = iso_surface(sampled, LEVEL if peak > LEVEL + CLEARANCE else peak / 2)
        if len(faces) <= max_faces or min(shape) <= 4:
            return vertices * scale + offset, faces
        step_mm *= max(1.05, math.sqrt(len(faces) / max_faces))


def _with_volume(
    vertices_mm: Float[np.ndarray, "vertex 3"], faces: Int[np.ndarray, "face 3"], volume_mm3: float, longest_step_mm: float
) -> Float[np.ndarray, "vertex 3"]:
    """The mesh blown up or shrunk along its normals until it encloses that volume."""
    for _ in range(MAX_ROUNDS):
        missing = volume_mm3 - enclosed_volume_mm3(vertices_mm, faces)
        if abs(missing) <= VOLUME_TOLERANCE * volume_mm3:
            break
        # A layer of even thickness has the volume of the area times the thickness.
        step_mm = float(np.clip(missing / area_mm2(vertices_mm, faces), -longest_step_mm, longest_step_mm))
        vertices_mm = vertices_mm + vertex_normals(vertices_mm, faces) * step_mm
    return vertices_mm
