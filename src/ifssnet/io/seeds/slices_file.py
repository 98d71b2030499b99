"""`slices.json`, which goes with a folder of masks: where the slices lie, and which files are which muscle."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid, Matrix3
from ifssnet.core.seeds import Seeds
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.volumes.label_names import label_value

SLICES_FILE = "slices.json"

_WHAT = "the description of a folder of slices"
_PLAIN_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9 -]{0,60}$")
_RESERVED = {"slice", "slices", "label", "labels", "mask", "masks", "seg"}

Numbers = tuple[float, float, float]


@dataclass(frozen=True)
class SliceFiles:
    """One muscle's files.

    Attributes:
        name: The muscle's.
        file: What its files' names begin with, before the slice's number.
        color: Red, green and blue, 0 to 255; None where it has none.
        annotated: The slices on which it was looked for; None where the folder holds a complete label map.
    """

    name: str
    file: str
    color: tuple[int, int, int] | None = None
    annotated: tuple[int, ...] | None = None


@dataclass(frozen=True)
class SlicesFile:
    """What the file says.

    Attributes:
        grid: Where the slices lie; they run along its first axis.
        axes: The axes of the stored array that slices, rows and columns run along.
        labels: Label value to the muscle's files.
    """

    grid: Grid
    axes: tuple[int, int, int]
    labels: Mapping[int, SliceFiles]


@dataclass(frozen=True)
class _Grid:
    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: Numbers
    origin_xyz_mm: Numbers
    direction: tuple[Numbers, Numbers, Numbers]


@dataclass(frozen=True)
class _File:
    grid: _Grid
    axes: tuple[int, int, int]
    labels: Mapping[str, SliceFiles]


def read_slices_file(folder: Path) -> SlicesFile | None:
    """What goes with a folder of masks; None where there is no such file.

    Raises:
        InputError: A file that cannot be used.
    """
    path = folder / SLICES_FILE
    if not path.is_file():
        return None
    data = structure(_File, read_json(path, _WHAT), str(path))
    if sorted(data.axes) != [0, 1, 2]:
        raise InputError(f"axes such as [0, 1, 2] in {path}", f"{list(data.axes)}", "Correct it, or export the slices again.")
    labels = {label_value(key, str(path)): entry for key, entry in data.labels.items()}
    files = [entry.file for entry in labels.values()]
    if 0 in labels or len(set(files)) < len(files):
        raise InputError(f"labels above 0 with files of their own in {path}", f"{sorted(labels)}", "Export the slices again.")
    grid = data.grid
    direction: Matrix3 = grid.direction
    return SlicesFile(Grid(grid.shape_zyx, grid.spacing_xyz_mm, grid.origin_xyz_mm, direction), data.axes, labels)


def slices_text(seeds: Seeds, complete: bool) -> str:
    """The file's text for seeds, or for a complete label map given as seeds."""
    grid = seeds.grid
    labels = {
        str(label): {
            "name": seeds.name(label),
            "file": file,
            "color": list(seeds.colors[label]) if label in seeds.colors else None,
            "annotated": None if complete else list(seeds.slices(label)),
        }
        for label, file in file_names(seeds).items()
    }
    data = {
        "grid": {
            "shape_zyx": grid.shape_zyx,
            "spacing_xyz_mm": grid.spacing_xyz_mm,
            "origin_xyz_mm": grid.origin_xyz_mm,
            "direction": grid.direction,
        },
        "axes": seeds.axes,
        "labels": labels,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def file_names(seeds: Seeds) -> dict[int, str]:
    """What each muscle's files begin with: its name, where that makes a file's name on every system, else its number."""
    names = [seeds.name(label).lower() for label in seeds.labels]
    return {label: seeds.name(label) if _is_plain(seeds.name(label), names) else f"label{label}x" for label in seeds.labels}


def _is_plain(name: str, every: Iterable[str]) -> bool:
    alone = [each for each in every if each == name.lower()]
    return bool(_PLAIN_NAME.match(name)) and not name.endswith((" ", "-")) and name.lower() not in _RESERVED and len(alone) == 1
