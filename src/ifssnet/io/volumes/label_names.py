"""Names and colours of labels where a format has no place of its own for them: a header line, or a JSON file beside.

The header line `ifss_labels` and the JSON file `<name>.json` hold the same:
`{"labels": {"1": "SOL"}, "colors": {"1": [126, 87, 194]}}`.
nnU-Net's `{"labels": {"background": 0, "SOL": 1}}` is read as well.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import GL, GM, SOL

HEADER_KEY = "ifss_labels"
LEG_3D_US: Mapping[int, str] = MappingProxyType({100: SOL, 150: GM, 200: GL})
"""Label values of the paper's own data set, whose files hold no names."""

_LARGEST_JSON = 1 << 24
_SUFFIXES = re.compile(r"(\.seg\.nrrd|\.nii\.gz|\.[A-Za-z]+)$")

Names = dict[int, str]
Colors = dict[int, tuple[int, int, int]]


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


def from_text(text: str, where: str) -> tuple[Names, Colors]:
    """Names and colours from JSON.

    Raises:
        InputError: No JSON, or none of the known forms.
    """
    try:
        data: Any = json.loads(text)
        labels = data.get("labels", {})
        names: Names = {}
        for key, value in labels.items():
            number, name = (int(key), str(value)) if isinstance(value, str) else (_whole(value, key, where), str(key))
            if number > 0:
                names[number] = name
        colors = {int(key): _color(value) for key, value in data.get("colors", {}).items() if int(key) > 0}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(
            f'names of labels as {{"labels": {{"1": "SOL"}}}} in {where}', f"something else ({error})", "Correct or remove it."
        ) from error
    return names, colors


def read_sidecar(path: Path) -> tuple[Names, Colors]:
    """Names and colours from the JSON file beside an image; none where there is no such file, or one about other things.

    Raises:
        InputError: A file that cannot be read.
    """
    sidecar = sidecar_of(path)
    if not sidecar.is_file():
        return {}, {}
    try:
        if sidecar.stat().st_size > _LARGEST_JSON:
            raise InputError(f"at most {_LARGEST_JSON:,} bytes in {sidecar.name}", "more", "Move that file away.")
        text = sidecar.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"readable names of labels in {sidecar.name}", f"'{error}'", "Correct or remove the file.") from error
    return from_text(text, sidecar.name)


def nnunet_names(path: Path) -> tuple[Names, Colors]:
    """Names from the `dataset.json` of the nnU-Net folder in whose `labelsTr` a label map lies."""
    dataset = path.parent.parent / "dataset.json"
    if not path.parent.name.startswith("labels") or not dataset.is_file() or dataset.stat().st_size > _LARGEST_JSON:
        return {}, {}
    try:
        return from_text(dataset.read_text(encoding="utf-8"), dataset.name)
    except (OSError, ValueError) as error:
        raise InputError(f"a readable {dataset.name}", f"'{error}'", "Correct or remove the file.") from error


def completed(values: Iterable[int], names: Mapping[int, str]) -> Names:
    """A name for every value in use: as given, else as LEG-3D-US has it, else the number."""
    used = list(values)
    if not names and used and set(used) <= set(LEG_3D_US):
        return {value: LEG_3D_US[value] for value in used}
    return dict(names) | {value: str(value) for value in used if value not in names}


def _whole(value: object, key: str, where: str) -> int:
    if isinstance(value, list):
        # nnU-Net's regions overlap; one value a voxel cannot hold them.
        warnings.warn(InputWarning(f"{where}: '{key}' is a region of several labels and was left out."), stacklevel=3)
        return 0
    if not isinstance(value, int):
        raise TypeError(f"{key}: {value!r}")
    return value


def _color(value: Any) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in value)
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise ValueError(f"colour {value!r}")
    return (red, green, blue)
