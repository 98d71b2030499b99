"""NRRD as a volume: positions of any named space become LPS."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.codecs.nrrd import FIELDS, header_in, read_nrrd, read_nrrd_layout, write_nrrd
from ifssnet.io.codecs.numbers import numbers, shortened
from ifssnet.io.recognition import Kind
from ifssnet.io.volumes.disagreement import Statement, assume_1_mm, settle
from ifssnet.io.volumes.nrrd_extent import axis_extent
from ifssnet.io.volumes.placement import grid_from, grid_from_affine, three_dimensional, three_sizes
from ifssnet.io.volumes.units import KNOWN_UNITS, mm_per_unit
from ifssnet.io.volumes.values_a_voxel import Meaning, values_of
from ifssnet.io.volumes.volume_format import VolumeFormat, VolumeWriter

_AXES = (("left", "right"), ("posterior", "anterior"), ("superior", "inferior"))
"""What the axes of LPS run to, each with its opposite."""

CARRIED = frozenset({"content", "sample units", "old min", "old max", "min", "max", "number"})
"""Fields that neither pixels nor place depend on, carried along."""

_MEANINGS: Mapping[str, Meaning] = {
    **dict.fromkeys(("rgb-color", "rgba-color", "3-color", "4-color"), "colour"),
    **dict.fromkeys(("vector", "2-vector", "3-vector", "4-vector", "covariant-vector", "3-gradient", "3-normal"), "vector"),
    "list": "list",
    "time": "time",
    **dict.fromkeys(("scalar", "complex", "stub", "point", "???", "none"), "unknown"),
}
"""What an axis without a place says its values are."""
_ONE = (1.0, 1.0, 1.0)
_VECTOR = re.compile(r"\(([^()]*)\)|(none)", re.IGNORECASE)


def read_nrrd_volume(path: Path, labels: bool = False) -> Volume:
    """Read a 3-D image from a `.nrrd` or `.nhdr` file.

    Args:
        path: The file.
        labels: Whether its values are labels, from which volumes are measured.

    Returns:
        The volume; its header carries the key/value pairs and the fields that say nothing about pixels or place.

    Raises:
        InputError: No NRRD, or not one of a 3-D image.
    """
    return _volumes(path, labels, apart=False)[0]


def read_nrrd_layers(path: Path) -> tuple[Volume, ...]:
    """Read label values: one volume, or one a layer where the layers of several structures overlap.

    Raises:
        InputError: As `read_nrrd_volume`.
    """
    return _volumes(path, labels=True, apart=True)


def _volumes(path: Path, labels: bool, *, apart: bool) -> tuple[Volume, ...]:
    image = read_nrrd(path)
    array, axes = spatial_axes_first(image.array, image.fields, path)
    parts: tuple[Shaped[np.ndarray, "*size"], ...] = (array,)
    if array.ndim > len(axes):
        parts = values_of(array, _meaning(image.fields, axes), path.name, labels, apart)
    volumes = [three_dimensional(part, path.name) for part in parts]
    shape = volumes[0].shape
    grid = grid_of(image.fields, axes, (shape[0], shape[1], shape[2]), path, labels=labels)
    return tuple(Volume(volume, grid, MappingProxyType(carried(image.fields, image.pairs))) for volume in volumes)


def read_nrrd_grid(path: Path, labels: bool = False) -> Grid:
    """The grid of a 3-D image, its voxels unread; layers of a segmentation share it.

    Raises:
        InputError: As `read_nrrd_volume`, or several values a voxel.
    """
    fields, sizes = read_nrrd_layout(path)
    axes = axes_of_place(fields, len(sizes), path)
    by_axis = sizes[::-1]
    others = [n for i, n in enumerate(by_axis) if i not in axes]
    kept = [by_axis[i] for i in reversed(axes)]
    return grid_of(fields, axes, three_sizes(kept if labels else [*others, *kept], path.name), path, labels=labels)


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
) -> tuple[Shaped[np.ndarray, "*moved"], list[int]]:
    """The array with its axis of no place, if any, last; and which of the header's axes have a place, in their order."""
    axes = axes_of_place(fields, array.ndim, path)
    others = [i for i in range(array.ndim) if i not in axes]
    if not others:
        return array, axes
    if len(others) > 1:
        raise InputError(f"at most one axis without a place in {path.name}", f"{len(others)}", "Save one volume by itself.")
    moved = np.moveaxis(array, array.ndim - 1 - others[0], -1)
    return np.ascontiguousarray(moved) if others[0] else moved, axes


def axes_of_place(fields: Mapping[str, str], dimensions: int, path: Path) -> list[int]:
    """Which of the header's axes have a place, in their order.

    Raises:
        InputError: Space directions of another number of axes.
    """
    vectors = directions(fields, path)
    kinds = fields.get("kinds", "").lower().split()
    if vectors is not None:
        return [i for i, vector in enumerate(vectors) if vector is not None]
    if len(kinds) == dimensions > 2:
        return [i for i, kind in enumerate(kinds) if kind not in _MEANINGS.keys() - {"???", "none"}]
    return list(range(dimensions))


def _meaning(fields: Mapping[str, str], axes: list[int]) -> Meaning:
    """What the axis without a place holds; nobody knows where `kinds` does not say."""
    kinds = fields.get("kinds", "").lower().split()
    other = next((kind for i, kind in enumerate(kinds) if i not in axes), "???")
    return _MEANINGS.get(other, "unknown")


def grid_of(
    fields: Mapping[str, str], axes: list[int], shape_zyx: tuple[int, int, int], path: Path, *, labels: bool = False
) -> Grid:
    """The grid of the first three axes that have a place.

    Args:
        fields: The header's lines.
        axes: The axes that have a place.
        shape_zyx: The shape of the array.
        path: The file.
        labels: Whether volumes are measured from it.

    Raises:
        InputError: No grid, a unit that is not known, or a label map whose header says two sizes of a voxel.
    """
    to_lps = _to_lps(fields, path)
    vectors = directions(fields, path)
    space_mm = _mm_per_unit(fields, "space units", path)
    axis_mm = _mm_per_unit(fields, "units", path, axes)
    spacings = _spacings(fields, axes, path, labels=labels)
    if vectors is None:
        spacing, first_mm = _without_vectors(fields, axes, (spacings, axis_mm, space_mm), path, labels=labels)
        return grid_from(shape_zyx, spacing, [float(o) for o in to_lps @ first_mm], to_lps, path.name)
    steps = [vector for vector in vectors if vector is not None][:3]
    factors = np.array(space_mm or axis_mm or _ONE)
    affine = np.eye(4)
    for i, step in enumerate(steps):
        affine[:3, i] = to_lps @ (step * (axis_mm[i] if axis_mm and not space_mm else factors))
    if len(steps) == 2:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            normal = np.cross(affine[:3, 0], affine[:3, 1])
            affine[:3, 2] = normal / np.linalg.norm(normal)
    affine[:3, 3] = to_lps @ (_origin(fields, path) * factors)
    grid = grid_from_affine(shape_zyx, affine, path.name)
    taken = Statement("the space directions", grid.spacing_xyz_mm)
    if spacings is not None:
        settle(taken, Statement("the spacings", _scaled(spacings, axis_mm or space_mm)), path.name, labels)
    elif (extent := axis_extent(fields, axes, path)) is not None:
        ends = Statement("the axis mins and maxs", _scaled(extent.spacing, axis_mm or space_mm))
        settle(taken, ends, path.name, labels)
    elif axis_mm and space_mm:
        lengths = [float(np.linalg.norm(step)) for step in steps] + [1.0] * (3 - len(steps))
        settle(taken, Statement(f"the units {fields['units']}", _scaled(lengths, axis_mm)), path.name, labels)
    return grid


def _without_vectors(
    fields: Mapping[str, str],
    axes: list[int],
    said: tuple[tuple[float, float, float] | None, tuple[float, float, float] | None, tuple[float, float, float] | None],
    path: Path,
    *,
    labels: bool,
) -> tuple[tuple[float, float, float], Float[np.ndarray, " 3"]]:
    """Spacing and first voxel in mm of a header without space directions: by its spacings, else by the ends of its axes."""
    spacings, axis_mm, space_mm = said
    extent = axis_extent(fields, axes, path)
    if spacings is None and extent is None:
        assume_1_mm("spacing", path.name, labels)
    taken = spacings or (extent.spacing if extent else _ONE)
    spacing = _scaled(taken, axis_mm or space_mm)
    if axis_mm and space_mm:
        what = (f"the spacings in {fields['units']}", f"those in {fields['space units']}")
        settle(Statement(what[0], spacing), Statement(what[1], _scaled(taken, space_mm)), path.name, labels)
    if spacings and extent:
        ends = Statement("the axis mins and maxs", _scaled(extent.spacing, axis_mm or space_mm))
        settle(Statement("the spacings", spacing), ends, path.name, labels)
    if extent and "space origin" not in fields:
        return spacing, np.array(extent.first) * (axis_mm or space_mm or _ONE)
    return spacing, _origin(fields, path) * (space_mm or axis_mm or _ONE)


def _origin(fields: Mapping[str, str], path: Path) -> Float[np.ndarray, " 3"]:
    if "space origin" not in fields:
        return np.zeros(3)
    return _vector(fields["space origin"].strip().strip("()"), f"space origin in {path.name}")


def _scaled(lengths: Sequence[float], mm: tuple[float, float, float] | None) -> tuple[float, float, float]:
    x, y, z = (float(f"{length * factor:.15g}") for length, factor in zip(lengths, mm or _ONE, strict=True))
    return (x, y, z)


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


def axes_of_space(name: str) -> Float[np.ndarray, "3 3"] | None:
    """The matrix that takes a position in a space to LPS, whatever the order of its axes; None for a space of no patient.

    >>> axes_of_space("RAS").tolist(), axes_of_space("posterior-left-superior-time").tolist(), axes_of_space("scanner-xyz")
    ([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], None)
    """
    plain = name.strip().lower()
    words = plain.removesuffix("-time").split("-") if "-" in plain else list(plain.removesuffix("t"))
    to_lps = np.zeros((3, 3))
    for column, word in enumerate(words[:3]):
        for row, ends in enumerate(_AXES):
            for sign, end in zip((1.0, -1.0), ends, strict=True):
                if word and end.startswith(word):
                    to_lps[row, column] = sign
    # Each axis once: "left-right-superior" is no space.
    whole = len(words) == 3 and bool((np.abs(to_lps).sum(axis=0) == 1).all() and (np.abs(to_lps).sum(axis=1) == 1).all())
    return to_lps if whole else None


def _to_lps(fields: Mapping[str, str], path: Path) -> Float[np.ndarray, "3 3"]:
    name = fields.get("space", "").strip().lower()
    if (to_lps := axes_of_space(name)) is not None:
        return to_lps
    said = f"the space '{shortened(name)}', which is not tied to a patient" if name else "no space"
    warnings.warn(InputWarning(f"{path.name} says {said}; left-posterior-superior was assumed."), stacklevel=4)
    return np.eye(3)


def _spacings(fields: Mapping[str, str], axes: list[int], path: Path, *, labels: bool) -> tuple[float, float, float] | None:
    """Spacings of the axes that have a place, or the thickness of slices where these are not known; None where none is said."""
    kept, thick = (_words_of(fields, key, axes) for key in ("spacings", "thicknesses"))
    unknown = [i for i, word in enumerate(kept) if word == "nan"]
    if unknown and "space directions" in fields:
        return None
    if len(unknown) == len(kept) and (not set(thick) - {"nan"} or "axis mins" in fields or "axismins" in fields):
        return None
    known = [i for i in unknown if i < len(thick) and thick[i] != "nan"]
    if known:
        named, taken = " and ".join("xyz"[i] for i in known[:3]), " and ".join(thick[i] for i in known[:3])
        said = f"says no spacing along {named}; the thickness there, {shortened(taken)}, was taken"
        warnings.warn(InputWarning(f"{path.name} {said}."), stacklevel=4)
        kept = [thick[i] if i in known else word for i, word in enumerate(kept)]
    if left := [i for i in unknown if i not in known]:
        assume_1_mm(f"spacing along {' and '.join('xyz'[i] for i in left[:3])}", path.name, labels)
        kept = ["1" if i in left else word for i, word in enumerate(kept)]
    x, y, z = [*numbers(" ".join(kept), len(axes), f"spacings in {path.name}"), 1.0][:3]
    return (x, y, z)


def _words_of(fields: Mapping[str, str], key: str, axes: list[int]) -> list[str]:
    """What a field says of the axes that have a place; "nan" for each where it is not there."""
    words = fields.get(key, "").lower().split() or ["nan"] * (max(axes, default=0) + 1)
    return [words[i] for i in axes if i < len(words)]


def space_unit_mm(fields: Mapping[str, str], path: Path) -> tuple[float, float, float] | None:
    """How many mm the unit of each axis of space is; None where nothing is said.

    Raises:
        InputError: A unit that is not known.
    """
    return _mm_per_unit(fields, "space units", path)


def _mm_per_unit(
    fields: Mapping[str, str], key: str, path: Path, axes: list[int] | None = None
) -> tuple[float, float, float] | None:
    """Length of the unit along three axes; None where nothing is said. Units of axes without a place are not looked at."""
    text = fields.get(key, "")
    words = re.findall(r'"([^"]*)"', text) or text.split()
    if axes is not None:
        words = [words[i] for i in axes if i < len(words)]
    words = words[:3]
    if not any(word.strip() for word in words):
        return None
    found = [mm_per_unit(word) if word.strip() else 1.0 for word in words]
    known = [mm for mm in found if mm is not None]
    some_blank = not all(word.strip() for word in words) and any(mm != 1 for mm in known)
    if len(known) < len(found) or some_blank:
        remedy = "Correct the unit in the header, or export it again."
        raise InputError(f"{key} of {KNOWN_UNITS} in {path.name}", f"'{shortened(text)}'", remedy)
    x, y, z = [*known, *known[-1:] * 2][:3]
    return (x, y, z)


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
    read_grid=read_nrrd_grid,
    read_label_values=read_nrrd_layers,
)
