"""`ifss evaluate`: methods on the legs of a cohort, each leg and method a small file that is not made twice."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ifssnet.core.cohort import TEST, Case, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import Progress
from ifssnet.core.results.evaluation import EvaluatedCohort, EvaluationFacts, MethodFacts, SeedProtocol
from ifssnet.core.results.evaluation_results import Results
from ifssnet.io.open import open_grid, open_labels, open_volume
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.io.save import save
from ifssnet.io.storage.tables import write_table
from ifssnet.propagate.seeding.protocols import check_protocol, distance_findings
from ifssnet.workflow.cohorts.many_legs import legs_of
from ifssnet.workflow.cohorts.remote_cohort import LegFiles, cohort_at
from ifssnet.workflow.evaluation.benchmark import Benchmark, benchmark, without_image
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod, check_methods
from ifssnet.workflow.evaluation.evaluation_folder import OWN_COLUMNS, RunPlace, collect_results, prepare_folder, write_results
from ifssnet.workflow.evaluation.run_files import FORMAT, Run, RunFiles, method_table, read_run, write_run
from ifssnet.workflow.evaluation.summary import summarise
from ifssnet.workflow.files.provenance import software
from ifssnet.workflow.files.result_files import digest_of
from ifssnet.workflow.jobs.run import Machines, run_all

TRUTH = "truth.seg.nrrd"


@dataclass(frozen=True)
class EvaluationOptions:
    """What to compare, and on what.

    Attributes:
        methods: The methods, in the order of every table and figure.
        given: The annotated slices that each method is given.
        split: The part of the cohort.
        legs: The number of legs, the first by name; None for all.
        against: The label of the method that the others are tested against; None for "guided" if it is there, else the first.
        workers: The number of runs at a time, in this number of processes; 0 for this process.
        cluster: The address of a Ray cluster that is used instead; None for none.
        keep: The number of legs, the first by name, whose segmentations are kept for the 3-D figures.
        force: Replace an evaluation of other legs or another protocol that is in the folder.
    """

    methods: tuple[ComparedMethod, ...]
    given: SeedProtocol = field(default_factory=SeedProtocol)
    split: str = TEST
    legs: int | None = None
    against: str | None = None
    workers: int = 1
    cluster: str | None = None
    keep: int = 1
    force: bool = False


@dataclass(frozen=True)
class PlannedRun:
    """One method on one leg.

    Attributes:
        leg: The leg's files.
        label_names: What the cohort's labels mean.
        method: The method.
        facts: What the method's results depend on.
        given: The annotated slices that it is given.
        files: Where the result goes.
        key: A hash of all that the result depends on.
        keep: Whether the segmentation is kept.
    """

    leg: LegFiles
    label_names: Mapping[int, str]
    method: ComparedMethod
    facts: MethodFacts
    given: SeedProtocol
    files: RunFiles
    key: str
    keep: bool

    @property
    def done(self) -> bool:
        """Whether the result is there already, whole and of the same key."""
        kept = self.files.slices.is_file() and (not self.keep or self.files.segmentation.is_file())
        return kept and read_run(self.files, self.key).status == "done"


def evaluate(root: Path | str, output: Path, options: EvaluationOptions) -> Generator[Progress, None, Results]:
    """Compare methods on a cohort; a run that was stopped goes on where it was.

    Args:
        root: The cohort: a folder, or an address that fsspec reads, as s3://bucket/legs.
        output: The folder for everything; it may hold an earlier run of the same legs and protocol.
        options: What to compare.

    Returns:
        The results with their summary, as the folder has them.

    Raises:
        InputError: An impossible method, split or option, or a folder that holds something else.
    """
    check_protocol(options.given.protocol)
    check_methods(options.methods)
    machines = Machines.of(options.workers, options.cluster)
    against = _against(options)
    cohort, files = cohort_at(root)
    cases = legs_of(cohort, options.split, options.legs)
    hashes: dict[str, list[str]] = {}
    for place, case in enumerate(cases):
        yield Progress("reading the legs", place, len(cases))
        hashes[case.name] = files[f"{case.split}/{case.name}"].versions()
    about = EvaluationFacts(
        format=FORMAT,
        cohort=EvaluatedCohort(
            name=cohort.name,
            folder=cohort.root.resolve().name,
            sha256=digest_of(hashes),
            notes=cohort.notes,
            label_error=cohort.label_errors.get(options.split, ""),
        ),
        split=options.split,
        given=options.given,
        legs=tuple(case.name for case in cases),
        methods={method.label: method.facts() for method in options.methods},
        against=against,
        software={name: str(version) for name, version in software().items()},
    )
    prepare_folder(output, about, options.force)
    legs = [files[f"{case.split}/{case.name}"] for case in cases]
    runs = _planned(cohort, legs, hashes, output, options, about)
    missing = [run for run in runs if not run.done]
    outcomes = yield from run_all(missing, run_method, machines, "legs and methods", (output,))
    for outcome in outcomes:
        if outcome.error:
            write_run(Run(key=outcome.work.key, error=outcome.error), outcome.work.facts, outcome.work.files)
    yield Progress("writing the tables", 0, 1)
    results = collect_results([RunPlace(run.leg.case.name, run.method.label, run.files, run.key) for run in runs], about)
    results = replace(results, summary=summarise(results, against), findings=_findings(legs, options.given))
    write_results(output, results)
    return results


def _findings(legs: Sequence[LegFiles], given: SeedProtocol) -> tuple[Finding, ...]:
    """What has to be said of the protocol on such slices."""
    labelled = next((leg for leg in legs if leg.case.labels_path is not None), None)
    if labelled is None:
        return ()
    with labelled.here(volume=False) as case:
        assert case.labels_path is not None
        return distance_findings(given.protocol, open_grid(case.labels_path).spacing_xyz_mm[2])


def run_method(run: PlannedRun) -> None:
    """Run one method on one leg and write what was found; another process may do this."""
    propagator = run.method.build()
    volume = None
    with run.leg.here(volume=propagator.needs_volume) as case:
        truth = open_truth(case, run.label_names)
        if propagator.needs_volume:
            if case.volume_path is None:
                raise InputError(f"a volume of {case.name}", "none", "Complete the cohort.")
            volume = open_volume(case.volume_path)
    if volume is not None and run.method.sees_no_image:
        volume = without_image(volume)
    _write(run, benchmark(volume, truth, propagator, run.given), truth)


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
    labels = [method.label for method in options.methods]
    if options.against is None:
        return "guided" if "guided" in labels else labels[0]
    if options.against not in labels:
        raise InputError(
            f"one of {', '.join(labels)} after --against", f"'{options.against}'", "Choose a method that is compared."
        )
    return options.against


def _planned(
    cohort: Cohort,
    legs: Sequence[LegFiles],
    hashes: Mapping[str, list[str]],
    output: Path,
    options: EvaluationOptions,
    about: EvaluationFacts,
) -> list[PlannedRun]:
    runs: list[PlannedRun] = []
    for place, leg in enumerate(legs):
        name = leg.case.name
        for method in options.methods:
            facts = about.methods[method.label]
            depends: dict[str, Json] = {
                "format": FORMAT,
                "version": about.software["ifssnet"],
                "leg": hashes[name],
                "labels": {str(value): name for value, name in cohort.label_names.items()},
                "method": {name: value for name, value in method_table(facts).items() if name != "given_as"},
                "given": plain_table(options.given),
            }
            files = RunFiles(output / "cases" / name, method.label)
            names, keep = dict(cohort.label_names), place < options.keep
            runs.append(PlannedRun(leg, names, method, facts, options.given, files, digest_of(depends), keep))
    for folder in {run.files.folder for run in runs}:
        folder.mkdir(parents=True, exist_ok=True)
    return runs


def _write(run: PlannedRun, found: Benchmark, truth: LabelMap) -> None:
    """The numbers last: they say that the rest is there."""
    columns = {name: [getattr(each, name) for each in found.slices] for name in OWN_COLUMNS}
    write_table(columns, run.files.slices, force=True)
    if run.keep:
        save(found.segmentation.labels, run.files.segmentation, force=True)
        save(truth, run.files.folder / TRUTH, force=True)
    done = Run(
        key=run.key,
        status="done",
        error="",
        case=run.leg.case.name,
        label=run.method.label,
        given=run.given,
        given_slices=found.given,
        absent=tuple(sorted(set(run.label_names.values()) - set(found.muscles))),
        notes=found.notes,
        seconds=found.seconds,
        peak_mb=None if math.isnan(found.peak_mb) else found.peak_mb,
        muscles={name: {metric: str(value) for metric, value in row.items()} for name, row in found.muscles.items()},
        software={name: str(version) for name, version in software().items()},
    )
    write_run(done, run.facts, run.files)
