"""nnU-Net v2 folders: `dataset.json`, `imagesTr/CASE_0000.nii.gz` (one file a channel), `labelsTr/CASE.nii.gz`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.masks.values import values_in_use
from ifssnet.io.plain_data import structure
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.atomic import atomic_folder
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.nifti import write_nifti_volume
from ifssnet.io.volumes.volume_format import CaseFolder

DESCRIPTION = "dataset.json"
_ENDING = re.compile(r"^(\.[A-Za-z0-9]+){1,2}$")
_CASE_NAME = re.compile(r"^[^/\\\0]{1,200}$")


@dataclass(frozen=True)
class NnunetCase:
    """One case: a file a channel, and the labels where there are any.

    Attributes:
        name: What the case is called.
        split: "train" (imagesTr) or "test" (imagesTs).
        images: One file a channel, in their order.
        labels: Its label map, None where there is none.
    """

    name: str
    split: str
    images: tuple[Path, ...]
    labels: Path | None


@dataclass(frozen=True)
class NnunetDataset:
    """What an nnU-Net folder holds.

    Attributes:
        folder: Where it is.
        cases: Those of imagesTr, then those of imagesTs.
        names: Label value to name.
        channels: Names of the channels.
    """

    folder: Path
    cases: tuple[NnunetCase, ...]
    names: Mapping[int, str]
    channels: tuple[str, ...]

    def only_case(self) -> NnunetCase:
        """The case of a folder that has one.

        Raises:
            InputError: It has several.
        """
        if len(self.cases) == 1:
            return self.cases[0]
        raise InputError(
            f"one case in {self.folder}",
            f"{len(self.cases)} cases ({', '.join(case.name for case in self.cases[:5])} ...)",
            "Give one file of imagesTr or labelsTr, or run the whole folder as a cohort.",
        )


@dataclass(frozen=True)
class NnunetDescription:
    """What a `dataset.json` says, of version 2 or 1; other keys are left alone.

    Attributes:
        name: What the data set is called.
        labels: Name to value (version 2) or value to name (version 1); a region of version 2 has several values.
        channel_names: Number of a channel to its name (version 2).
        modality: The same (version 1).
        file_ending: The suffix of every image.
        licence: The terms under which the data may be used.
        reference: What to cite.
    """

    name: Any = ""
    labels: label_names.LabelTable = field(default_factory=dict[str, str | int | tuple[int, ...]])
    channel_names: Mapping[str, str] = field(default_factory=dict[str, str])
    modality: Mapping[str, str] = field(default_factory=dict[str, str])
    file_ending: str = ".nii.gz"
    licence: Any = ""
    reference: Any = ""


def read_description(path: Path) -> NnunetDescription:
    """Read a `dataset.json`.

    Raises:
        InputError: It cannot be read, or a key that is used has a value of another type.
    """
    data = label_names.of_any_program(read_json(path, "the dataset.json of an nnU-Net folder"), keep_others=True)
    described = structure(NnunetDescription, data, str(path), ignore_unknown=True)
    if not _ENDING.match(described.file_ending):
        raise InputError(f"a file_ending such as .nii.gz in {path}", f"'{described.file_ending[:40]}'", "Correct dataset.json.")
    return described


def read_nnunet(folder: Path) -> NnunetDataset:
    """Look over an nnU-Net v2 folder; images stay unread.

    Raises:
        InputError: No usable `dataset.json`, or no case.
    """
    path = folder / DESCRIPTION
    described = read_description(path)
    names, _ = label_names.without_background(label_names.names_of(described.labels, str(path)))
    channels = described.channel_names or described.modality or {"0": "image"}
    if wrong := [key for key in channels if not (key.isascii() and key.isdigit() and len(key) < 10)]:
        raise InputError(f'channels such as {{"0": "ultrasound"}} in {path}', f"'{wrong[0][:40]}'", "Correct dataset.json.")
    ending = described.file_ending
    try:
        cases = (*_cases(folder, "Tr", ending), *_cases(folder, "Ts", ending))
    except OSError as error:
        raise InputError(f"a folder {folder} that can be read", f"'{error}'", "Check its permissions.") from error
    if not cases:
        raise InputError(
            f"images such as imagesTr/CASE_0000{ending} in {folder}", "none", "Check file_ending in dataset.json and the names."
        )
    return NnunetDataset(folder, cases, MappingProxyType(names), tuple(channels[key] for key in sorted(channels, key=int)))


def write_nnunet(
    folder: Path, cases: Iterable[tuple[str, Volume, LabelMap]], force: bool = False, channel: str = "ultrasound"
) -> NnunetDataset:
    """Write a training set as an nnU-Net v2 folder.

    Label values become 1, 2 ... in the order of first appearance of their names over the cases, as nnU-Net wants them.

    Args:
        folder: Where to, usually `DatasetNNN_Name`; it comes into place when it is whole.
        cases: Name, volume and labels of each; read one at a time.
        force: Replace a folder that is there.
        channel: Name of the image channel; nnU-Net normalises by z-score unless it is "CT".

    Raises:
        InputError: No case, names that repeat or cannot be file names, labels on another grid than the volume, or a place
            that cannot be written.
    """
    values: dict[str, int] = {}
    written: list[str] = []
    with atomic_folder(folder, force) as partial:
        (partial / "imagesTr").mkdir()
        (partial / "labelsTr").mkdir()
        for name, volume, labels in cases:
            _check_case(name, volume, labels, written)
            for value in sorted({*labels.names, *values_in_use(labels.array)}):
                values.setdefault(labels.names.get(value, str(value)), len(values) + 1)
            write_nifti_volume(volume, partial / "imagesTr" / f"{name}_0000.nii.gz", True)
            write_nifti_volume(_renumbered(labels, values), partial / "labelsTr" / f"{name}.nii.gz", True)
            written.append(name)
        if not written:
            raise InputError("one or more cases", "none", "Choose cases that have labels.")
        description = {
            "channel_names": {"0": channel},
            "labels": {"background": 0, **values},
            "numTraining": len(written),
            "file_ending": ".nii.gz",
        }
        text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        (partial / DESCRIPTION).write_text(text, encoding="utf-8", newline="\n")
    return read_nnunet(folder)


def _cases(folder: Path, which: str, ending: str) -> list[NnunetCase]:
    images = folder / f"images{which}"
    if not images.is_dir():
        return []
    pattern = re.compile(r"^(.+)_(\d{4})" + re.escape(ending) + "$")
    found: dict[str, dict[int, Path]] = {}
    for file in sorted(images.iterdir()):
        if match := pattern.match(file.name):
            found.setdefault(match[1], {})[int(match[2])] = file
    cases: list[NnunetCase] = []
    for name, by_channel in found.items():
        labels = folder / f"labels{which}" / f"{name}{ending}"
        files = tuple(by_channel[i] for i in sorted(by_channel))
        cases.append(NnunetCase(name, "train" if which == "Tr" else "test", files, labels if labels.is_file() else None))
    return cases


def _check_case(name: str, volume: Volume, labels: LabelMap, written: list[str]) -> None:
    if not _CASE_NAME.match(name) or name.startswith(".") or name in written:
        raise InputError("names of cases that differ and can be file names", f"'{name}'", "Rename the case.")
    if not labels.grid.matches(volume.grid):
        raise InputError(
            f"labels of {name} on the grid of its volume", "another grid", "Resample them to the volume first (ifss convert)."
        )


def _renumbered(labels: LabelMap, values: Mapping[str, int]) -> Volume:
    array = np.zeros(labels.array.shape, dtype=np.min_scalar_type(max(values.values(), default=1)))
    for value in values_in_use(labels.array):
        array[labels.array == value] = values[labels.names.get(value, str(value))]
    return replace(Volume(array, labels.grid), header=labels.header)


def _labels_file(folder: Path) -> Path:
    case = read_nnunet(folder).only_case()
    if case.labels is None:
        raise InputError(f"labels of {case.name} in {folder}", "none", "Give a folder with labelsTr.")
    return case.labels


NNUNET = CaseFolder(
    Kind(
        "nnunet",
        "an nnU-Net v2 folder (dataset.json)",
        recognises_folder=lambda listing: DESCRIPTION in listing.names,
    ),
    volume_file=lambda folder: read_nnunet(folder).only_case().images[0],
    labels_file=_labels_file,
)
