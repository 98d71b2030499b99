"""The paper's experiment on LEG-3D-US, end to end: fetch, check, crop or pad, train, evaluate by both protocols, draw."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ifssnet.core.cohort import TEST, TRAIN, VAL, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.evaluation import SeedProtocol
from ifssnet.core.progress import Progress
from ifssnet.core.results import Results
from ifssnet.core.segmentation import Json
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.workflow.cohorts.cropped_cohort import Crop, crop_cohort, crops_are_done, is_sized, read_crops
from ifssnet.workflow.cohorts.dataset import Plan, Source, fetch, free_bytes, plan_fetch, read_record
from ifssnet.workflow.cohorts.dataset_check import check_cohort
from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate
from ifssnet.workflow.evaluation.evaluation_folder import REPORT
from ifssnet.workflow.evaluation.exhibits import draw_figures
from ifssnet.workflow.experiment.estimate import Estimate, estimate, sizes_of
from ifssnet.workflow.experiment.plan import (
    PROTOCOLS,
    ExperimentOptions,
    Job,
    compared,
    cropped_folder,
    evaluation_folder,
    jobs_of,
    training_options,
)
from ifssnet.workflow.experiment.throughput import find_machine, measure, release_device
from ifssnet.workflow.files.result_files import write_json
from ifssnet.workflow.training.train import check_learning_installed, train_cohort

FORMAT = "ifssnet-experiment/1"
EXPERIMENT, SUMMARY = "experiment.json", "summary.json"

Result = TypeVar("Result")


@dataclass(frozen=True)
class ExperimentPlan:
    """What running would do, and take.

    Attributes:
        root: The cohort.
        cropped: Where its cropped legs go.
        output: The experiment's folder.
        fetching: What is to be fetched; None when all is there, or the server could not be asked.
        unreachable: Why it could not; empty otherwise.
        jobs: Every training.
        estimate: Of hours, memory and disk.
    """

    root: Path
    cropped: Path
    output: Path
    fetching: Plan | None
    unreachable: str
    jobs: tuple[Job, ...]
    estimate: Estimate


def plan_experiment(
    root: Path, output: Path, options: ExperimentOptions, source: Source | None = None
) -> Generator[Progress, None, ExperimentPlan]:
    """Measure this machine, and say what the experiment would take. Nothing is fetched or written.

    Args:
        root: The data set's folder, there or to be made.
        output: The experiment's folder.
        options: What is asked for.
        source: Where the data set comes from; None for the published one.

    Raises:
        InputError: The learning extra or a GPU that is asked for is not there, a folder that holds another experiment, or
            too little memory for some steps already.
    """
    check_learning_installed()
    _check_output(output, options)
    machine = find_machine(options.device)
    fetching, unreachable = None, ""
    wanted = _missing(root, source or Source())
    if wanted.archives:
        yield Progress("asking for the archives' sizes", 0, 1)
        try:
            fetching = plan_fetch(root, wanted)
        except InputError as error:
            unreachable = str(error)
    jobs = jobs_of(options, output)
    cropped = cropped_folder(root, options.side_px)
    measured = yield from measure(options)
    sizes = sizes_of(root, cropped, options)
    free_gb = free_bytes(cropped.parent) / 1e9
    told = estimate(options, machine, sizes, measured, jobs, output, free_gb)
    return ExperimentPlan(root, cropped, output, fetching, unreachable, jobs, told)


def run_experiment(
    root: Path, output: Path, options: ExperimentOptions, source: Source | None = None
) -> Generator[Progress, None, tuple[dict[str, Json], dict[str, Results]]]:
    """Run every stage. Stopped at any moment, it goes on from there when called again.

    Args:
        root: The data set's folder, there or to be made.
        output: The folder for runs, evaluations and figures.
        options: What is asked for.
        source: Where the data set comes from; None for the published one.

    Returns:
        Where everything is, what was cut and how each training ended, as in `summary.json`; and each protocol's evaluation.

    Raises:
        InputError: A data set that is not whole or right, a folder of another experiment, or what a stage refuses.
    """
    check_learning_installed()
    _check_output(output, options)
    output.mkdir(parents=True, exist_ok=True)
    write_json({"format": FORMAT, **options.settings()}, output / EXPERIMENT, force=True)
    wanted = _missing(root, source or Source())
    if wanted.archives:
        yield from fetch(plan_fetch(root, wanted))
    legs, crops = yield from _legs(open_cohort(root), options)
    trained: dict[str, Json] = {}
    for job in jobs_of(options, output):
        trained[f"{job.label}/{job.muscle}"] = yield from _train(legs, job, options)
    evaluations: dict[str, Results] = {}
    for protocol in PROTOCOLS:
        folder = evaluation_folder(output, protocol)
        given = SeedProtocol(protocol)
        asked = EvaluationOptions(compared(options, output), given, TEST, workers=options.workers)
        evaluations[protocol] = yield from _named(protocol, evaluate(legs, folder, asked))
        yield from _named(protocol, draw_figures(folder, force=True))
    told: dict[str, Json] = {
        "cohort": str(root),
        "legs": str(legs),
        "cropping": _cropping(crops, options),
        "trained": trained,
        "reports": {protocol: str(evaluation_folder(output, protocol) / REPORT) for protocol in PROTOCOLS},
    }
    write_json(told, output / SUMMARY, force=True)
    return told, evaluations


def _legs(cohort: Cohort, options: ExperimentOptions) -> Generator[Progress, None, tuple[Path, tuple[Crop, ...]]]:
    """The legs to work on, checked, and with slices of one size."""
    for split in (TRAIN, VAL, TEST):
        if not cohort.of_split(split):
            raise InputError(f"legs in train, val and test of {cohort.root}", f"none in {split}", "Complete the cohort.")
    if set(options.muscles) != set(cohort.label_names.values()):
        # What is labelled is evaluated, and what is evaluated needs a network.
        known = ", ".join(cohort.label_names.values())
        raise InputError(f"the muscles {', '.join(options.muscles)} in {cohort.root}", known, "Use a cohort with their labels.")
    target = cropped_folder(cohort.root, options.side_px)
    # Legs that were cropped have been looked at; whatever changed since then is looked at again.
    cropped = crops_are_done(cohort, target, options.side_px)
    checked = yield from check_cohort(cohort, (), read_labels=not cropped)
    problems = [f"{found.case.split}/{found.case.name}: {problem}" for found in checked.cases for problem in found.problems]
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise InputError(
            f"legs of {cohort.root} that can be used as they are", "; ".join(problems[:5]) + more, "Fetch or correct them."
        )
    if cropped:
        return target, read_crops(target, options.side_px)
    if is_sized(cohort, options.side_px):
        return cohort.root, ()
    return target, (yield from crop_cohort(cohort.root, target, options.side_px))


def _train(legs: Path, job: Job, options: ExperimentOptions) -> Generator[Progress, None, Json]:
    """One network; what was trained stays as it is."""
    if job.done:
        return read_json_object(job.outcome)
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    name = f"{job.label} {job.muscle}"
    outcome = yield from _named(name, train_cohort(legs, job.folder, training_options(job, options)))
    release_device()
    write_json(outcome, job.outcome, force=True)
    return outcome


def _named(name: str, work: Generator[Progress, None, Result]) -> Generator[Progress, None, Result]:
    """The same work, its stages told apart from those of others."""
    while True:
        try:
            progress = next(work)
        except StopIteration as stop:
            return stop.value
        yield replace(progress, stage=f"{name}: {progress.stage}")


def _missing(root: Path, source: Source) -> Source:
    """The source with the archives that are still needed: a split unpacked by hand, or another cohort's, is not fetched."""
    try:
        cohort = open_cohort(root)
    except InputError:
        return source
    needed = [
        archive for archive in source.archives if read_record(root, archive) is not None or not cohort.of_split(archive.split)
    ]
    # Those that were unpacked here stay among them: fetching sees to it that their files are still whole.
    return replace(source, archives=tuple(needed))


def _check_output(output: Path, options: ExperimentOptions) -> None:
    """Refuse a folder whose networks were trained otherwise, or that holds something else."""
    if not output.exists():
        return
    if not output.is_dir():
        raise InputError("a folder for the experiment", f"the file {output}", "Choose another name.")
    known = read_json_object(output / EXPERIMENT)
    if known is None:
        if any(output.iterdir()):
            raise InputError(f"an empty folder {output}, or an experiment", "other files", "Choose another folder.")
        return
    for what, value in options.settings().items():
        if known.get(what) != value:
            raise InputError(
                f"{what} = {known.get(what)!r}, as the experiment in {output} was begun",
                f"{value!r}",
                "Go on as it was, or choose another folder.",
            )


def _cropping(crops: tuple[Crop, ...], options: ExperimentOptions) -> Mapping[str, Json]:
    """What was cut off, leg by leg where any labelled voxel was."""
    cut = {crop.case: {"cut": crop.cut, "labelled": crop.labelled} for crop in crops if crop.cut}
    return {"side_px": options.side_px, "legs": len(crops), "labelled_voxels_cut": cut}
