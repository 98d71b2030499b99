"""The files of an evaluation: one leg and method each, and all of them as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.results import SCORE_COLUMNS, SLICE_COLUMNS, Results, Score
from ifssnet.core.segmentation import Json
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.tables import number_of, read_table
from ifssnet.workflow.evaluation.given_methods import MethodGiven

TEXT_COLUMNS = ("case", "muscle", "method", "protocol")
OWN_COLUMNS = tuple(name for name in SLICE_COLUMNS if name not in ("case", "method", "protocol"))


@dataclass(frozen=True)
class CaseFiles:
    """Where the results of one method on one leg lie.

    Attributes:
        folder: The leg's.
        label: The method's.
    """

    folder: Path
    label: str

    @property
    def numbers(self) -> Path:
        """Metrics, time and what they depend on; written last."""
        return self.folder / f"{self.label}.json"

    @property
    def slices(self) -> Path:
        """Metrics by slice."""
        return self.folder / f"{self.label}.slices.csv.gz"

    @property
    def segmentation(self) -> Path:
        """Every slice, where it was to be kept."""
        return self.folder / f"{self.label}.seg.nrrd"


def gather(parts: Sequence[tuple[str, MethodGiven, CaseFiles, str]], about: Mapping[str, Json]) -> Results:
    """One table out of the files of every leg and method; those that failed are listed in `about`.

    Args:
        parts: Leg, method, files and key.
        about: Of the evaluation.
    """
    protocol = str(cast("Mapping[str, Json]", about["given"])["protocol"])
    scores: list[Score] = []
    slices: dict[str, list[Any]] = {name: [] for name in SLICE_COLUMNS}
    failed: list[Json] = []
    absent: dict[str, Json] = {}
    for case, given, files, key in parts:
        known = read_json_object(files.numbers)
        if known is None or known.get("key") != key or known.get("status") != "done":
            error = str(known.get("error", "no result")) if known is not None else "no result"
            failed.append({"case": case, "method": given.label, "error": error})
            continue
        if known["absent"]:
            absent[case] = known["absent"]
        seconds = float(known["seconds"])
        peak = float("nan") if known["peak_mb"] is None else float(known["peak_mb"])
        for muscle, row in known["muscles"].items():
            scores += [Score(case, muscle, given.label, protocol, m, float(v), seconds, peak) for m, v in row.items()]
        table = read_table(files.slices, OWN_COLUMNS)
        rows = len(table["z"])
        slices["case"] += [case] * rows
        slices["method"] += [given.label] * rows
        slices["protocol"] += [protocol] * rows
        slices["muscle"] += table["muscle"]
        slices["z"] += [int(z) for z in table["z"]]
        for name in OWN_COLUMNS[2:]:
            slices[name] += [number_of(text) for text in table[name]]
    methods = dict.fromkeys(given.label for _, given, _, _ in parts)
    kinds = {given.label: given.name for _, given, _, _ in parts}
    told = {**about, "failed": failed, "absent_muscles": absent}
    return Results(tuple(scores), _columns(slices), tuple(methods), kinds, told)


def read_results(folder: Path) -> Results:
    """An evaluation that was written, from its tables.

    Raises:
        InputError: The folder holds none.
    """
    summary = read_json_object(folder / "summary.json")
    if summary is None or "about" not in summary:
        raise InputError(f"an evaluation in {folder}", "none", "Write one with ifss evaluate COHORT -o DIR.")
    about = summary.pop("about")
    table = read_table(folder / "scores.csv", SCORE_COLUMNS)
    texts = zip(*(table[name] for name in SCORE_COLUMNS), strict=True)
    scores = tuple(Score(c, m, me, p, k, number_of(v), number_of(s), number_of(mb)) for c, m, me, p, k, v, s, mb in texts)
    raw = read_table(folder / "slices.csv.gz", SLICE_COLUMNS)
    slices: dict[str, list[Any]] = {
        name: values if name in TEXT_COLUMNS else [number_of(text) for text in values] for name, values in raw.items()
    }
    methods: dict[str, Any] = about["methods"]
    kinds = {label: str(entry.get("given_as", entry["method"])) for label, entry in methods.items()}
    return Results(scores, _columns(slices), tuple(methods), kinds, about, summary)


def results_columns(results: Results) -> dict[str, list[Any]]:
    """The tidy table, a column a name."""
    return {name: [getattr(score, name) for score in results.scores] for name in SCORE_COLUMNS}


def slice_columns(results: Results) -> dict[str, list[Any]]:
    """The table by slice; four decimals are more than a voxel's worth."""
    columns: dict[str, list[Any]] = {}
    for name in SLICE_COLUMNS:
        values = results.slices[name]
        columns[name] = np.round(values, 4).tolist() if values.dtype.kind == "f" else values.tolist()
    return columns


def _columns(columns: Mapping[str, list[Any]]) -> dict[str, Shaped[np.ndarray, " row"]]:
    kinds = {**dict.fromkeys(TEXT_COLUMNS, np.str_), "z": np.int64}
    return {name: np.array(values, dtype=kinds.get(name, np.float64)) for name, values in columns.items()}
