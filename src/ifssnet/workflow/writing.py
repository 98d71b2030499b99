"""Results as JSON and CSV, and targets looked at before the work instead of after it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.report import Report, finite
from ifssnet.core.segmentation import Json
from ifssnet.io.atomic import atomic_path


def check_target(target: Path, force: bool) -> None:
    """Refuse, before any work is done, a target that is there already or whose folder is not.

    Raises:
        InputError: It exists and `force` is not set, or its folder does not exist.
    """
    if target.exists() and not force:
        raise InputError(f"a new file at {target}", "one that exists", "Add --force to replace it, or choose another name.")
    if not target.parent.is_dir():
        raise InputError(f"a folder {target.parent}", "none there", "Create it, or choose another place.")


def write_json(data: Json, target: Path, force: bool) -> None:
    """Write plain data, beside its target and moved into place.

    Raises:
        InputError: The target exists, or cannot be written.
    """
    with atomic_path(target, force=force) as partial:
        partial.write_text(json.dumps(finite(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], target: Path, force: bool) -> None:
    """Write a table, beside its target and moved into place.

    Raises:
        InputError: The target exists, or cannot be written.
    """
    with atomic_path(target, force=force) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)


def write_report(report: Report, target: Path, force: bool) -> None:
    """Write a report as `.json`, everything, or as `.csv`, one line a muscle and quantity.

    Raises:
        InputError: Another suffix, or a target that exists or cannot be written.
    """
    if target.suffix.lower() == ".json":
        write_json(report.as_dict(), target, force)
    elif target.suffix.lower() == ".csv":
        with atomic_path(target, force=force) as partial:
            partial.write_text(report.to_csv(), encoding="utf-8", newline="")
    else:
        raise InputError("a name that ends in .json or .csv", f"{target.name}", "Choose one of these.")
