"""Names and colours of labels where a format has no place of its own for them: a header line, or a JSON file beside.

The header line `ifss_labels` and the JSON file `<name>.json` hold the same:
`{"labels": {"1": "SOL"}, "colors": {"1": [126, 87, 194]}}`.
nnU-Net's `{"labels": {"background": 0, "SOL": 1}}` is read as well.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import GL, GM, PARTS, SOL, field_name
from ifssnet.io.plain_data import Json, structure
from ifssnet.io.storage.plain_files import parse_json, read_json
from ifssnet.io.volumes.placement import LARGEST_LABEL

HEADER_KEY = "ifss_labels"
LEG_3D_US: Mapping[int, str] = MappingProxyType({100: SOL, 150: GM, 200: GL})
"""Label values of the paper's own data set, whose files hold no names."""

BACKGROUND = "background"

_SUFFIXES = re.compile(r"(\.seg\.nrrd|\.nii\.gz|\.[A-Za-z]+)$")
_STALE = {"labels", "colors", "ifss_annotated_slices"}
"""Keys of a sidecar that are ours, and are written anew with the labels."""

_MUSCLES = frozenset(part.name for part in PARTS)

_ONCE = "Correct it; a region of several labels is a list: [1, 2]."

_NUMBER_KEYS = ("value", "id", "label", "index", "key")
"""What other programs call a label's number in a list of labels."""

_WHAT = 'names of labels such as {"labels": {"1": "SOL"}}'

Rgb = tuple[int, int, int]
LabelTable = Mapping[str, str | int | tuple[int, ...]]
"""Value to name, or nnU-Net's name to value; nnU-Net's regions have several values."""


@dataclass(frozen=True)
class LabelNames:
    """What labels are called and how they are drawn.

    Attributes:
        names: Label value to name.
        colors: Label value to red, green and blue, 0 to 255; may lack any label.
    """

    names: Mapping[int, str] = field(default_factory=dict[int, str])
    colors: Mapping[int, Rgb] = field(default_factory=dict[int, Rgb])


@dataclass(frozen=True)
class _Described:
    """The keys of a file that are about labels."""

    labels: LabelTable = field(default_factory=dict[str, str | int | tuple[int, ...]])
    colors: Mapping[str, Rgb] = field(default_factory=dict[str, Rgb])


def as_text(labels: LabelMap) -> str:
    """Names and colours of a label map as JSON on one line."""
    plain = {
        "labels": {str(value): name for value, name in sorted(labels.names.items())},
        "colors": {str(value): list(color) for value, color in sorted(labels.colors.items())},
    }
    return json.dumps(plain, ensure_ascii=True)


def sidecar_of(path: Path) -> Path:
    """The JSON file that belongs to an image: `leg.nii.gz` has `leg.json`."""
    return path.with_name(_SUFFIXES.sub("", path.name) + ".json")


def from_text(text: str, where: str) -> LabelNames:
    """Names and colours from JSON.

    Raises:
        InputError: No JSON, or none of the known forms.
    """
    return from_data(parse_json(text, _WHAT, where), where)


def from_data(data: Json, where: str) -> LabelNames:
    """Names and colours from the data of a JSON file; its other keys are left alone.

    Raises:
        InputError: Labels or colours of another form.
    """
    described = structure(_Described, data, where, ignore_unknown=True)
    colors = {label_value(key, where): color for key, color in described.colors.items()}
    for value, color in colors.items():
        if not all(0 <= part <= 255 for part in color):
            raise InputError(f"colours from 0 to 255 in {where}", f"{list(color)} for {value}", "Correct or remove it.")
    return LabelNames(names_of(described.labels, where), {value: color for value, color in colors.items() if value > 0})


def names_of(labels: LabelTable, where: str) -> dict[int, str]:
    """Label value to name; the background and, with a warning, regions of several values are left out.

    Raises:
        InputError: An entry that is neither value and name nor name and value.
    """
    names: dict[int, str] = {}
    for key, entry in labels.items():
        if isinstance(entry, tuple) and len(entry) != 1:
            # nnU-Net's regions overlap; one value a voxel cannot hold them.
            warnings.warn(InputWarning(f"{where}: '{key}' is a region of several labels and was left out."), stacklevel=3)
            continue
        value, name = (entry[0], key) if isinstance(entry, tuple) else value_and_name(key, entry, where)
        if value == 0 and field_name(name) in _MUSCLES:
            raise InputError(f"label values above 0 in {where}", f"'{name}' at 0, the background", "Give it another value.")
        # A blank is no name.
        if value > 0 and name.strip() and names.setdefault(value, name) != name:
            raise InputError(
                f"a label value of its own for each name in {where}", f"{names[value]} and {name} at {value}", _ONCE
            )
    return names


def value_and_name(key: str, entry: str | int, where: str) -> tuple[int, str]:
    """One entry of a table of labels: `"1": "SOL"`, or nnU-Net's `"SOL": 1`, whose number may stand in quotation marks.

    Raises:
        InputError: Neither of them is a label value.
    """
    if isinstance(entry, str) and (_is_whole(key) or not _is_whole(entry)):
        return label_value(key, where), entry
    return label_value(str(entry), where), key


def label_value(text: str, where: str) -> int:
    """A label value, 0 to 2^32 - 1, out of its digits.

    Raises:
        InputError: Something else.
    """
    if not _is_whole(text) or int(text) > LARGEST_LABEL:
        raise InputError(f"{_WHAT} in {where}", f"'{text[:40]}' as a label value", "Correct or remove it.")
    return int(text)


def read_sidecar(path: Path) -> LabelNames:
    """Names and colours from the JSON file beside an image; none where there is no such file, or one about other things.

    Raises:
        InputError: A file that cannot be read.
    """
    for sidecar in (own_sidecar_of(path), sidecar_of(path)):
        if sidecar.is_file():
            return names_in_data(read_json(sidecar, _WHAT), sidecar.name)
    return LabelNames()


def has_names_beside(path: Path) -> bool:
    """Whether a JSON file beside an image names its labels; one of another program about other things does not.

    Raises:
        InputError: As `read_sidecar`.
    """
    return bool(read_sidecar(path).names)


def own_sidecar_of(path: Path) -> Path:
    """The JSON file for names where `sidecar_of` is another program's and says something else under `labels`."""
    return path.with_name(_SUFFIXES.sub("", path.name) + ".labels.json")


def sidecar_text(path: Path, labels: LabelMap) -> tuple[Path, str]:
    """Where names and colours of a label map go beside its file, and the text: what other programs wrote there stays.

    Raises:
        InputError: The file that is there cannot be read as JSON, so that nobody knows what would be lost.
    """
    ours = json.loads(as_text(labels))
    sidecar = sidecar_of(path)
    if not sidecar.is_file():
        return sidecar, json.dumps(ours, ensure_ascii=True) + "\n"
    there = read_json(sidecar, "a JSON file to add names of labels to")
    if not isinstance(there, Mapping) or not _names_labels(there.get("labels", {})):
        return own_sidecar_of(path), json.dumps(ours, ensure_ascii=True) + "\n"
    kept = {key: value for key, value in there.items() if key not in _STALE}
    return sidecar, json.dumps({**kept, **ours}, ensure_ascii=True, indent=None if not kept else 2) + "\n"


def names_in_data(data: Json, where: str) -> LabelNames:
    """Names and colours from JSON that any program may have written; none where it is about other things.

    Raises:
        InputError: Labels or colours of a form that no program writes.
    """
    return from_data(of_any_program(data), where)


def of_any_program(data: Json, *, keep_others: bool = False) -> Json:
    """A JSON file's data with its labels as this package writes them; labels that mean something else are left out, or kept.

    Labels may be a list of tables, each with a number and a name, or tables by their number; numbers may stand in quotation
    marks, or be written as 1.0.
    """
    if not isinstance(data, Mapping):
        return data
    labels = _as_table(data.get("labels"))
    if not isinstance(labels, Mapping) or not (keep_others or _names_labels(labels)):
        if keep_others and labels is not None:
            return data
        return {key: value for key, value in data.items() if key not in ("labels", "colors")}
    names = {
        key.strip(): _plain(entry.get("name", key) if isinstance(entry, Mapping) else entry) for key, entry in labels.items()
    }
    colors = {key: color for key, entry in labels.items() if isinstance(entry, Mapping) and (color := _rgb(entry.get("color")))}
    own_colors = data.get("colors")
    if colors:
        return {**data, "labels": names, "colors": {**colors, **own_colors} if isinstance(own_colors, Mapping) else colors}
    return {**data, "labels": names}


def _names_labels(labels: Json) -> bool:
    """Whether a table has a number beside any name, as one of labels has; that of another program may say anything."""
    if not isinstance(labels, Mapping):
        return False
    return not labels or any(key.strip().isdigit() or _is_number(entry) for key, entry in labels.items())


def _is_number(entry: Json) -> bool:
    """Whether an entry is, or may hold, a label's value."""
    return entry.strip().isdigit() if isinstance(entry, str) else isinstance(entry, int | float | Sequence | Mapping)


def _plain(entry: Json) -> Json:
    """A label's number or name without what other programs put around it; all else as it is."""
    if isinstance(entry, Sequence) and not isinstance(entry, str):
        return [int(each) if isinstance(each, str) and _is_whole(each.strip()) else _plain(each) for each in entry]
    if isinstance(entry, float) and entry.is_integer():
        return int(entry)
    return entry.strip() if isinstance(entry, str) else entry


def _rgb(color: Json) -> list[Json] | None:
    """A colour of 0 to 255, its opacity left out; None for other ways to write one, as a colour is no measure."""
    if not isinstance(color, Sequence) or isinstance(color, str) or len(color) not in (3, 4):
        return None
    levels = list(color[:3])
    return levels if all(isinstance(level, int) and 0 <= level <= 255 for level in levels) else None


def _as_table(labels: Json) -> Json:
    """A list of tables with a number and a name each, or of names from the background on, as one table; all else as it is."""
    if not isinstance(labels, Sequence) or isinstance(labels, str) or not labels:
        return labels
    if all(isinstance(entry, str) for entry in labels) and str(labels[0]).lower() in (BACKGROUND, "clear label"):
        return {str(value): entry for value, entry in enumerate(labels) if value > 0}
    table: dict[str, Json] = {}
    for entry in labels:
        value = next((entry[key] for key in _NUMBER_KEYS if key in entry), None) if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(value, int | str) or not isinstance(entry.get("name"), str):
            return labels
        table[str(value)] = entry
    return table


def without_background(names: Mapping[int, str]) -> tuple[dict[int, str], frozenset[int]]:
    """Names of structures, and the values that are named as the background."""
    background = frozenset(value for value, name in names.items() if name.strip().lower() == BACKGROUND)
    return {value: name for value, name in names.items() if value not in background}, background


def nnunet_names(path: Path) -> LabelNames:
    """Names from nnU-Net's `dataset.json`: that of the folder in whose `labelsTr` a label map lies, or beside predictions.

    Raises:
        InputError: A file that cannot be read.
    """
    beside = path.parent / "dataset.json"
    dataset = path.parent.parent / "dataset.json" if path.parent.name.startswith("labels") else beside
    if not dataset.is_file():
        return LabelNames()
    return from_data(of_any_program(read_json(dataset, _WHAT), keep_others=True), dataset.name)


def completed(values: Iterable[int], names: Mapping[int, str]) -> dict[int, str]:
    """A name for every value in use: as given, else as LEG-3D-US has it, else the number."""
    used = list(values)
    if not names and used and set(used) <= set(LEG_3D_US):
        return {value: LEG_3D_US[value] for value in used}
    return dict(names) | {value: str(value) for value in used if value not in names}


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 11
