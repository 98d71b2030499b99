"""Results as JSON and CSV, and targets looked at before the work instead of after it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json, finite
from ifssnet.io.save import SUFFIXES, files_of
from ifssnet.io.storage.atomic import atomic_path

DICOM_SUFFIX = ".dcm"

FILE_ENDINGS = frozenset(
    [
        *(f".{suffix.rpartition('.')[2]}" for suffix in SUFFIXES),
        *(".json", ".csv", ".html", ".htm", ".png", ".svg", ".pdf", ".txt", ".toml", ".xml", ".zip", ".mrb"),
        *(".stl", ".ply", ".obj", ".sw", ".dcm", ".safetensors"),
    ]
)
"""Endings of files: a folder that is named so was meant to be a file."""


def check_target(target: Path, force: bool, *sources: Path | None) -> None:
    """Refuse, before any work is done, a target that is there already or whose folder is not.

    Args:
        target: What is to be written.
        force: It may be replaced.
        sources: What is read; none of it may be replaced, even then.

    Raises:
        InputError: It exists and `force` is not set, it is one of the sources, or its folder does not exist.
    """
    if any(source is not None and source.exists() and target.exists() and source.samefile(target) for source in sources):
        raise InputError("an output that is none of the inputs", f"{target} as both", "Choose another name for the output.")
    if target.exists() and not force:
        raise InputError(f"a new file at {target}", "one that exists", "Add --force to replace it, or choose another name.")
    if not target.parent.is_dir():
        raise InputError(f"a folder {target.parent}", "none there", "Create it, or choose another place.")


def holds_files(output: Path, what: str) -> bool:
    """Make a folder for results, where it is not there; whether it holds anything.

    Args:
        output: The folder.
        what: What it is for, with its article, for the message.

    Raises:
        InputError: It is a file, or cannot be written.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"a folder for {what}", f"the file {output}", "Choose another name.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        return any(output.iterdir())
    except OSError as error:
        raise InputError(f"a folder that can be written at {output}", f"'{error.strerror}'", "Choose another one.") from error


def check_apart(*targets: Path | None) -> None:
    """Refuse one name for two outputs.

    Raises:
        InputError: Two are the same.
    """
    given = [target.absolute() for target in targets if target is not None]
    if twice := next((target for target in given if given.count(target) > 1), None):
        raise InputError("a name of its own for each output", f"{twice.name} twice", "Choose another name for one of them.")


def check_image_target(target: Path, force: bool, *sources: Path | None, labels: bool = True) -> None:
    """Refuse, before any work is done, what `check_target` refuses, and a name that is no image's.

    Args:
        target: The label map or the volume that is to be written.
        force: It may be replaced.
        sources: What is read.
        labels: Whether it is a label map.

    Raises:
        InputError: As `check_target`; or its ending is no format's that can hold it.
    """
    for each in files_of(target, labels=labels):
        check_target(each, force, *sources)


def check_suffix(target: Path, suffixes: Sequence[str]) -> None:
    """Refuse, before any work is done, a name whose ending promises something else.

    Raises:
        InputError: Another suffix.
    """
    if target.suffix.lower() not in suffixes:
        raise InputError(f"a name that ends in {' or '.join(suffixes)}", f"{target.name}", "Choose one of these.")


def check_folder_name(target: Path) -> None:
    """Refuse, before any work is done, a file's name for a folder that is to be made.

    Raises:
        InputError: It ends as the name of a file does that this package reads or writes.
    """
    if target.suffix.lower() in FILE_ENDINGS and not target.is_dir():
        raise InputError("a folder", f"the name of a file, {target.name}", f"Write it without '{target.suffix}'.")


def write_json(data: Json, target: Path, force: bool) -> None:
    """Write plain data, beside its target and moved into place.

    Raises:
        InputError: The target exists, or cannot be written.
    """
    with atomic_path(target, force=force) as partial:
        partial.write_text(
            json.dumps(finite(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8", newline="\n"
        )


def digest_of(data: Json) -> str:
    """The SHA-256 of plain data: results that depend on the same have the same."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], target: Path, force: bool) -> None:
    """Write a table, beside its target and moved into place.

    Raises:
        InputError: The target exists, or cannot be written.
    """
    with atomic_path(target, force=force) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
