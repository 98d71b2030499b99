"""MetaImage as a volume: its place in space is ITK's, LPS."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.codecs.metaimage import STRUCTURE, header_in, read_metaimage, write_metaimage
from ifssnet.io.codecs.numbers import numbers, shortened
from ifssnet.io.recognition import Kind
from ifssnet.io.volumes.placement import grid_from, three_dimensional
from ifssnet.io.volumes.volume_format import VolumeFormat, VolumeWriter

DIRECTION_KEYS = ("TransformMatrix", "Rotation", "Orientation")
ORIGIN_KEYS = ("Offset", "Position", "Origin")
PLACE = frozenset({*DIRECTION_KEYS, *ORIGIN_KEYS, "ElementSpacing", "ElementSize", "DistanceUnits"})
"""Header keys about the place of the voxels, which the writer says afresh."""

_MM = {"mm": 1.0, "um": 1e-3, "cm": 10.0, "m": 1e3, "?": 1.0, "": 1.0}


def read_metaimage_volume(path: Path) -> Volume:
    """Read a 3-D image from an `.mha` or `.mhd` file.

    Returns:
        The volume; its header carries every line that is not about pixels or place.

    Raises:
        InputError: No MetaImage, or not one of a 3-D image.
    """
    image = read_metaimage(path)
    fields = image.fields
    array = three_dimensional(image.array, fields.get("ElementNumberOfChannels", "1").strip() not in ("", "1"), path.name)
    grid = _grid(fields, (array.shape[0], array.shape[1], array.shape[2]), path)
    header = {key: value for key, value in fields.items() if key not in STRUCTURE | PLACE}
    return Volume(array, grid, MappingProxyType(header))


def write_metaimage_volume(volume: Volume, path: Path, compress: bool, data: tuple[Path, str] | None = None) -> None:
    """Write a volume as MetaImage; the caller moves the files into place.

    Args:
        volume: Its header's lines are written too.
        path: File of the header.
        compress: With zlib.
        data: File of the pixels and what the header calls it; None puts them into the file of the header.

    Raises:
        InputError: Pixels of a type that the format has no name for.
    """
    grid = volume.grid
    place = {
        "CenterOfRotation": "0 0 0",
        # One row an axis: the transpose of a direction whose columns are the axes.
        "TransformMatrix": _joined(np.asarray(grid.direction).T.ravel()),
        "Offset": _joined(grid.origin_xyz_mm),
        "ElementSpacing": _joined(grid.spacing_xyz_mm),
    }
    carried = {key: value for key, value in volume.header.items() if key not in PLACE}
    data_path, data_name = data or (None, None)
    write_metaimage(path, place | carried, volume.array, compress, data_path=data_path, data_name=data_name)


def _grid(fields: Mapping[str, str], shape_zyx: tuple[int, int, int], path: Path) -> Grid:
    dimensions = int(float(fields["NDims"]))
    spacing = _per_axis(fields, ("ElementSpacing", "ElementSize"), 1.0, dimensions, path)
    origin = _per_axis(fields, ORIGIN_KEYS, 0.0, dimensions, path)
    if not {"ElementSpacing", "ElementSize"} & set(fields):
        warnings.warn(InputWarning(f"{path.name} says no ElementSpacing; 1 mm was assumed."), stacklevel=3)
    factor = _mm_per_unit(fields, path)
    return grid_from(
        shape_zyx, [s * factor for s in spacing], [o * factor for o in origin], _direction(fields, dimensions, path), path.name
    )


def _per_axis(fields: Mapping[str, str], keys: tuple[str, ...], default: float, dimensions: int, path: Path) -> list[float]:
    """Three values of the first of the keys that is there; axes beyond the third are dropped, missing ones get the default."""
    for key in keys:
        if key in fields:
            values = numbers(fields[key], dimensions, f"{key} in {path.name}")
            return [*values, default, default][:3] if dimensions < 3 else list(values[:3])
    return [default] * 3


def _direction(fields: Mapping[str, str], dimensions: int, path: Path) -> Float[np.ndarray, "3 3"]:
    direction = np.eye(3)
    for key in DIRECTION_KEYS:
        if key in fields:
            matrix = np.array(numbers(fields[key], dimensions**2, f"{key} in {path.name}")).reshape(dimensions, dimensions)
            kept = min(dimensions, 3)
            direction[:kept, :kept] = matrix.T[:kept, :kept]
            break
    return direction


def _mm_per_unit(fields: Mapping[str, str], path: Path) -> float:
    unit = fields.get("DistanceUnits", "").strip().lower()
    factor = _MM.get(unit, math.nan)
    if math.isnan(factor):
        raise InputError(f"DistanceUnits of um, mm, cm or m in {path.name}", f"'{shortened(unit)}'", "Correct the header.")
    return factor


def _joined(values: np.ndarray | tuple[float, ...]) -> str:
    return " ".join(repr(float(value)) for value in values)


METAIMAGE = VolumeFormat(
    Kind(
        "metaimage",
        "a MetaImage volume or label map (.mha, .mhd)",
        recognises=lambda start: bool(header_in(start.content)),
        suffixes=(".mha", ".mhd"),
    ),
    read_metaimage_volume,
    writers=(
        VolumeWriter(".mha", write_metaimage_volume),
        VolumeWriter(".mhd", write_metaimage_volume, data_suffixes=(".raw", ".zraw")),
    ),
)
