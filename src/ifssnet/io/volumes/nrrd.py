"""NRRD as a volume: positions of any named space become LPS."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.codecs.nrrd import FIELDS, header_in, read_nrrd, write_nrrd
from ifssnet.io.codecs.numbers import numbers, shortened
from ifssnet.io.recognition import Kind
from ifssnet.io.volumes.placement import grid_from, grid_from_affine, three_dimensional
from ifssnet.io.volumes.volume_format import VolumeFormat, VolumeWriter

SPACES = {
    **dict.fromkeys(("left-posterior-superior", "lps", "left-posterior-superior-time", "lpst"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("right-anterior-superior", "ras", "right-anterior-superior-time", "rast"), (-1.0, -1.0, 1.0)),
    **dict.fromkeys(("left-anterior-superior", "las", "left-anterior-superior-time", "last"), (1.0, -1.0, 1.0)),
}
"""Names of spaces, with the signs that take their axes to LPS."""

CARRIED = frozenset({"content", "sample units", "old min", "old max", "min", "max", "number"})
"""Fields that neither pixels nor place depend on, carried along."""

_MM = {"": 1.0, "mm": 1.0, "millimeter": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3, "cm": 10.0, "m": 1e3}
_COLOURS = {"rgb-color", "rgba-color", "3-color", "4-color", "vector", "3-vector", "4-vector", "list", "scalar", "???", "none"}
_VECTOR = re.compile(r"\(([^()]*)\)|(none)", re.IGNORECASE)


def read_nrrd_volume(path: Path) -> Volume:
    """Read a 3-D image from a `.nrrd` or `.nhdr` file.

    Returns:
        The volume; its header carries the key/value pairs and the fields that say nothing about pixels or place.

    Raises:
        InputError: No NRRD, or not one of a 3-D image.
    """
    image = read_nrrd(path)
    array, axes = spatial_axes_first(image.array, image.fields, path)
    channels_last = array.ndim > len(axes)
    volume = three_dimensional(array, channels_last, path.name)
    grid = grid_of(image.fields, axes, (volume.shape[0], volume.shape[1], volume.shape[2]), path)
    return Volume(volume, grid, MappingProxyType(carried(image.fields, image.pairs)))


def write_nrrd_volume(volume: Volume, path: Path, compress: bool, data: tuple[Path, str] | None = None) -> None:
    """Write a volume as NRRD; the caller moves the files into place.

    Args:
        volume: Its header's lines are written too.
        path: File of the header.
        compress: With gzip.
        data: File of the pixels and what the header calls it; None puts them into the file of the header.

    Raises:
        InputError: Pixels of a type that the format has no name for.
    """
    data_path, data_name = data or (None, None)
    header = {**place(volume.grid), **writable(volume.header)}
    write_nrrd(path, header, volume.array, compress, data_path=data_path, data_name=data_name)


def place(grid: Grid, layers: bool = False) -> dict[str, str]:
    """The fields about the place of the voxels; `layers` puts an axis without a place before them."""
    steps = (np.asarray(grid.direction) * np.asarray(grid.spacing_xyz_mm)).T
    vectors = [f"({','.join(repr(float(value)) for value in step)})" for step in steps]
    return {
        "space": "left-posterior-superior",
        "kinds": " ".join((["list"] if layers else []) + ["domain"] * 3),
        "space directions": " ".join((["none"] if layers else []) + vectors),
        "space origin": f"({','.join(repr(float(value)) for value in grid.origin_xyz_mm)})",
    }


def carried(fields: Mapping[str, str], pairs: Mapping[str, str]) -> dict[str, str]:
    """What a volume takes along from an NRRD header."""
    return dict(pairs) | {key: value for key, value in fields.items() if key in CARRIED or key not in FIELDS}


def writable(header: Mapping[str, str]) -> dict[str, str]:
    """A header's lines under names that cannot be taken for fields about pixels or place."""
    return {f"header {key}" if key in FIELDS and key not in CARRIED else key: value for key, value in header.items()}


def spatial_axes_first(
    array: Shaped[np.ndarray, "*size"], fields: Mapping[str, str], path: Path
) -> tuple[Shaped[np.ndarray, "*size"], list[int]]:
    """The array with its axis of no place, if any, last; and which of the header's axes have a place, in their order."""
    vectors = directions(fields, path)
    kinds = fields.get("kinds", "").lower().split()
    if vectors is not None:
        axes = [i for i, vector in enumerate(vectors) if vector is not None]
    elif len(kinds) == array.ndim > 2:
        axes = [i for i, kind in enumerate(kinds) if kind not in _COLOURS - {"???", "none"}]
    else:
        axes = list(range(array.ndim))
    others = [i for i in range(array.ndim) if i not in axes]
    if not others:
        return array, axes
    if len(others) > 1:
        raise InputError(f"at most one axis without a place in {path.name}", f"{len(others)}", "Save one volume by itself.")
    moved = np.moveaxis(array, array.ndim - 1 - others[0], -1)
    return np.ascontiguousarray(moved) if others[0] else moved, axes


def grid_of(fields: Mapping[str, str], axes: list[int], shape_zyx: tuple[int, int, int], path: Path) -> Grid:
    """The grid of the first three axes that have a place."""
    signs = np.array(_signs(fields, path))
    vectors = directions(fields, path)
    factor = _mm_per_unit(fields, path)
    origin = np.zeros(3)
    if "space origin" in fields:
        origin = _vector(fields["space origin"].strip().strip("()"), f"space origin in {path.name}")
    if vectors is None:
        spacing = _spacings(fields, axes, path)
        return grid_from(shape_zyx, spacing, [float(o) for o in signs * origin * factor], np.diag(signs), path.name)
    steps = [vector for vector in vectors if vector is not None][:3]
    affine = np.eye(4)
    for i, step in enumerate(steps):
        affine[:3, i] = signs * step * factor
    if len(steps) == 2:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            normal = np.cross(affine[:3, 0], affine[:3, 1])
            affine[:3, 2] = normal / np.linalg.norm(normal)
    affine[:3, 3] = signs * origin * factor
    return grid_from_affine(shape_zyx, affine, path.name)


def directions(fields: Mapping[str, str], path: Path) -> list[Float[np.ndarray, " 3"] | None] | None:
    """The step along each of the header's axes, None for one without a place; None altogether when nothing is said."""
    text = fields.get("space directions")
    if text is None:
        return None
    found: list[Float[np.ndarray, " 3"] | None] = []
    for match in _VECTOR.finditer(text):
        vector = None if match[2] or "nan" in match[1].lower() else _vector(match[1], f"space directions in {path.name}")
        found.append(vector)
    count = len(fields["sizes"].split())
    if len(found) != count or sum(vector is not None for vector in found) < min(count, 2):
        raise InputError(
            f"space directions of {count} axes, at least two of them with a place, in {path.name}",
            f"'{shortened(text)}'",
            "Correct the header, or export the file again.",
        )
    return found


def _vector(text: str, where: str) -> Float[np.ndarray, " 3"]:
    words = text.replace(",", " ").split()
    values = numbers(" ".join(words), 2 if len(words) == 2 else 3, where)
    return np.array([*values, 0.0][:3])


def _signs(fields: Mapping[str, str], path: Path) -> tuple[float, float, float]:
    name = fields.get("space", "").strip().lower()
    if name in SPACES:
        return SPACES[name]
    said = f"the space '{shortened(name)}', which is not tied to a patient" if name else "no space"
    warnings.warn(InputWarning(f"{path.name} says {said}; left-posterior-superior was assumed."), stacklevel=4)
    return (1.0, 1.0, 1.0)


def _spacings(fields: Mapping[str, str], axes: list[int], path: Path) -> list[float]:
    if "spacings" not in fields:
        warnings.warn(InputWarning(f"{path.name} says no spacing; 1 mm was assumed."), stacklevel=4)
        return [1.0, 1.0, 1.0]
    words = fields["spacings"].split()
    kept = [words[i] for i in axes if i < len(words)]
    return [*numbers(" ".join(kept), len(axes), f"spacings in {path.name}"), 1.0][:3]


def _mm_per_unit(fields: Mapping[str, str], path: Path) -> float:
    words = re.findall(r'"([^"]*)"', fields.get("space units", ""))
    factors = {_MM.get(word.strip().lower(), math.nan) for word in words[:3]} or {1.0}
    factor = factors.pop()
    if factors or math.isnan(factor):
        raise InputError(
            f"space units of um, mm, cm or m, the same along each axis, in {path.name}",
            f"'{shortened(fields['space units'])}'",
            "Correct the header.",
        )
    return factor


NRRD = VolumeFormat(
    Kind(
        "nrrd",
        "an NRRD volume or label map (.nrrd, .nhdr)",
        recognises=lambda start: bool(header_in(start.content)),
        suffixes=(".nrrd", ".nhdr"),
    ),
    read_nrrd_volume,
    writers=(
        VolumeWriter(".nrrd", write_nrrd_volume),
        VolumeWriter(".nhdr", write_nrrd_volume, data_suffixes=(".raw", ".raw.gz")),
    ),
)
