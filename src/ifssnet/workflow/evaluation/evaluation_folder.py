"""The folder of an evaluation: what was compared, the tables, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.results.evaluation import Absences, EvaluationFacts, Failure
from ifssnet.core.results.evaluation_results import (
    SCORE_COLUMNS,
    SLICE_COLUMNS,
    TEXT_COLUMNS,
    Results,
    Score,
    SliceScore,
    slice_scores,
)
from ifssnet.figures.evaluation_report.report import evaluation_html
from ifssnet.io.plain_data import Json, plain, plain_table, structure
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.tables import number_of, parquet_here, read_table, write_table
from ifssnet.workflow.evaluation.run_files import RunFiles, method_table, read_run
from ifssnet.workflow.files.result_files import holds_files, write_json

RUN, SCORES, SLICES, SUMMARY, REPORT = "run.json", "scores", "slices", "summary.json", "report.html"
OWN_COLUMNS = tuple(f.name for f in fields(SliceScore))
"""The columns of a run's own table by slice."""


@dataclass(frozen=True)
class RunPlace:
    """Where a run's results lie, and what they have to depend on.

    Attributes:
        case: The leg.
        label: The method's label.
        files: Its files.
        key: A hash of all that the result depends on.
    """

    case: str
    label: str
    files: RunFiles
    key: str


def prepare_folder(output: Path, about: EvaluationFacts, force: bool) -> None:
    """Make the folder, or see that it holds an evaluation that this one continues.

    Raises:
        InputError: The folder cannot be written, or holds something else.
    """
    holds = holds_files(output, "the evaluation")
    known = read_json_object(output / RUN)
    if known is None and holds:
        raise InputError(f"an empty folder {output}, or an earlier evaluation", "other files", "Choose another folder.")
    if known is not None and not force:
        before = structure(EvaluationFacts, known, str(output / RUN), ignore_unknown=True)
        # A cohort is what is in it, wherever it lies; there may be more or fewer of its legs.
        for what, old, new in (
            ("split", before.split, about.split),
            ("given", before.given, about.given),
            ("cohort", before.cohort.name, about.cohort.name),
        ):
            if old != new:
                raise InputError(
                    f"an evaluation with the same {what} in {output}",
                    f"{known.get(what)}"[:200],
                    "Choose another folder for this one, or add --force to replace that one.",
                )
    write_json(facts_table(about), output / RUN, force=True)


def collect_results(places: Sequence[RunPlace], about: EvaluationFacts) -> Results:
    """One table out of the files of every leg and method."""
    protocol = about.given.protocol
    scores: list[Score] = []
    slices: dict[str, list[Any]] = {name: [] for name in SLICE_COLUMNS}
    failed: list[Failure] = []
    absent: dict[str, tuple[str, ...]] = {}
    for place in places:
        run = read_run(place.files, place.key)
        if run.status == "failed":
            failed.append(Failure(place.case, place.label, run.error))
            continue
        if run.absent:
            absent[place.case] = run.absent
        peak_mb = float("nan") if run.peak_mb is None else run.peak_mb
        scores += [
            Score(place.case, muscle, place.label, protocol, metric, float(value), run.seconds, peak_mb)
            for muscle, row in run.muscles.items()
            for metric, value in row.items()
        ]
        table = read_table(place.files.slices, OWN_COLUMNS)
        rows = len(table["z"])
        slices["case"] += [place.case] * rows
        slices["method"] += [place.label] * rows
        slices["protocol"] += [protocol] * rows
        slices["muscle"] += table["muscle"]
        slices["z"] += [int(z) for z in table["z"]]
        for name in OWN_COLUMNS[2:]:
            slices[name] += [number_of(text) for text in table[name]]
    kinds = {label: method.given_as for label, method in about.methods.items()}
    return Results(tuple(scores), slice_scores(slices), tuple(kinds), kinds, about, Absences(tuple(failed), absent))


def write_results(output: Path, results: Results) -> None:
    """Write the tables, the summary and the page; what is there is replaced.

    Raises:
        InputError: They cannot be written.
    """
    endings = (".csv", ".parquet") if parquet_here() else (".csv",)
    for ending in endings:
        write_table(score_columns(results), output / f"{SCORES}{ending}", force=True)
        write_table(slice_columns(results), output / f"{SLICES}{'.csv.gz' if ending == '.csv' else ending}", force=True)
    write_json(summary_table(results), output / SUMMARY, force=True)
    with atomic_path(output / REPORT, force=True) as partial:
        partial.write_text(evaluation_html(results, about_table(results)), encoding="utf-8", newline="\n")


def read_results(folder: Path) -> Results:
    """An evaluation that was written, from its tables; `summarise` computes its summary again, to the bit.

    Raises:
        InputError: The folder holds none, or one that cannot be read.
    """
    where = str(folder / SUMMARY)
    table = read_json_object(folder / SUMMARY)
    if table is None or "about" not in table:
        raise InputError(f"an evaluation in {folder}", "none", "Write one with ifss evaluate COHORT -o DIR.")
    about = structure(EvaluationFacts, table["about"], where, ignore_unknown=True)
    absences = structure(Absences, table["about"], where, ignore_unknown=True)
    raw = read_table(folder / f"{SCORES}.csv", SCORE_COLUMNS)
    texts = zip(*(raw[name] for name in SCORE_COLUMNS), strict=True)
    scores = tuple(Score(c, m, me, p, k, number_of(v), number_of(s), number_of(mb)) for c, m, me, p, k, v, s, mb in texts)
    by_slice = read_table(folder / f"{SLICES}.csv.gz", SLICE_COLUMNS)
    columns: dict[str, Any] = {
        name: values if name in TEXT_COLUMNS else [number_of(text) for text in values] for name, values in by_slice.items()
    }
    kinds = {label: method.given_as for label, method in about.methods.items()}
    return Results(scores, slice_scores(columns), tuple(kinds), kinds, about, absences)


def summary_table(results: Results) -> dict[str, Json]:
    """What `summary.json` holds."""
    summary = {} if results.summary is None else plain_table(results.summary)
    findings: dict[str, Json] = {"findings": plain(results.findings)} if results.findings else {}
    return {"about": about_table(results), **findings, **summary}


def about_table(results: Results) -> dict[str, Json]:
    """What was compared, and what has no numbers."""
    return facts_table(results.about) | plain_table(results.absences)


def facts_table(about: EvaluationFacts) -> dict[str, Json]:
    """What `run.json` holds."""
    methods: dict[str, Json] = {label: method_table(method) for label, method in about.methods.items()}
    return plain_table(about) | {"methods": methods}


def score_columns(results: Results) -> dict[str, list[Any]]:
    """The table of scores, a list for each column."""
    return {name: [getattr(score, name) for score in results.scores] for name in SCORE_COLUMNS}


def slice_columns(results: Results) -> dict[str, list[Any]]:
    """The table by slice, a list for each column, rounded to four decimals: finer than a voxel."""
    columns: dict[str, list[Any]] = {}
    for name in SLICE_COLUMNS:
        values: np.ndarray = getattr(results.slices, name)
        columns[name] = np.round(values, 4).tolist() if values.dtype.kind == "f" else values.tolist()
    return columns
