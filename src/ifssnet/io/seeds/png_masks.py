"""Seeds as a folder of PNG masks, one slice a file.

    SOL_0123.png      what is not black is the soleus on slice 123; all black says that it is absent there
    slice_0123.png    label values on slice 123 (also labels_0123.png, mask_0123.png or 0123.png)
    labels.json       optional, names of label values: {"1": "SOL", "2": "GM"}

The number is the slice's index in the volume, counted from 0; a mask's rows are the volume's y and its columns x.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Integer
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.muscles import TRICEPS_SURAE, field_name
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.existing_file import existing_file
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
    named = _names(folder / NAMES_FILE)
    numbers = {name: value for value, name in named.items()}
    drawn: dict[int, dict[int, np.ndarray]] = {}
    looked_at: set[int] = set()
    for path in sorted(folder.iterdir()):
        if not (match := _FILE.match(path.name)):
            continue
        z = int(match["slice"][-9:])
        if z >= grid.slices:
            raise InputError(
                f"slices from 0 to {grid.slices - 1}", f"{path.name}", "Check that the masks belong to this volume."
            )
        name = match["name"] or ""
        values = _read(path, grid, colour=name.lower() not in _VALUES)
        if name.lower() in _VALUES:
            looked_at.add(z)
            parts = {int(value): values == value for value in np.unique(values) if value != 0}
        else:
            parts = {_number(field_name(name), numbers): values != 0}
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


def _read(path: Path, grid: Grid, *, colour: bool) -> Integer[np.ndarray, "y x"]:
    existing_file(path, "a readable mask")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.size != (grid.shape_zyx[2], grid.shape_zyx[1]):
                    raise InputError(
                        f"a mask of {grid.shape_zyx[2]} x {grid.shape_zyx[1]} pixels, as the volume's slices",
                        f"{image.size[0]} x {image.size[1]} in {path.name}",
                        "Check that the masks belong to this volume.",
                    )
                pixels: np.ndarray = np.asarray(image if image.mode in ("L", "P", "I", "I;16", "1") else image.convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # Pillow's plug-ins raise whatever their parsers meet
        raise InputError("a readable mask", f"{path.name} ({error})", "Save it as PNG again.") from error
    if pixels.ndim == 2:
        return np.asarray(pixels, dtype=np.int32)
    if not colour:
        raise InputError("label values in grey or by palette", f"{path.name} in colour", "Save label values, not colours.")
    return np.asarray(pixels.any(axis=-1), dtype=np.int32)
