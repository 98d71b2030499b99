"""MetaImage as a volume: its place in space is ITK's, LPS."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.codecs.metaimage import STRUCTURE, MetaImage, header_in, read_metaimage, read_metaimage_layout, write_metaimage
from ifssnet.io.codecs.numbers import numbers, shortened
from ifssnet.io.recognition import Kind
from ifssnet.io.volumes.disagreement import Statement, assume_1_mm, settle
from ifssnet.io.volumes.placement import grid_from, three_dimensional, three_sizes
from ifssnet.io.volumes.units import KNOWN_UNITS, mm_per_unit
from ifssnet.io.volumes.values_a_voxel import Meaning, values_of
from ifssnet.io.volumes.volume_format import VolumeFormat, VolumeWriter

DIRECTION_KEYS = ("TransformMatrix", "Rotation", "Orientation")
ORIGIN_KEYS = ("Offset", "Position", "Origin")
PLACE = frozenset({*DIRECTION_KEYS, *ORIGIN_KEYS, "ElementSpacing", "ElementSize", "DistanceUnits"})
"""Header keys about the place of the voxels, which the writer says afresh."""

_NOT_SAID = ("", "?")


def read_metaimage_volume(path: Path, labels: bool = False) -> Volume:
    """Read a 3-D image from an `.mha` or `.mhd` file.

    Args:
        path: The file.
        labels: Whether its values are labels, from which volumes are measured.

    Returns:
        The volume; its header carries every line that is not about pixels or place.

    Raises:
        InputError: No MetaImage, or not one of a 3-D image.
    """
    return _volumes(path, labels, apart=False)[0]


def read_metaimage_layers(path: Path) -> tuple[Volume, ...]:
    """Read label values: one volume, or one a layer where the layers of several structures overlap.

    Raises:
        InputError: As `read_metaimage_volume`.
    """
    return _volumes(path, labels=True, apart=True)


def _volumes(path: Path, labels: bool, *, apart: bool) -> tuple[Volume, ...]:
    image = read_metaimage(path)
    fields = image.fields
    parts = [three_dimensional(part, path.name) for part in _values(image, path, labels, apart)]
    shape = parts[0].shape
    grid = _grid(fields, (shape[0], shape[1], shape[2]), path, labels)
    header = {key: value for key, value in fields.items() if key not in STRUCTURE | PLACE}
    return tuple(Volume(part, grid, MappingProxyType(header)) for part in parts)


def read_metaimage_grid(path: Path, labels: bool = False) -> Grid:
    """The grid of a 3-D image with one value a voxel, its voxels unread.

    Raises:
        InputError: As `read_metaimage_volume`, or several values a voxel.
    """
    fields, sizes = read_metaimage_layout(path)
    return _grid(fields, three_sizes(sizes, path.name), path, labels)


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


def _values(image: MetaImage, path: Path, labels: bool, apart: bool) -> tuple[Shaped[np.ndarray, "*size"], ...]:
    """Channels of bytes are colours, as ITK writes them, and others vectors; a fourth dimension is a series."""
    array, channels = image.array, image.fields.get("ElementNumberOfChannels", "1").strip() not in ("", "1")
    if channels:
        meaning: Meaning = "colour" if array.shape[-1] in (3, 4) and str(array.dtype) in ("uint8", "uint16") else "vector"
        return values_of(array, meaning, path.name, labels, apart)
    if array.ndim > 3 and array.shape[0] > 1 and all(n == 1 for n in array.shape[1:-3]):
        return values_of(np.moveaxis(array, 0, -1), "list", path.name, labels, apart)
    return (array,)


def _grid(fields: Mapping[str, str], shape_zyx: tuple[int, int, int], path: Path, labels: bool) -> Grid:
    dimensions = int(float(fields["NDims"]))
    spacing = _per_axis(fields, ("ElementSpacing", "ElementSize"), 1.0, dimensions, path)
    origin = _per_axis(fields, ORIGIN_KEYS, 0.0, dimensions, path)
    said = {"ElementSpacing", "ElementSize"} & set(fields)
    if not said:
        assume_1_mm("ElementSpacing", path.name, labels)
    factor = _mm_per_unit(fields, path)
    direction = _direction(fields, dimensions, path)
    in_mm = [s * factor for s in spacing]
    if len(said) == 2:
        size = [s * factor for s in _per_axis(fields, ("ElementSize",), 1.0, dimensions, path)]
        settle(Statement("ElementSpacing", in_mm), Statement("ElementSize", size), path.name, labels)
    _refuse_scaled_axes(direction, in_mm if said else None, path)
    _name_two_places(fields, dimensions, path)
    return grid_from(shape_zyx, in_mm, [o * factor for o in origin], direction, path.name)


def _refuse_scaled_axes(direction: Float[np.ndarray, "3 3"], spacing_mm: Sequence[float] | None, path: Path) -> None:
    """Axes at right angles whose lengths are not 1 say a size of a voxel of their own."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        lengths = np.linalg.norm(direction, axis=0)
        unit = direction / lengths
        scaled = np.allclose(unit.T @ unit, np.eye(3), atol=1e-3) and not np.allclose(lengths, 1, atol=1e-3)
    if scaled:
        by_matrix = " x ".join(f"{length:.4g}" for length in lengths)
        by_spacing = "no ElementSpacing"
        if spacing_mm is not None:
            by_spacing = f"{' x '.join(f'{s:.4g}' for s in spacing_mm)} mm by ElementSpacing"
        raise InputError(
            f"one size of a voxel in the header of {path.name}, and axes of length 1 in its matrix",
            f"axes of the lengths {by_matrix}, and {by_spacing}",
            "Write the size of a voxel into ElementSpacing, and axes of length 1 into TransformMatrix.",
        )


def _name_two_places(fields: Mapping[str, str], dimensions: int, path: Path) -> None:
    """Warn of two keys that say the same thing differently; the first one counts, as ITK has it."""
    for keys, count in ((ORIGIN_KEYS, dimensions), (DIRECTION_KEYS, dimensions**2)):
        said = [(key, numbers(fields[key], count, f"{key} in {path.name}")) for key in keys if key in fields]
        for key, values in said[1:]:
            if not np.allclose(values, said[0][1], atol=1e-6):
                first = said[0][0]
                statement = f"{first} = {shortened(fields[first])}, and {key} = {shortened(fields[key])}"
                warnings.warn(InputWarning(f"{path.name} says {statement}. {first} was taken."), stacklevel=4)


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
    unit = fields.get("DistanceUnits", "").strip()
    factor = 1.0 if unit in _NOT_SAID else mm_per_unit(unit)
    if factor is None:
        raise InputError(f"DistanceUnits of {KNOWN_UNITS} in {path.name}", f"'{shortened(unit)}'", "Correct the header.")
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
    read_grid=read_metaimage_grid,
    read_label_values=read_metaimage_layers,
)
