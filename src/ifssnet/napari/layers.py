"""Volumes and label maps as napari's layers and back. A layer's world is (z, y, x) in mm, LPS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from jaxtyping import Float, Integer, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume

Meta: TypeAlias = Mapping[str, Any]
"""What a layer is made with, by name, as napari passes it."""

Layer: TypeAlias = tuple[Shaped[np.ndarray, "z y x"], dict[str, Any], Literal["image", "labels"]]
"""A layer as napari takes it: voxels, what else it is made with, and its kind."""

OWN = "ifssnet"
"""Where a layer's metadata holds names and colours."""


def affine_of(grid: Grid) -> Float[np.ndarray, "4 4"]:
    """The matrix from (z, y, x) indices to (z, y, x) in mm."""
    turned = np.eye(4)
    turned[:3, :3] = grid.index_to_mm[:3, :3][::-1, ::-1]
    turned[:3, 3] = grid.index_to_mm[:3, 3][::-1]
    return turned


def grid_of(shape_zyx: tuple[int, ...], meta: Meta) -> Grid:
    """The grid of a layer, from its scale, its shift and its affine matrix.

    Raises:
        InputError: Not three axes, or a layer that is turned by a setting of its own or sheared.
    """
    if len(shape_zyx) != 3:
        raise InputError("a layer with three axes", f"one with {len(shape_zyx)}", "Choose a layer of one volume.")
    rotate, shear = (np.asarray(meta.get(name, 0.0), dtype=np.float64) for name in ("rotate", "shear"))
    if (rotate.ndim == 2 and not np.allclose(rotate, np.eye(3))) or (rotate.ndim < 2 and rotate.any()) or _sheared(shear):
        raise InputError("a layer without rotation and shear", "one with", "Put the turn into the layer's affine matrix.")
    inner = np.eye(4)
    inner[:3, :3] = np.diag(np.asarray(meta.get("scale", (1.0, 1.0, 1.0)), dtype=np.float64))
    inner[:3, 3] = np.asarray(meta.get("translate", (0.0, 0.0, 0.0)), dtype=np.float64)
    outer = meta.get("affine")
    matrix = inner if outer is None else np.asarray(outer, dtype=np.float64) @ inner
    turn = matrix[:3, :3][::-1, ::-1]
    spacing = np.linalg.norm(turn, axis=0)
    if not (spacing > 0).all():
        raise InputError("a layer with a size", "one that its matrix makes flat", "Correct the layer's affine matrix.")
    direction = (turn / spacing).tolist()
    x, y, z = (float(value) for value in spacing)
    first, second, third = (float(value) for value in matrix[:3, 3][::-1])
    rows = tuple((float(row[0]), float(row[1]), float(row[2])) for row in direction)
    return Grid((shape_zyx[0], shape_zyx[1], shape_zyx[2]), (x, y, z), (first, second, third), (rows[0], rows[1], rows[2]))


def _sheared(shear: Float[np.ndarray, ...]) -> bool:
    return bool(np.any(shear - np.eye(3))) if shear.ndim == 2 else bool(shear.any())


def volume_layer(volume: Volume, name: str) -> Layer:
    """A volume as an image layer."""
    return volume.array, {"name": name, "affine": affine_of(volume.grid), "colormap": "gray"}, "image"


def labels_layer(labels: LabelMap, name: str) -> Layer:
    """A label map as a labels layer, with names and colours in its metadata."""
    own = {"names": dict(labels.names), "colors": dict(labels.colors), "header": dict(labels.header)}
    return labels.array, {"name": name, "affine": affine_of(labels.grid), "metadata": {OWN: own}}, "labels"


def volume_of(data: Shaped[np.ndarray, ...], meta: Meta) -> Volume:
    """The volume of an image layer.

    Raises:
        InputError: As `grid_of`.
    """
    array = np.asarray(data)
    return Volume(array, grid_of(array.shape, meta))


def labels_of(data: Integer[np.ndarray, ...], meta: Meta) -> LabelMap:
    """The label map of a labels layer; a value that was painted and has no name is called by its number.

    Raises:
        InputError: As `grid_of`, or values below 0 or above what a label can be.
    """
    array = np.asarray(data)
    grid = grid_of(array.shape, meta)
    used = [int(value) for value in np.unique(array)]
    if used[0] < 0 or used[-1] > np.iinfo(np.uint16).max:
        raise InputError("label values from 0 to 65535", f"{used[0]} to {used[-1]}", "Paint with other numbers.")
    own = cast("Mapping[str, Mapping[str, Any]]", meta.get("metadata") or {}).get(OWN, {})
    names = {int(value): str(name) for value, name in own.get("names", {}).items()}
    names |= {value: str(value) for value in used if value and value not in names}
    kept = array.astype(np.uint16 if used[-1] > np.iinfo(np.uint8).max else np.uint8)
    return LabelMap(kept, grid, names, dict(own.get("colors", {})), dict(own.get("header", {})))
