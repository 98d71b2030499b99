"""Open a folder of many legs, whoever made it.

Three layouts, told apart by what is in the folder:

- `<split>/<PATIENT>/x<N>.mha` with `masksX<N>.mha` beside it, split train, val (or validation) or test: LEG-3D-US;
- the same with a `cohort.toml` that says what the labels mean: everybody else's cohort;
- nnU-Net's `dataset.json` with `imagesTr`, `labelsTr`, `imagesTs`, `labelsTs`.

A `cohort.toml` reads, every key optional (without labels, LEG-3D-US' values 100, 150 and 200 count)::

    name = "my legs"
    licence = "CC BY 4.0"
    citation = ["..."]
    notes = ["..."]
    acquisition = "r1"

    [labels]
    100 = "SOL"
    150 = "GM"

    [acquisitions]        # of single cases, by name
    P01_x2 = "r2"

    [label_errors]        # by split: what belongs beside every number
    train = "Labels are about 10 % wrong."
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifssnet.core.cohort import SPLITS, TEST, TRAIN, Case, Cohort
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.muscles import field_names
from ifssnet.io.cohorts import leg_3d_us as leg3dus
from ifssnet.io.cohorts.nnunet import DESCRIPTION as NNUNET_DESCRIPTION
from ifssnet.io.cohorts.nnunet import read_description
from ifssnet.io.plain_data import structure
from ifssnet.io.recognition import FolderListing, Kind
from ifssnet.io.storage.plain_files import read_toml
from ifssnet.io.volumes.label_names import LabelTable, label_value, names_of, without_background

DESCRIPTION = "cohort.toml"
_DEPTH, _MOST_ENTRIES = 5, 100_000
_NNUNET_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")


def open_cohort(root: Path) -> Cohort:
    """The cases of a folder. Only names are looked at and descriptions read; no image is opened.

    Args:
        root: The cohort's folder, or one of its splits.

    Warns:
        InputWarning: A person has cases in more than one split.

    Raises:
        InputError: No such folder, no case in it, two cases of one name, or a description that cannot be read.
    """
    try:
        if not root.is_dir():
            raise InputError("the folder of a cohort", f"{root}, which is no folder", "Check the path.")
        nnunet = (root / NNUNET_DESCRIPTION).is_file() and not (root / DESCRIPTION).is_file()
        cohort = _open_nnunet(root) if nnunet else _open_split_folders(root)
    except OSError as error:
        raise InputError(
            f"a folder that can be read at {root}", f"'{error.strerror or error}'", "Check its permissions."
        ) from error
    if cohort.shared_patients:
        warnings.warn(
            InputWarning(
                f"{cohort.root}: {', '.join(cohort.shared_patients)} in more than one split; results on the test split will "
                "look better than they are."
            ),
            stacklevel=2,
        )
    return cohort


def described_labels(root: Path) -> Mapping[int, str]:
    """What label values mean, as the description in a folder says; empty where it has none.

    Raises:
        InputError: A description that cannot be read.
    """
    if (described := _read_description(root / DESCRIPTION)) is not None:
        return described.labels
    path = root / NNUNET_DESCRIPTION
    return _nnunet_labels(path, read_description(path).labels) if path.is_file() else {}


@dataclass(frozen=True)
class _Description:
    """What a `cohort.toml` says."""

    name: str
    labels: Mapping[int, str]
    licence: str = ""
    citation: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    acquisition: str = ""
    acquisitions: Mapping[str, str] = field(default_factory=dict[str, str])
    label_errors: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class _DescriptionFile:
    """A `cohort.toml` as it may be written; further keys are for other readers."""

    name: str | None = None
    labels: Mapping[str, str] | None = None
    licence: str = ""
    citation: str | tuple[str, ...] = ()
    notes: str | tuple[str, ...] = ()
    acquisition: str = ""
    acquisitions: Mapping[str, str] = field(default_factory=dict[str, str])
    label_errors: Mapping[str, str] = field(default_factory=dict[str, str])


_LEG_3D_US = _Description(
    leg3dus.NAME,
    leg3dus.LABEL_NAMES,
    leg3dus.LICENCE,
    leg3dus.CITATION,
    leg3dus.NOTES,
    leg3dus.ACQUISITION,
    label_errors=leg3dus.LABEL_ERRORS,
)


def _open_split_folders(root: Path) -> Cohort:
    described = _read_description(root / DESCRIPTION) or _LEG_3D_US
    pairs: dict[tuple[str, str, int], dict[bool, Path]] = {}
    for path in _files(root):
        place = leg3dus.place_of(path.relative_to(root).parts, leg3dus.split_of_folder(root.resolve().name))
        if place is None:
            continue
        pair = pairs.setdefault((place.split, place.patient, place.number), {})
        if place.is_labels in pair:
            raise InputError(
                f"one file {place.path} below {root}", f"{pair[place.is_labels]} and {path}", "Move one of them elsewhere."
            )
        pair[place.is_labels] = path
    cases: list[Case] = []
    for split, patient, number in sorted(pairs, key=lambda key: (SPLITS.index(key[0]), *key[1:])):
        pair, name = pairs[split, patient, number], f"{patient}_x{number}"
        acquisition = described.acquisitions.get(name, described.acquisition)
        cases.append(Case(name, split, pair.get(False), pair.get(True), acquisition, patient))
    if not cases:
        raise InputError(
            f"cases as <train|val|test>/<PATIENT>/x<N>.mha and masksX<N>.mha, or nnU-Net's dataset.json, in {root}",
            "none of them",
            f"Check the folder. `ifss dataset leg-3d-us {root} --download` fetches LEG-3D-US into it.",
        )
    return Cohort(
        described.name,
        root,
        tuple(cases),
        described.labels,
        described.citation,
        described.licence,
        described.notes,
        described.label_errors,
    )


def _files(root: Path) -> Iterator[Path]:
    """Files below a folder, in the order of their names; links are followed, so depth and number are bounded.

    Raises:
        InputError: More files and folders than any cohort has.
    """
    seen = 0

    def below(folder: Path, depth: int) -> Iterator[Path]:
        nonlocal seen
        for entry in sorted(folder.iterdir()):
            seen += 1
            if seen > _MOST_ENTRIES:
                raise InputError(
                    f"at most {_MOST_ENTRIES:,} files and folders below {root}", "more", "Give the folder of the cohort itself."
                )
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if depth > 1:
                    yield from below(entry, depth - 1)
            elif entry.is_file():
                yield entry

    return below(root, _DEPTH)


def _read_description(path: Path) -> _Description | None:
    """What a `cohort.toml` says, with its types checked; None when there is none."""
    if not path.is_file():
        return None
    described = structure(_DescriptionFile, read_toml(path, "the description of a cohort"), str(path), ignore_unknown=True)
    if unknown := described.label_errors.keys() - set(SPLITS):
        raise InputError(f"{', '.join(SPLITS)} in [label_errors] of {path}", f"'{min(unknown)}'", "Name a split.")
    return _Description(
        name=described.name if described.name is not None else path.resolve().parent.name,
        labels=_labels(path, described.labels) if described.labels is not None else leg3dus.LABEL_NAMES,
        licence=described.licence,
        citation=_several(described.citation),
        notes=_several(described.notes),
        acquisition=described.acquisition,
        acquisitions=described.acquisitions,
        label_errors=described.label_errors,
    )


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _labels(path: Path, table: Mapping[str, str]) -> dict[int, str]:
    labels = {label_value(key, f"[labels] of {path}"): name for key, name in table.items()}
    if 0 in labels:
        raise InputError(f"label values above 0 in [labels] of {path}", "'0'", 'Write for example 100 = "SOL".')
    return labels


def _open_nnunet(root: Path) -> Cohort:
    """nnU-Net's folder: the first channel is the volume; Tr is the training split and Ts the test split."""
    path = root / NNUNET_DESCRIPTION
    described = read_description(path)
    labels = _nnunet_labels(path, described.labels)
    cases: list[Case] = []
    for split, images, masks in ((TRAIN, "imagesTr", "labelsTr"), (TEST, "imagesTs", "labelsTs")):
        volumes = {name.removesuffix("_0000"): file for name, file in _images(root / images).items() if name.endswith("_0000")}
        maps = _images(root / masks)
        cases += [Case(name, split, volumes.get(name), maps.get(name), patient=name) for name in sorted({*volumes, *maps})]
    if not cases:
        raise InputError(f"images in imagesTr or imagesTs of {root}", "none of them", "Check the folder.")
    licence, reference = described.licence, described.reference
    return Cohort(
        str(described.name or root.resolve().name),
        root,
        tuple(cases),
        labels,
        (reference,) if isinstance(reference, str) and reference else (),
        licence if isinstance(licence, str) else "",
    )


def _nnunet_labels(path: Path, table: LabelTable) -> dict[int, str]:
    """Value to the field's name for it, without the background."""
    if regions := [key for key, value in table.items() if isinstance(value, tuple) and len(value) != 1]:
        raise InputError(
            f"one whole number a label in {path}", f"the region {regions[0]!r}", "Regions are not read: give plain labels."
        )
    named, _ = without_background(names_of(table, str(path)))
    called = field_names(named.values())
    return {value: called[name] for value, name in named.items()}


def _images(folder: Path) -> dict[str, Path]:
    """Image files of one folder by name without suffix."""
    if not folder.is_dir():
        return {}
    return {
        file.name.removesuffix(suffix): file
        for file in sorted(folder.iterdir())
        for suffix in _NNUNET_SUFFIXES
        if file.name.endswith(suffix) and not file.name.startswith(".")
    }


def _is_cohort(listing: FolderListing) -> bool:
    return DESCRIPTION in listing.names or any((listing.path / split).is_dir() for split in (*SPLITS, "validation"))


COHORT = Kind("cohort", "a cohort of legs: folders train, val and test, as LEG-3D-US has them", recognises_folder=_is_cohort)
