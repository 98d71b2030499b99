"""A registered volume or its labels, resampled onto the grid of the other volume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Shaped

from ifssnet.compounding.registration.images import itk, to_image
from ifssnet.compounding.registration.rigid import Registration
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.masks.box import crop, label_boxes
from ifssnet.geometry.masks.distance import signed_distance

ALL_SEEN = 0.999
"""A resampled voxel was seen where all that it is made of was, to rounding."""

MARGIN = 3
"""Voxels around a muscle in which its signed distance is taken."""


def resample_volume(volume: Volume, registration: Registration, grid: Grid) -> Volume:
    """Grey levels of the moving volume on a grid of the fixed one, linear between voxels; 0 outside."""
    image = itk.Resample(
        to_image(volume.array, volume.grid), _reference(grid), _fixed_to_moving(registration), itk.sitkLinear, 0.0
    )
    seen = None
    if volume.seen is not None:
        share = to_image(volume.seen.astype(np.float32), volume.grid)
        moved = itk.Resample(share, _reference(grid), _fixed_to_moving(registration), itk.sitkLinear, 0.0)
        seen = itk.GetArrayFromImage(moved) > ALL_SEEN
    return Volume(itk.GetArrayFromImage(image), grid, volume.header, seen)


def resample_labels(
    labels: LabelMap, registration: Registration, grid: Grid, method: Literal["nearest", "distance"] = "distance"
) -> LabelMap:
    """Labels of the moving volume on a grid of the fixed one.

    Args:
        labels: The labels to resample.
        registration: Moving to fixed.
        grid: Where to.
        method: "nearest": the label of the nearest voxel. "distance": borders lie where the signed distances, linear
            between voxels, change sign, which leaves no steps when the grids are turned against each other; where two
            muscles meet, the deeper one wins.

    Raises:
        InputError: A method that there is not.
    """
    if method == "nearest":
        image = to_image(labels.array, labels.grid)
        resampled = itk.Resample(image, _reference(grid), _fixed_to_moving(registration), itk.sitkNearestNeighbor, 0)
        return replace(labels, array=itk.GetArrayFromImage(resampled), grid=grid)
    if method != "distance":
        raise InputError("'nearest' or 'distance' to resample labels", f"'{method}'", "Choose one of these.")
    array = np.zeros(grid.shape_zyx, dtype=labels.array.dtype)
    depth = np.zeros(grid.shape_zyx, dtype=np.float32)
    for value in np.unique(labels.array):
        if value != 0:
            inside = _depth(labels, int(value), registration, grid)
            deeper = inside > depth
            array[deeper], depth[deeper] = value, inside[deeper]
    return replace(labels, array=array, grid=grid)


def _depth(labels: LabelMap, value: int, registration: Registration, grid: Grid) -> Shaped[np.ndarray, "z y x"]:
    """Distance from the muscle's border on the target grid, positive inside."""
    box = label_boxes(labels.array, [value])[value]
    # Background on every side, beyond the image's border too, so that the muscle has a border everywhere.
    mask = np.pad(crop(labels.array, box) == value, MARGIN)
    place = labels.grid.cropped([part.start - MARGIN for part in box], mask.shape)
    depth = to_image(-signed_distance(mask, labels.grid.spacing_zyx_mm), place)
    outside = -float(MARGIN * max(labels.grid.spacing_xyz_mm))
    resampled = itk.Resample(depth, _reference(grid), _fixed_to_moving(registration), itk.sitkLinear, outside)
    return itk.GetArrayFromImage(resampled)


def _fixed_to_moving(registration: Registration) -> Any:
    """SimpleITK's resampling asks where each target point comes from."""
    matrix = np.linalg.inv(registration.transform)
    affine = itk.AffineTransform(3)
    affine.SetMatrix([float(value) for value in matrix[:3, :3].ravel()])
    affine.SetTranslation([float(value) for value in matrix[:3, 3]])
    return affine


def _reference(grid: Grid) -> Any:
    """An image that has the grid and one byte a voxel."""
    x, y, z = grid.shape_zyx[::-1]
    image = itk.Image([x, y, z], itk.sitkUInt8)
    image.SetSpacing(grid.spacing_xyz_mm)
    image.SetOrigin(grid.origin_xyz_mm)
    image.SetDirection([float(value) for row in grid.direction for value in row])
    return image
