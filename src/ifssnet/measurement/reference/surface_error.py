"""Where on its surface a segmentation is off, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.images import LabelMap, Surface
from ifssnet.geometry.masks.box import crop, grown, is_empty, label_boxes
from ifssnet.geometry.untyped import NearestPoints


def surface_error_mm(surface: Surface, reference: LabelMap, value: int) -> Float[np.ndarray, " vertex"]:
    """Signed distance from each vertex of a segmentation's surface to the border of a label in the reference.

    The border is the set of the centres of the faces between a voxel of the label and a voxel that is not: with
    vertices of marching cubes, which lie on the lines between voxel centres, two equal masks are 0 apart but for smoothing.

    Args:
        surface: The segmentation's, mm, LPS.
        reference: A label map on any grid in the same space.
        value: The label in the reference.

    Returns:
        Positive where the segmentation reaches further out; NaN where the reference lacks the label.
    """
    box = label_boxes(reference.array, [value])[value]
    if is_empty(box) or len(surface.vertices_mm) == 0:
        return np.full(len(surface.vertices_mm), math.nan)
    around = grown(box, 1, reference.array.shape)
    start = [part.start for part in around]
    # One voxel of background on every side, so that a label at the image's border has its faces there too.
    mask = np.pad(crop(reference.array, around) == value, 1)
    grid = reference.grid.cropped([first - 1 for first in start], mask.shape)
    distance = NearestPoints(grid.points_to_mm(_face_centres(mask))).distance(surface.vertices_mm, workers=-1)
    nearest = np.rint(grid.points_to_index(surface.vertices_mm)).astype(np.int64)
    # What lies further out is as far outside as the background at the border.
    x, y, z = np.clip(nearest, 0, np.array(mask.shape[::-1]) - 1).T
    return np.where(mask[z, y, x], -distance, distance)


def largest_error_mm(error_mm: Float[np.ndarray, " vertex"], percent: int) -> float | None:
    """The distance below which a percentage of a surface's known errors lies, whatever their sign; None without any."""
    known = np.abs(error_mm[np.isfinite(error_mm)])
    return float(np.percentile(known, percent)) if known.size else None


def middle_of_largest_errors_mm(surfaces: Sequence[Float[np.ndarray, " _"]]) -> float | None:
    """The median over the surfaces of the distance below which 95 % of their errors lie; None where no error is known."""
    each = [high for error_mm in surfaces if (high := largest_error_mm(error_mm, 95)) is not None]
    return float(np.median(each)) if each else None


def _face_centres(mask: Bool[np.ndarray, "k j i"]) -> Float[np.ndarray, "face 3"]:
    """(x, y, z) indices of the middle between each two neighbours of which one is marked."""
    centres: list[Float[np.ndarray, "face 3"]] = []
    for axis in range(3):
        borders = np.argwhere(np.diff(mask, axis=axis)).astype(np.float64)
        borders[:, axis] += 0.5
        centres.append(borders[:, ::-1])
    return np.concatenate(centres)
