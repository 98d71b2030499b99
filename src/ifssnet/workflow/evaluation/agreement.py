"""`ifss agree`: repeated measurements of the same legs against each other, from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.results.reliability import RaterAgreement, RaterPair, RepeatedMeasurements
from ifssnet.io.plain_data import Json, plain_table, structure
from ifssnet.io.storage.json_files import LARGEST_BYTES
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.storage.spreadsheet import read_spreadsheet
from ifssnet.measurement.statistics.agreement import bland_altman, reliability
from ifssnet.workflow.files.result_files import check_suffix, check_target, write_json

SUBJECT, MUSCLE, QUANTITY = "subject", "muscle", "quantity"
VOLUME = "volume_cm3"
Table = dict[str, dict[str, float]]
"""Subject to measurement (a rater, a method, an occasion) to value."""


@dataclass(frozen=True)
class _MeasuredFile:
    """What is read of a file that `ifss measure -o` wrote: muscle to quantity to value."""

    muscles: Mapping[str, Mapping[str, Any]]


def agree_files(
    sources: Sequence[Path],
    quantity: str | None = None,
    confidence: float = 0.95,
    *,
    output: Path | None = None,
    force: bool = False,
) -> RaterAgreement:
    """Agreement of measurements, muscle by muscle.

    Args:
        sources: Two folders or more, a rater or an occasion each, of what `ifss measure -o` wrote for each subject (files
            that belong together have the same name); or one CSV with a column `subject`, perhaps a column `muscle`, and one
            column of values a rater.
        quantity: Which quantity of the measured files; None for `volume_cm3`. A table has one, whatever it is.
        confidence: The confidence of the intervals, 0 to 1.
        output: A `.json` for the answer.
        force: Replace a file that is there.

    Raises:
        InputError: A file cannot be read, lacks the quantity or a value, or there are too few subjects or measurements.
    """
    if output is not None:
        check_suffix(output, (".json",))
        check_target(output, force, *sources)
    missing = [path for path in sources if not path.exists()]
    if missing:
        raise InputError("a file or folder", f"none at {missing[0]}", "Check the path; names are case sensitive.")
    if len(sources) == 1 and sources[0].is_file():
        if quantity is not None:
            raise InputError("folders with --quantity", f"the table {sources[0]}", "Leave it out: a table has one quantity.")
        tables, named = _from_table(sources[0]), ""
    elif len(sources) > 1 and all(path.is_dir() for path in sources):
        named = quantity or VOLUME
        tables = _from_folders(sources, named)
    else:
        raise InputError(
            "two folders of measured files or more, or one CSV",
            f"{', '.join(map(str, sources))}",
            "Measure each leg into its folder: ifss measure SEG -o first/leg1.json.",
        )
    found = {muscle: _measurements(table, confidence) for muscle, table in tables.items()}
    answer = RaterAgreement(named, confidence, found)
    if output is not None:
        write_json(agreement_table(answer), output, force)
    return answer


def agreement_table(agreement: RaterAgreement) -> dict[str, Json]:
    """The agreement as its file has it: beside the whole of a muscle's measurements, each pair by Bland and Altman."""
    muscles: dict[str, Json] = {
        name: {
            **plain_table(found.reliability),
            "measurements": list(found.raters),
            "bland_altman": [
                {"first": pair.first, "second": pair.second, **plain_table(pair.difference)} for pair in found.pairs
            ],
        }
        for name, found in agreement.muscles.items()
    }
    quantity: dict[str, Json] = {"quantity": agreement.quantity} if agreement.quantity else {}
    return {**quantity, "confidence": agreement.confidence, "muscles": muscles}


def _measurements(table: Table, confidence: float) -> RepeatedMeasurements:
    """Every pair of measurements by Bland and Altman, and all of them together by their intraclass correlations."""
    raters = tuple(next(iter(table.values())))
    values = np.array([[row[rater] for rater in raters] for row in table.values()], dtype=np.float64)
    whole = reliability(values, confidence)
    pairs = tuple(
        RaterPair(raters[i], raters[j], bland_altman(values[:, i], values[:, j], confidence=confidence))
        for i, j in combinations(range(len(raters)), 2)
    )
    return RepeatedMeasurements(raters, whole, pairs)


def _from_folders(folders: Sequence[Path], quantity: str) -> dict[str, Table]:
    files = [
        {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".json", ".csv")} for folder in folders
    ]
    for folder, here in zip(folders[1:], files[1:], strict=True):
        odd = sorted(set(here) ^ set(files[0]))
        if odd:
            raise InputError(
                f"the same subjects in {folders[0]} and {folder}",
                f"{odd[0]} in one of them only",
                "Measure both, or leave it out.",
            )
    # Folders may have the same name in different places; the path then tells them apart.
    short = [folder.name for folder in folders]
    raters = short if len(set(short)) == len(short) else [str(folder) for folder in folders]
    if len(set(raters)) < len(raters):
        raise InputError("each folder once", f"{', '.join(raters)}", "Give the folder of the other measurement.")
    tables: dict[str, Table] = {}
    for subject in files[0]:
        for rater, here in zip(raters, files, strict=True):
            for muscle, value in _measured(here[subject], quantity).items():
                tables.setdefault(muscle, {}).setdefault(subject, {})[rater] = value
    if not tables:
        raise InputError(f"measured files (.json or .csv) in {folders[0]}", "none", "Write them with ifss measure -o.")
    for muscle, table in tables.items():
        for subject, row in table.items():
            if len(row) < len(raters):
                absent = next(rater for rater in raters if rater not in row)
                raise InputError(
                    f"{muscle} of {subject} in every folder", f"none in {absent}", "Measure it, or leave the subject out."
                )
    return tables


def _measured(path: Path, quantity: str) -> dict[str, float]:
    """The quantity of each muscle, from a file that `ifss measure -o` wrote."""
    if path.suffix.lower() == ".csv":
        rows: dict[str, dict[str, Any]] = {}
        for row in read_spreadsheet(path, (MUSCLE, QUANTITY, "value"), (MUSCLE, QUANTITY, "unit")):
            rows.setdefault(row[MUSCLE], {})[row[QUANTITY]] = row["value"]
        # The CSV's mean over the muscles is no muscle.
        rows.pop("mean", None)
        muscles: Mapping[str, Mapping[str, Any]] = rows
    else:
        muscles = _muscles(path)
    found: dict[str, float] = {}
    for name, quantities in muscles.items():
        if quantity not in quantities:
            known = ", ".join(key for key, value in quantities.items() if isinstance(value, str | float | int | None))
            raise InputError(f"one of {known} of {name} in {path}", f"'{quantity}'", "Correct --quantity.")
        found[name] = _number(quantities[quantity], f"{quantity} of {name} in {path}")
    return found


def _muscles(path: Path) -> Mapping[str, Mapping[str, Any]]:
    data = read_json(path, "measured muscles", LARGEST_BYTES)
    return structure(_MeasuredFile, data, f"{path}, which ifss measure -o writes", ignore_unknown=True).muscles


def _from_table(path: Path) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for row in read_spreadsheet(path, (SUBJECT,), (SUBJECT, MUSCLE)):
        subject, muscle = row.pop(SUBJECT), row.pop(MUSCLE, "all")
        table = tables.setdefault(muscle, {})
        if subject in table:
            raise InputError(f"each subject once in {path}", f"'{subject}' twice", "Give each measurement a column of its own.")
        table[subject] = {rater: _number(value, f"{rater} of {subject} in {path}") for rater, value in row.items()}
    return tables


def _number(value: object, what: str) -> float:
    try:
        return float(cast("str", value))
    except (TypeError, ValueError) as error:
        raise InputError(f"a number for {what}", f"'{value}'", "Measure it, or leave the subject out.") from error
