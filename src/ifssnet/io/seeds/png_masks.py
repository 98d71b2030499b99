"""Seeds as a folder of PNG masks, one slice a file.

    SOL_0123.png      what is not black is the soleus on slice 123; all black says that it is absent there
    slice_0123.png    label values on slice 123 (also labels_0123.png, mask_0123.png or 0123.png)
    labels.json       optional, names of label values: {"1": "SOL", "2": "GM"}
    slices.json       optional, what `ifss slices export` writes: the grid, and each label's name and files

The number is the slice's index in the volume, counted from 0; a mask's rows are the volume's y and its columns x.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.muscles import TRICEPS_SURAE, field_names
from ifssnet.io.plain_data import structure
from ifssnet.io.seeds.mask_pictures import read_mask, read_values
from ifssnet.io.seeds.slices_file import read_slices_file
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.volumes.label_names import label_value

NAMES_FILE = "labels.json"
_FILE = re.compile(r"^(?:(?P<name>.*?)[_ -]?)?(?P<slice>\d+)\.png$", re.IGNORECASE)
_VALUES = {"", "slice", "slices", "label", "labels", "mask", "masks", "seg"}
_LARGEST_JSON = 1 << 20
_NAMES = 'names such as {"1": "SOL"}'


@dataclass(frozen=True, eq=False)
class PngMasks:
    """What the files of a folder say.

    Attributes:
        drawn: Label value to slice to mask; black masks of one muscle included.
        looked_at: Slices that a file of label values exists for.
        names: Label value to name.
    """

    drawn: Mapping[int, Mapping[int, Bool[np.ndarray, "y x"]]]
    looked_at: frozenset[int]
    names: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True)
class _NamesFile:
    """The names of label values, by the digits of the value."""

    labels: Mapping[str, str]


def read_png_masks(folder: Path, grid: Grid) -> PngMasks:
    """Read a folder of masks for a volume.

    Args:
        folder: With files named as this module's head tells; other files are left alone.
        grid: The volume's.

    Raises:
        InputError: No such file, a slice that the volume has not, or a mask of another size.
    """
    described = read_slices_file(folder)
    of_files = {} if described is None else {entry.file: value for value, entry in described.labels.items()}
    named = _names(folder / NAMES_FILE)
    if described is not None:
        named = {value: entry.name for value, entry in described.labels.items()} | named
    shape_yx = grid.shape_zyx[1:]
    numbers = {name: value for value, name in named.items()}
    files = {path: match for path in sorted(folder.iterdir()) if (match := _FILE.match(path.name))}
    called = field_names(dict.fromkeys(match["name"] or "" for match in files.values()))
    drawn: dict[int, dict[int, np.ndarray]] = {}
    looked_at: set[int] = set()
    for path, match in files.items():
        z = int(match["slice"][-9:])
        if z >= grid.slices:
            raise InputError(
                f"slices from 0 to {grid.slices - 1}", f"{path.name}", "Check that the masks belong to this volume."
            )
        name = match["name"] or ""
        if name.lower() in _VALUES and name not in of_files:
            values = read_values(path, shape_yx)
            looked_at.add(z)
            parts = {int(value): values == value for value in np.unique(values) if value != 0}
        else:
            label = of_files.get(name) or _number(called[name], numbers)
            parts = {label: read_mask(path, shape_yx)}
        for label, mask in parts.items():
            before = drawn.setdefault(label, {}).get(z)
            drawn[label][z] = mask if before is None else before | mask
    if not drawn:
        raise InputError(
            "masks named like SOL_0123.png or slice_0123.png", f"none that shows anything in {folder}", "Rename the files."
        )
    names = {label: name for name, label in numbers.items()} | named
    return PngMasks(drawn, frozenset(looked_at), {label: names.get(label, str(label)) for label in drawn})


def _number(name: str, numbers: dict[str, int]) -> int:
    """A muscle's label: as named, else SOL 1, GM 2 and GL 3 where these are free, else the next free number."""
    if name not in numbers:
        taken = set(numbers.values())
        usual = TRICEPS_SURAE.index(name) + 1 if name in TRICEPS_SURAE else len(TRICEPS_SURAE) + 1
        numbers[name] = usual if usual not in taken else max(len(TRICEPS_SURAE), *taken) + 1
    return numbers[name]


def _names(path: Path) -> dict[int, str]:
    if not path.is_file():
        return {}
    named = structure(_NamesFile, {"labels": read_json(path, _NAMES, _LARGEST_JSON)}, path.name)
    names = {label_value(key, path.name): name for key, name in named.labels.items()}
    if 0 in names:
        raise InputError(f"label values above 0 in {path.name}", "a name for 0", "Leave the background unnamed.")
    return names
