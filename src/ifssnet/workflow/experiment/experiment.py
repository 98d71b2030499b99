"""The paper's experiment on LEG-3D-US, end to end: fetch, check, crop or pad, train, evaluate by both protocols, draw."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ifssnet.core.cohort import TEST, TRAIN, VAL, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.core.results.evaluation_results import Results
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.plain_data import Json, plain, plain_table, structure
from ifssnet.io.storage.plain_files import read_json
from ifssnet.workflow.cohorts.cropped_cohort import Crop, crop_cohort, crops_are_done, is_sized, read_crops
from ifssnet.workflow.cohorts.dataset import Plan, Source, fetch, free_bytes, plan_fetch, read_record
from ifssnet.workflow.cohorts.dataset_check import check_cohort
from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate
from ifssnet.workflow.evaluation.evaluation_folder import REPORT, summary_table
from ifssnet.workflow.evaluation.exhibits import draw_figures
from ifssnet.workflow.experiment.estimate import estimate, sizes_of
from ifssnet.workflow.experiment.plan import (
    PROTOCOLS,
    ExperimentOptions,
    ExperimentSettings,
    Job,
    compared,
    cropped_folder,
    evaluation_folder,
    jobs_of,
    training_options,
)
from ifssnet.workflow.experiment.results import Cropping, CutVoxels, Estimate, Experiment, ExperimentSummary
from ifssnet.workflow.experiment.throughput import find_device, measure, measure_roughly, release_device
from ifssnet.workflow.files.result_files import write_json
from ifssnet.workflow.training.results import TrainingResult
from ifssnet.workflow.training.train import check_learning_installed, train_cohort

EXPERIMENT, SUMMARY = "experiment.json", "summary.json"

Result = TypeVar("Result")


@dataclass(frozen=True)
class ExperimentPlan:
    """What running would do, and take.

    Attributes:
        root: The cohort's folder.
        cropped: Where its cropped legs go.
        output: The experiment's folder.
        fetching: What is to be fetched; None when all is there, or the server could not be asked.
        unreachable: Why it could not; empty otherwise.
        jobs: Every training.
        estimate: The hours, the memory and the disk that the experiment takes.
    """

    root: Path
    cropped: Path
    output: Path
    fetching: Plan | None
    unreachable: str
    jobs: tuple[Job, ...]
    estimate: Estimate


def plan_experiment(
    root: Path, output: Path, options: ExperimentOptions, source: Source | None = None, *, roughly: bool = False
) -> Generator[Progress, None, ExperimentPlan]:
    """Measure this machine, and say what the experiment would take. Nothing is fetched or written.

    Args:
        root: The data set's folder, there or to be made.
        output: The experiment's folder.
        options: How to run the experiment.
        source: Where the data set comes from; None for the published one.
        roughly: Answer in seconds: time smaller slices, and ask the server once.

    Raises:
        InputError: The learning extra or a GPU that is asked for is not there, a folder that holds another experiment, or
            too little memory for some steps already.
    """
    check_learning_installed()
    _check_output(output, options)
    machine = find_device(options.device)
    fetching, unreachable = None, ""
    wanted = _missing(root, source or Source())
    if roughly:
        wanted = replace(wanted, retry=replace(wanted.retry, attempts=1))
    if wanted.archives:
        yield Progress("asking for the archives' sizes", 0, 1)
        try:
            fetching = plan_fetch(root, wanted)
        except InputError as error:
            unreachable = str(error)
    jobs = jobs_of(options, output)
    cropped = cropped_folder(root, options.side_px)
    measured = yield from (measure_roughly(options) if roughly else measure(options))
    sizes = sizes_of(root, cropped, options)
    free_gb = free_bytes(cropped.parent) / 1e9
    found = replace(estimate(options, machine, sizes, measured, jobs, output, free_gb), roughly=roughly)
    return ExperimentPlan(root, cropped, output, fetching, unreachable, jobs, found)


def run_experiment(
    root: Path, output: Path, options: ExperimentOptions, source: Source | None = None
) -> Generator[Progress, None, tuple[ExperimentSummary, dict[str, Results]]]:
    """Run every stage. Stopped at any moment, it goes on from there when called again.

    Args:
        root: The data set's folder, there or to be made.
        output: The folder for runs, evaluations and figures.
        options: How to run the experiment.
        source: Where the data set comes from; None for the published one.

    Returns:
        Where everything is, what was cut and how each training ended, as in `summary.json`; and each protocol's evaluation.

    Raises:
        InputError: A data set that is not whole or right, a folder of another experiment, or what a stage refuses.
    """
    check_learning_installed()
    _check_output(output, options)
    output.mkdir(parents=True, exist_ok=True)
    write_json(plain(options.settings()), output / EXPERIMENT, force=True)
    wanted = _missing(root, source or Source())
    if wanted.archives:
        yield from fetch(plan_fetch(root, wanted))
    legs, crops = yield from _legs(open_cohort(root), options)
    trained: dict[str, TrainingResult] = {}
    for job in jobs_of(options, output):
        trained[f"{job.label}/{job.muscle}"] = yield from _train(legs, job, options)
    evaluations: dict[str, Results] = {}
    for protocol in PROTOCOLS:
        folder = evaluation_folder(output, protocol)
        given = SeedProtocol(protocol)
        how = EvaluationOptions(compared(options, output), given, TEST, workers=options.workers)
        evaluations[protocol] = yield from _named(protocol, evaluate(legs, folder, how))
        yield from _named(protocol, draw_figures(folder, force=True))
    reports = {protocol: evaluation_folder(output, protocol) / REPORT for protocol in PROTOCOLS}
    summary = ExperimentSummary(root, legs, _cropping(crops, options), trained, reports)
    write_json(plain(summary), output / SUMMARY, force=True)
    return summary, evaluations


def experiment_table(experiment: Experiment) -> dict[str, Json]:
    """What is known of an experiment, as plain data."""
    table: dict[str, Json] = {"estimate": {**plain_table(experiment.estimate), "hours": experiment.estimate.hours}}
    if experiment.summary is None:
        return table
    evaluations = {protocol: plain(summary_table(results)) for protocol, results in experiment.evaluations.items()}
    return {**table, **plain_table(experiment.summary), "evaluations": evaluations}


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
    # The labels of cropped legs have been checked; a leg that has changed since is checked again.
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


def _train(legs: Path, job: Job, options: ExperimentOptions) -> Generator[Progress, None, TrainingResult]:
    """One network; what was trained stays as it is."""
    if job.done:
        return structure(TrainingResult, read_json(job.outcome, "the end of a training"), str(job.outcome))
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    name = f"{job.label} {job.muscle}"
    trained = yield from _named(name, train_cohort(legs, job.folder, training_options(job, options)))
    release_device()
    write_json(plain(trained), job.outcome, force=True)
    return trained


def _named(name: str, work: Generator[Progress, None, Result]) -> Generator[Progress, None, Result]:
    """The same work, with a name before each stage."""
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
    if not (output / EXPERIMENT).is_file():
        if any(output.iterdir()):
            raise InputError(f"an empty folder {output}, or an experiment", "other files", "Choose another folder.")
        return
    begun = structure(ExperimentSettings, read_json(output / EXPERIMENT, "an experiment"), str(output / EXPERIMENT))
    for what, value in plain_table(options.settings()).items():
        before = plain_table(begun)[what]
        if before != value:
            raise InputError(
                f"{what} = {before!r}, as the experiment in {output} was begun",
                f"{value!r}",
                "Go on as it was, or choose another folder.",
            )


def _cropping(crops: tuple[Crop, ...], options: ExperimentOptions) -> Cropping:
    """What was cut off, leg by leg where any labelled voxel was."""
    cut = {crop.case: CutVoxels(crop.cut, crop.labelled) for crop in crops if crop.cut}
    return Cropping(options.side_px, len(crops), cut)
