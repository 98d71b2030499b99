"""`ifss evaluate`: methods on the legs of a cohort, each leg and method a small file that is not made twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import cast

from ifssnet.core.cohort import TEST, Case, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import Progress
from ifssnet.core.results import Results
from ifssnet.core.segmentation import Json
from ifssnet.figures.evaluation_report.report import evaluation_html
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.tables import parquet_here, write_table
from ifssnet.workflow.cohorts.many_legs import legs_of, run_all
from ifssnet.workflow.evaluation.benchmark import Benchmark, Given, benchmark, without_image
from ifssnet.workflow.evaluation.evaluation_folder import CaseFiles, gather, results_columns, slice_columns
from ifssnet.workflow.evaluation.given_methods import MethodGiven, check_methods
from ifssnet.workflow.evaluation.summary import summarise
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import write_json

FORMAT = "ifssnet-evaluation/2"
RUN, SCORES, SLICES, SUMMARY, REPORT = "run.json", "scores", "slices", "summary.json", "report.html"
TRUTH = "truth.seg.nrrd"


@dataclass(frozen=True)
class EvaluationOptions:
    """What to compare, and on what.

    Attributes:
        methods: In the order of every table and figure.
        given: What each method is given of the truth.
        split: Which part of the cohort.
        legs: Only so many of its legs, the first by name; None for all.
        against: Label of the method that the others are tested against; None for "guided" if it is there, else the first.
        workers: How many runs at a time, each in a process of its own; 0 for this process.
        keep: Of so many legs, the first by name, the segmentations are kept for the 3-D figures.
        force: Replace an evaluation of other legs or another protocol that is in the folder.
    """

    methods: tuple[MethodGiven, ...]
    given: Given = field(default_factory=Given)
    split: str = TEST
    legs: int | None = None
    against: str | None = None
    workers: int = 1
    keep: int = 1
    force: bool = False


@dataclass(frozen=True)
class Task:
    """One method on one leg.

    Attributes:
        case: The leg.
        label_names: What the cohort's labels mean.
        method: The method.
        given: What it may see.
        files: Where the result goes.
        key: Hash of all that the result depends on.
        keep: Whether the segmentation is kept.
    """

    case: Case
    label_names: Mapping[int, str]
    method: MethodGiven
    given: Given
    files: CaseFiles
    key: str
    keep: bool

    @property
    def done(self) -> bool:
        """Whether the result is there already, whole and of the same key."""
        known = read_json_object(self.files.numbers)
        there = self.files.slices.is_file() and (not self.keep or self.files.segmentation.is_file())
        return known is not None and known.get("key") == self.key and known.get("status") == "done" and there


def evaluate(root: Path, output: Path, options: EvaluationOptions) -> Generator[Progress, None, dict[str, Json]]:
    """Compare methods on a cohort; a run that was stopped goes on where it was.

    Args:
        root: The cohort.
        output: The folder for everything; may hold an earlier run of the same legs and protocol.
        options: What to compare.

    Returns:
        The summary, as in `summary.json`.

    Raises:
        InputError: A method, split or option that cannot be, or a folder that holds something else.
    """
    check_methods(options.methods)
    against = _against(options)
    cohort = open_cohort(root)
    cases = legs_of(cohort, options.split, options.legs)
    hashes: dict[str, Json] = {}
    for place, case in enumerate(cases):
        yield Progress("reading the legs", place, len(cases))
        hashes[case.name] = [source(path)["sha256"] for path in (case.volume_path, case.labels_path) if path is not None]
    about: dict[str, Json] = {
        "format": FORMAT,
        "cohort": {
            "name": cohort.name,
            "folder": cohort.root.resolve().name,
            "sha256": _digest(hashes),
            "notes": list(cohort.notes),
            "label_error": cohort.label_errors.get(options.split, ""),
        },
        "split": options.split,
        "given": _plain(options.given),
        "legs": [case.name for case in cases],
        "methods": {given.label: {"given_as": given.name, **given.described()} for given in options.methods},
        "against": against,
        "software": software(),
    }
    _prepare(output, about, options.force)
    tasks = _tasks(cohort, cases, hashes, output, options)
    pending = [task for task in tasks if not task.done]
    outcomes = yield from run_all(pending, run_task, options.workers, "legs and methods")
    for outcome in outcomes:
        if outcome.error:
            told: dict[str, Json] = {"format": FORMAT, "key": outcome.work.key, "status": "failed", "error": outcome.error}
            write_json(told, outcome.work.files.numbers, force=True)
    yield Progress("writing the tables", 0, 1)
    results = gather([(task.case.name, task.method, task.files, task.key) for task in tasks], about)
    results = replace(results, summary=summarise(results, against))
    return _write(output, results)


def run_task(task: Task) -> None:
    """Run one method on one leg and write what was found; another process may do this."""
    truth = open_truth(task.case, task.label_names)
    propagator = task.method.build()
    volume = None
    if propagator.needs_volume:
        if task.case.volume_path is None:
            raise InputError(f"a volume of {task.case.name}", "none", "Complete the cohort.")
        volume = open_volume(task.case.volume_path)
        if task.method.sees_no_image:
            volume = without_image(volume)
    found = benchmark(volume, truth, propagator, task.given)
    _write_case(task, found, truth)


def open_truth(case: Case, label_names: Mapping[int, str]) -> LabelMap:
    """A leg's reference, with the names that its cohort gives; labels that the cohort does not name do not count.

    Raises:
        InputError: The leg has no labels, or none that the cohort names.
    """
    if case.labels_path is None:
        raise InputError(f"labels of {case.name}", "none", "Complete the cohort.")
    labels = open_labels(case.labels_path)
    if not label_names:
        return labels
    return replace(labels, names=dict(label_names))


def _against(options: EvaluationOptions) -> str:
    labels = [given.label for given in options.methods]
    if options.against is None:
        return "guided" if "guided" in labels else labels[0]
    if options.against not in labels:
        raise InputError(
            f"one of {', '.join(labels)} after --against", f"'{options.against}'", "Choose a method that is compared."
        )
    return options.against


def _prepare(output: Path, about: Mapping[str, Json], force: bool) -> None:
    """Make the folder, or see that what it holds is an evaluation that this one continues."""
    if output.exists() and not output.is_dir():
        raise InputError("a folder for the evaluation", f"the file {output}", "Choose another name.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        holds = any(output.iterdir())
    except OSError as error:
        raise InputError(f"a folder that can be written at {output}", f"'{error.strerror}'", "Choose another one.") from error
    known = read_json_object(output / RUN)
    if known is None and holds:
        raise InputError(f"an empty folder {output}, or an earlier evaluation", "other files", "Choose another folder.")
    if known is not None and not force:
        for what in ("split", "given", "cohort", "legs"):
            if _compared(what, known.get(what)) != _compared(what, about[what]):
                raise InputError(
                    f"an evaluation with the same {what} in {output}",
                    f"{json.dumps(known.get(what))[:200]}",
                    "Choose another folder for this one, or add --force to replace that one.",
                )
    write_json(dict(about), output / RUN, force=True)


def _compared(what: str, value: Json) -> Json:
    """A cohort is what is in it, wherever it lies; of its legs there may be more or fewer."""
    if what == "cohort" and isinstance(value, Mapping):
        return value.get("name")
    return None if what == "legs" else value


def _tasks(
    cohort: Cohort, cases: Sequence[Case], hashes: Mapping[str, Json], output: Path, options: EvaluationOptions
) -> list[Task]:
    described = {given.label: given.described() for given in options.methods}
    tasks: list[Task] = []
    for place, case in enumerate(cases):
        for given in options.methods:
            depends: dict[str, Json] = {
                "format": FORMAT,
                "version": software()["ifssnet"],
                "leg": hashes[case.name],
                "labels": {str(value): name for value, name in cohort.label_names.items()},
                "method": described[given.label],
                "given": _plain(options.given),
            }
            files = CaseFiles(output / "cases" / case.name, given.label)
            keep = place < options.keep
            tasks.append(Task(case, dict(cohort.label_names), given, options.given, files, _digest(depends), keep))
    for folder in {task.files.folder for task in tasks}:
        folder.mkdir(parents=True, exist_ok=True)
    return tasks


def _write_case(task: Task, found: Benchmark, truth: LabelMap) -> None:
    """The numbers last: they say that the rest is there."""
    write_table(found.slices, task.files.slices, force=True)
    if task.keep:
        save(found.segmentation.labels, task.files.segmentation, force=True)
        save(truth, task.files.folder / TRUTH, force=True)
    told: dict[str, Json] = {
        "format": FORMAT,
        "key": task.key,
        "status": "done",
        "case": task.case.name,
        "label": task.method.label,
        **task.method.described(),
        "given": _plain(task.given),
        "given_slices": {name: list(slices) for name, slices in found.given.items()},
        "absent": sorted(set(task.label_names.values()) - set(found.muscles)),
        "notes": list(found.notes),
        "seconds": found.seconds,
        "peak_mb": found.peak_mb,
        # JSON has no infinity; as text it comes back as what it was.
        "muscles": {name: {key: str(value) for key, value in row.items()} for name, row in found.muscles.items()},
        "software": software(),
    }
    write_json(told, task.files.numbers, force=True)


def _write(output: Path, results: Results) -> dict[str, Json]:
    endings = (".csv", ".parquet") if parquet_here() else (".csv",)
    for ending in endings:
        write_table(results_columns(results), output / f"{SCORES}{ending}", force=True)
        write_table(slice_columns(results), output / f"{SLICES}{'.csv.gz' if ending == '.csv' else ending}", force=True)
    summary: dict[str, Json] = {"about": results.about, **results.summary}
    write_json(summary, output / SUMMARY, force=True)
    with atomic_path(output / REPORT, force=True) as partial:
        partial.write_text(evaluation_html(results), encoding="utf-8")
    return summary


def _plain(given: Given) -> dict[str, Json]:
    return cast("dict[str, Json]", asdict(given))


def _digest(data: Json) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
