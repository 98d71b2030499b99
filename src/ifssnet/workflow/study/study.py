"""`ifss study`: many legs from their files to tables, statistics and a page."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.muscles import in_field_order
from ifssnet.core.progress import Progress
from ifssnet.core.results.study import SIDES, CaseOutcome, Design, MeasuredMuscle, StudyCase, StudyFacts, StudyResults
from ifssnet.figures.study_report.report import study_html
from ifssnet.io.plain_data import Json, plain, plain_table
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.tables import parquet_here, write_table
from ifssnet.io.storage.workbook import excel_here, write_workbook
from ifssnet.workflow.files.provenance import software
from ifssnet.workflow.files.result_files import holds_files, write_json
from ifssnet.workflow.jobs.run import Machines
from ifssnet.workflow.study.bids import write_bids
from ifssnet.workflow.study.comparisons import (
    agreements,
    comparisons,
    detectable_changes,
    group_differences,
    mistaken_changes,
    series_of,
)
from ifssnet.workflow.study.layout import RESULTS
from ifssnet.workflow.study.paragraph import methods_paragraph
from ifssnet.workflow.study.plan import Study, absent_cases, read_study
from ifssnet.workflow.study.records import MuscleRecord, Record
from ifssnet.workflow.study.run import run_cases
from ifssnet.workflow.study.study_file import FORMAT
from ifssnet.workflow.study.tables import tables_of

REPORT, METHODS, TABLES, WORKBOOK = "report.html", "methods.txt", "tables", "study.xlsx"


@dataclass(frozen=True)
class StudyOptions:
    """How a study is run.

    Attributes:
        workers: How many legs at a time, in this number of processes; 0 for this process.
        bids: Whether the segmentations are written in the layout of BIDS derivatives, too.
        cluster: The address of a Ray cluster that is used instead of workers; None for none.
    """

    workers: int = 1
    bids: bool = False
    cluster: str | None = None


def run_study(source: Path, output: Path, options: StudyOptions) -> Generator[Progress, None, StudyResults]:
    """Measure every leg of a study and write its tables and its page; a study that was stopped goes on where it was.

    Args:
        source: A study's file, or a folder.
        output: The folder of the results; it may hold earlier results of the same study.
        options: How it is run.

    Raises:
        InputError: A study that cannot be read, or a folder that holds something else or cannot be written.
    """
    study = read_study(source)
    _prepare(output, study)
    records = yield from run_cases(study, output, Machines.of(options.workers, options.cluster))
    yield Progress("writing the tables", 0, 1)
    results = results_of(study, records)
    _write(results, output)
    if options.bids:
        write_bids(study, results, output)
    return results


def results_of(study: Study, records: Mapping[StudyCase, Record]) -> StudyResults:
    """Everything that the tables and the page show, out of what each measurement found."""
    outcomes = _outcomes(study, records)
    measured = tuple(
        _measured(each.case, name, muscle)
        for each in outcomes
        if each.status == "done"
        for name, muscle in records[each.case].muscles.items()
    )
    order = {name: place for place, name in enumerate(in_field_order(dict.fromkeys(each.muscle for each in measured)))}
    measured = tuple(sorted(measured, key=lambda each: order[each.muscle]))
    sides = {*study.design.sides, *(each.case.side for each in measured)}
    design = replace(study.design, sides=tuple(side for side in SIDES if side in sides))
    series = series_of(measured)
    agreed = agreements(series, design)
    detectable = detectable_changes(series, agreed, study.file.mdc_cm3)
    compared = comparisons(series, design, detectable)
    done = [each for each in outcomes if each.status == "done"]
    facts = _facts(study, [records[each.case] for each in done])
    recordings = len({each.case.recording for each in done})
    findings = (*_findings(design, outcomes, facts), *_lacking(measured), *mistaken_changes(series, study.file.mdc_cm3))
    return StudyResults(
        name=study.name,
        design=design,
        outcomes=outcomes,
        measured=measured,
        agreements=agreed,
        detectable=detectable,
        comparisons=compared,
        groups=group_differences(compared, design.confidence),
        facts=facts,
        paragraph=methods_paragraph(facts, design, tuple(order), recordings, agreed, detectable),
        findings=findings,
    )


def _measured(case: StudyCase, name: str, muscle: MuscleRecord) -> MeasuredMuscle:
    """A muscle with its side: a scan of both legs says it in the muscle's name."""
    base, _, side = name.rpartition(" ")
    if not case.side and base and side in SIDES:
        return MeasuredMuscle(replace(case, side=side), base, muscle.numbers, muscle.profile)
    return MeasuredMuscle(case, name, muscle.numbers, muscle.profile)


def _lacking(measured: Sequence[MeasuredMuscle]) -> tuple[Finding, ...]:
    """Muscles that some measured legs have and others lack: these legs drop out of what is compared of them."""
    legs: dict[StudyCase, set[str]] = {}
    for each in measured:
        legs.setdefault(each.case, set()).add(each.muscle)
    found: list[Finding] = []
    for muscle in dict.fromkeys(each.muscle for each in measured):
        without = [case.name for case, muscles in legs.items() if muscle not in muscles]
        if without:
            names = ", ".join(without[:3]) + (f" and {len(without) - 3} more" if len(without) > 3 else "")
            text = f"{muscle} is not in {len(without)} of {len(legs)} measured legs ({names})."
            found.append(Finding("warning", text, "What is compared of it leaves them out.", float(len(without))))
    return tuple(found)


def summary_table(results: StudyResults) -> dict[str, Json]:
    """What `study.json` holds: everything but the tables of muscles and slices."""
    table = plain_table(results)
    return {"format": FORMAT, **{name: value for name, value in table.items() if name != "measured"}}


def _outcomes(study: Study, records: Mapping[StudyCase, Record]) -> tuple[CaseOutcome, ...]:
    found: list[CaseOutcome] = []
    for planned in study.cases:
        if planned.missing:
            found.append(CaseOutcome(planned.case, "missing", planned.missing, covariates=planned.covariates))
            continue
        record = records[planned.case]
        found.append(
            CaseOutcome(
                planned.case,
                record.status,
                record.error,
                record.remarks,
                record.method,
                planned.covariates,
            )
        )
    return (*found, *absent_cases(study))


def _facts(study: Study, records: Sequence[Record]) -> StudyFacts:
    segmented = [each for each in records if each.method]
    methods = {each.method: 0 for each in segmented}
    for each in segmented:
        methods[each.method] += 1
    compounded = [each.compounding for each in records if each.compounding]
    drawn = [count for each in segmented for count in each.annotated_slices.values() if count]
    spacings = sorted({each.spacing_xyz_mm for each in records if each.spacing_xyz_mm is not None})
    return StudyFacts(
        methods=methods,
        settings={each.method: each.settings for each in reversed(segmented)},
        protocol=study.file.method.protocol,
        weights={name: sha256 for each in segmented for name, sha256 in each.weights.items()},
        compounding=compounded[0] if compounded else {},
        spacing_xyz_mm=tuple(spacings[:1] if len(spacings) < 2 else (spacings[0], spacings[-1])),
        annotated_slices=(min(drawn), max(drawn)) if drawn else None,
        software=software(),
    )


def _findings(design: Design, outcomes: Sequence[CaseOutcome], facts: StudyFacts) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for status in ("failed", "missing"):
        here = [each for each in outcomes if each.status == status]
        if here:
            names = "; ".join(f"{each.case.name}: {each.reason.rstrip('.')}" for each in here[:3])
            more = f"; and {len(here) - 3} more" if len(here) > 3 else ""
            text = f"{status.capitalize()}: {len(here)} of {len(outcomes)} measurements ({names}{more})."
            found.append(Finding("warning", text, "", float(len(here))))
    if len(facts.methods) > 1:
        words = ", ".join(f"{name} on {legs}" for name, legs in facts.methods.items())
        found.append(Finding("warning", f"Legs were segmented by different methods: {words}.", "Name one in [method]."))
    both = len(design.sides) > 1
    if both and (len(design.raters) > 1 or design.repeated):
        text = "Both legs of a person count as two in the agreement, although they are not independent."
        found.append(Finding("note", text, "Its intervals are somewhat too narrow."))
    unordered = len(design.visits) > 1 and not design.before and not design.repeated
    if unordered:
        names = ", ".join(design.visits)
        found.append(Finding("note", f"The visits {names} are not compared.", "Say before and after in the study's file."))
    return tuple(found)


def _prepare(output: Path, study: Study) -> None:
    """Make the folder, or see that an earlier run of this study filled it."""
    holds = holds_files(output, "the results")
    known = read_json_object(output / RESULTS)
    if holds and (known is None or known.get("format") != FORMAT):
        raise InputError(f"an empty folder {output}, or earlier results of a study", "other files", "Choose another folder.")
    if known is not None and known.get("name") != study.name:
        raise InputError(f"results of {study.name} in {output}", f"those of {known.get('name')}", "Choose another folder.")
    if known is None:
        write_json({"format": FORMAT, "name": study.name}, output / RESULTS, force=True)


def _write(results: StudyResults, output: Path) -> None:
    """The tables, the paragraph and the page; what is there is replaced. The summary comes last."""
    tables = tables_of(results)
    folder = output / TABLES
    folder.mkdir(exist_ok=True)
    for name, columns in tables.items():
        empty = {column: [_blank(value) for value in values] for column, values in columns.items()}
        write_table(empty, folder / f"{name}.csv", force=True)
        if parquet_here():
            write_table(columns, folder / f"{name}.parquet", force=True)
    if excel_here():
        write_workbook(tables, output / WORKBOOK, force=True)
    for name, text in ((METHODS, results.paragraph), (REPORT, study_html(results))):
        with atomic_path(output / name, force=True) as partial:
            partial.write_text(text, encoding="utf-8", newline="\n")
    write_json(plain(summary_table(results)), output / RESULTS, force=True)


def _blank(value: object) -> object:
    return "" if value is None else value
