"""Seeds as a folder of PNG masks, one slice a file.

    SOL_0123.png      what is not black is the soleus on slice 123; all black says that it is absent there
    slice_0123.png    label values on slice 123 (also labels_0123.png, mask_0123.png or 0123.png)
    labels.json       optional, names of label values: {"1": "SOL", "2": "GM"}, or nnU-Net's {"SOL": 1, "GM": 2}
    slices.json       optional, what `ifss slices export` writes: the grid, and each label's name and files

The number is the slice's index in the volume, counted from 0; a mask's rows are the volume's y and its columns x. Where
there is a file for each slice and their numbers run from 1 to the number of slices, they count from 1. The number may
come first, and words such as "slice" and "mask" may stand beside it (`0123_SOL.png`, `z123.SOL.png`, `SOL_slice_0123.png`).
TIFF, BMP and JPEG files are read as PNG is. Other pictures of the folder are named, and copies are refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.muscles import TRICEPS_SURAE, field_names
from ifssnet.io.seeds.mask_pictures import read_mask, read_values
from ifssnet.io.seeds.slices_file import read_slices_file
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.volumes.label_names import from_data

NAMES_FILE = "labels.json"
_ENDINGS = r"\.(?:png|tiff?|bmp|jpe?g)$"
_FILES = (
    re.compile(r"^(?:(?P<name>.*?)[_ .-]?)?\(?(?P<slice>\d+)\)?" + _ENDINGS, re.IGNORECASE),
    re.compile(r"^(?:z|sl|slice)?[_ -]?(?P<slice>\d+)[_ .-]+(?P<name>.*?)" + _ENDINGS, re.IGNORECASE),
)
_COPY = re.compile(r"\d[_ -]*\(\d+\)$")
_PICTURES = {".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".gif", ".webp"}
_VALUES = {"", "slice", "slices", "label", "labels", "mask", "masks", "seg", "segmentation"}
_BESIDE_NUMBER = re.compile(r"(?<=[0-9A-Za-z])[_ -]+(?:slice|mask|label|seg|segmentation|z)$", re.IGNORECASE)
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
    every = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    files = {path: match for path in every if (match := _match(path.name))}
    _look_for_others(folder, every, files)
    names_of_files = {path: _name(match["name"] or "", of_files) for path, match in files.items()}
    called = field_names(dict.fromkeys(names_of_files.values()))
    drawn: dict[int, dict[int, np.ndarray]] = {}
    looked_at: set[int] = set()
    numbered = {path: int(match["slice"][-9:]) for path, match in files.items()}
    first = _first_number(numbered, grid, folder)
    for path, number in numbered.items():
        z, name = number - first, names_of_files[path]
        if name.lower() in _VALUES and name not in of_files:
            values = read_values(path, shape_yx)
            looked_at.add(z)
            parts = {int(value): values == value for value in np.unique(values) if value != 0}
        else:
            label = of_files.get(name) or _number(called[name], numbers)
            parts = {label: read_mask(path, shape_yx)}
        for label, mask in parts.items():
            before = drawn.setdefault(label, {}).get(z)
            if before is not None and (before != mask).any():
                raise InputError(f"one mask of each muscle on slice {z}", f"{path.name} beside another one", "Leave one out.")
            drawn[label][z] = mask
    if not drawn:
        raise InputError(
            "masks named like SOL_0123.png or slice_0123.png", f"none that shows anything in {folder}", "Rename the files."
        )
    names = {label: name for name, label in numbers.items()} | named
    return PngMasks(drawn, frozenset(looked_at), {label: names.get(label, str(label)) for label in drawn})


def _look_for_others(folder: Path, every: list[Path], files: Mapping[Path, re.Match[str]]) -> None:
    """Say which pictures are left alone, as their names hold no slice.

    Raises:
        InputError: A copy, whose last number is none of a slice.
    """
    if copy := next((path.name for path in files if _COPY.search(path.stem)), None):
        raise InputError(
            f"one number a file in {folder}, its slice",
            f"{copy}, which looks like a copy of another file",
            "Rename it or leave it out.",
        )
    left = [path.name for path in every if path.suffix.lower() in _PICTURES and path not in files]
    if files and left:
        shown = ", ".join(left[:4]) + (" ..." if len(left) > 4 else "")
        what = f"{folder.name}: {len(left)} pictures whose names hold no slice, or of another type, were left out: {shown}."
        warnings.warn(InputWarning(what), stacklevel=4)


def _match(name: str) -> re.Match[str] | None:
    return next((match for each in _FILES if (match := each.match(name))), None)


def _name(written: str, of_files: Mapping[str, int]) -> str:
    """What a file calls its muscle, without the words that go with its number."""
    return written if written in of_files else _BESIDE_NUMBER.sub("", written)


def _first_number(numbered: Mapping[Path, int], grid: Grid, folder: Path) -> int:
    """0, or 1 where the numbers run from 1 to the number of slices.

    Raises:
        InputError: A number that no slice has.
    """
    numbers = set(numbered.values())
    if numbers == set(range(1, grid.slices + 1)):
        warnings.warn(
            InputWarning(f"{folder.name}: the files are numbered from 1 to {grid.slices}; file 1 was taken as slice 0."),
            stacklevel=3,
        )
        return 1
    if (largest := max(numbers, default=0)) >= grid.slices:
        file = next(path.name for path, number in numbered.items() if number == largest)
        raise InputError(
            f"slices from 0 to {grid.slices - 1}",
            file,
            "Check that the masks belong to this volume, and rename them where they count slices from 1.",
        )
    return 0


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
    data = read_json(path, _NAMES, _LARGEST_JSON)
    whole = isinstance(data, Mapping) and isinstance(data.get("labels"), Mapping)
    named = from_data(data if whole else {"labels": data}, path.name).names
    if not whole and isinstance(data, Mapping) and "0" in data:
        raise InputError(f"label values above 0 in {path.name}", "a name for 0", "Leave the background unnamed.")
    return dict(named)
