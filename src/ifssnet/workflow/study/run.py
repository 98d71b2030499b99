"""The work of a study: sweeps to volumes, drawn slices to segmentations, segmentations to numbers; what is done stays done."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ifssnet.compounding.holes.options import AnyFilling, DistanceFilling, ScaledFilling
from ifssnet.core.errors import InputWarning
from ifssnet.core.findings import Finding
from ifssnet.core.progress import Progress, drain
from ifssnet.core.provenance import BodySide, Provenance
from ifssnet.core.results.measures import AcsaProfile, MuscleMeasures
from ifssnet.core.results.study import LEFT, RIGHT, SliceArea, StudyCase
from ifssnet.io.open import open_grid
from ifssnet.io.plain_data import plain_table
from ifssnet.workflow.files.opener import SeedReading
from ifssnet.workflow.files.provenance import software, source
from ifssnet.workflow.files.result_files import digest_of
from ifssnet.workflow.jobs.run import Machines, run_all
from ifssnet.workflow.leg.compound_files import RecordingFiles, compound_files
from ifssnet.workflow.leg.measure_files import MeasuredLeg, measure_files
from ifssnet.workflow.leg.method_choice import choose
from ifssnet.workflow.leg.segment_files import segment_files
from ifssnet.workflow.study.plan import PlannedCase, Study
from ifssnet.workflow.study.records import RECORD_FORMAT, CaseFiles, MuscleRecord, Record, read_record, write_record
from ifssnet.workflow.study.study_file import CompoundingSettings, MethodSettings

_LONGEST_SETTING = 120


@dataclass(frozen=True)
class CompoundWork:
    """One recording that is to be compounded.

    Attributes:
        files: Where its results lie.
        recording: What is read, and how it is put together.
        key: A hash of all that the volume depends on.
    """

    files: CaseFiles
    recording: RecordingFiles
    key: str

    @property
    def done(self) -> bool:
        """Whether the volume is there already."""
        return self.files.volume.is_file() and read_record(self.files.volume_record, self.key).status == "done"


@dataclass(frozen=True)
class CaseWork:
    """One measurement that is to be made.

    Attributes:
        files: Where its results lie.
        planned: Its files.
        volume: The grey levels, compounded or given; None for none.
        method: How it is segmented.
        weights: The network's weights; None for the method's own, or none.
        key: A hash of all that the numbers depend on.
    """

    files: CaseFiles
    planned: PlannedCase
    volume: Path | None
    method: MethodSettings
    weights: str | Path | None
    key: str

    @property
    def done(self) -> bool:
        """Whether the numbers are there already."""
        whole = self.planned.segmentation is not None or self.files.segmentation.is_file()
        return whole and read_record(self.files.record, self.key).status == "done"


def run_cases(study: Study, output: Path, machines: Machines) -> Generator[Progress, None, dict[StudyCase, Record]]:
    """Compound, segment and measure whatever is not done yet; a failure does not stop the others.

    Args:
        study: What to do.
        output: The folder of the results.
        machines: Where the work is done.

    Returns:
        How each measurement whose files are there ended.

    Raises:
        InputError: Settings that no leg can be compounded or segmented with, or a folder that cannot be written.
    """
    cases = [each for each in study.cases if not each.missing]
    recordings = yield from _compound(study, cases, output, machines)
    records: dict[StudyCase, Record] = {}
    works: list[CaseWork] = []
    for place, each in enumerate(cases):
        yield Progress("reading what was drawn", place, len(cases))
        compounded = recordings.get(each.case.recording)
        if compounded is not None and compounded.status == "failed":
            records[each.case] = compounded
        else:
            works.append(_work(study, each, output))
    todo = [work for work in works if not work.done]
    outcomes = yield from run_all(todo, measure_case, machines, "legs", (output,))
    for outcome in outcomes:
        if outcome.error:
            write_record(Record(key=outcome.work.key, error=outcome.error), outcome.work.files.record)
    for work in works:
        record = read_record(work.files.record, work.key)
        before = recordings.get(work.planned.case.recording)
        if before is not None:
            record = replace(record, compounding=before.compounding, remarks=(*before.remarks, *record.remarks))
        records[work.planned.case] = record
    return records


def _compound(
    study: Study, cases: Sequence[PlannedCase], output: Path, machines: Machines
) -> Generator[Progress, None, dict[str, Record]]:
    """How each recording with sweeps ended, by its name."""
    first = {each.case.recording: each for each in reversed(cases) if each.sweeps}
    works: list[CompoundWork] = []
    for name in sorted(first):
        yield Progress("reading the sweeps", len(works), len(first))
        works.append(_compound_work(study, first[name], output))
    todo = [work for work in works if not work.done]
    outcomes = yield from run_all(todo, compound_recording, machines, "recordings", (output,))
    for outcome in outcomes:
        if outcome.error:
            write_record(Record(key=outcome.work.key, error=outcome.error), outcome.work.files.volume_record)
    return {work.files.case.recording: read_record(work.files.volume_record, work.key) for work in works}


def _compound_work(study: Study, planned: PlannedCase, output: Path) -> CompoundWork:
    settings = study.file.compounding
    files = CaseFiles(output, planned.case)
    files.folder.mkdir(parents=True, exist_ok=True)
    options = compounding_options(settings)
    if planned.grid is not None:
        # A grid has its own spacing and axes.
        options = {name: value for name, value in options.items() if name not in ("spacing_mm", "axes")}
    recording = RecordingFiles(
        planned.sweeps, study.path(settings.config), options, planned.grid, calibration=study.path(settings.calibration)
    )
    depends = {
        "format": RECORD_FORMAT,
        "version": software()["ifssnet"],
        "files": [source(path)["sha256"] for path in recording.inputs],
        "grid": "" if planned.grid is None else source(planned.grid)["sha256"],
        "settings": plain_table(settings),
    }
    return CompoundWork(files, recording, digest_of(depends))


def compounding_options(settings: CompoundingSettings) -> dict[str, Any]:
    """The options of `ifss compound` that a study's file gives."""
    names = ("spacing_mm", "axes", "interpolation", "compounding")
    given: dict[str, Any] = {name: value for name in names if (value := getattr(settings, name)) is not None}
    if settings.fill == "none":
        given["holes"] = ()
    elif settings.fill is not None:
        filling: AnyFilling = ScaledFilling(settings.fill)
        given["holes"] = (filling if settings.fill_mm is None else DistanceFilling(settings.fill_mm),)
    return given


def compound_recording(work: CompoundWork) -> None:
    """Compound one recording and write how it went; another process may do this."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        written = drain(compound_files(work.recording, work.files.volume, force=True))
    done = Record(
        key=work.key,
        status="done",
        error="",
        remarks=(*_remarks(written.findings), *_words(caught)),
        compounding=short_settings(written.settings),
        software=software(),
    )
    write_record(done, work.files.volume_record)


def short_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """How a volume was compounded, without the findings and the curves that its header carries beside.

    >>> short_settings({"compounding": "mean", "findings": "[{}]"})
    {'compounding': 'mean'}
    """
    return {name: words for name, words in settings.items() if len(words) <= _LONGEST_SETTING and words[:1] not in ("[", "{")}


def _work(study: Study, planned: PlannedCase, output: Path) -> CaseWork:
    files = CaseFiles(output, planned.case)
    files.folder.mkdir(parents=True, exist_ok=True)
    volume = files.volume if planned.sweeps else planned.volume
    method = study.file.method
    weights = _weights(study, method.weights)
    choice = choose(method.name or None, weights, method.settings, volume_given=volume is not None)
    read = [*planned.seeds, *(each for each in (volume, planned.segmentation, choice.weights) if each is not None)]
    depends = {
        "format": RECORD_FORMAT,
        "version": software()["ifssnet"],
        "files": [source(path)["sha256"] for path in read],
        "method": {**plain_table(method), "name": choice.method} if planned.segmentation is None else None,
    }
    return CaseWork(files, planned, volume, method, weights, digest_of(depends))


def _weights(study: Study, text: str) -> str | Path | None:
    """Weights beside the study's file, else a name of weights in the package."""
    path = study.path(text)
    return path if path is not None and path.exists() else text or None


def measure_case(work: CaseWork) -> None:
    """Segment and measure one leg and write its numbers; another process may do this."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        provenance, findings = (None, ()) if work.planned.segmentation is not None else _segmented(work)
        labels = work.planned.segmentation or work.files.segmentation
        found = measure_files(labels, work.volume)
        spacing = open_grid(labels).spacing_xyz_mm
    remarks = dict.fromkeys([*_remarks([*findings, *found.findings]), *_words(caught)])
    record = Record(
        key=work.key,
        status="done",
        error="",
        remarks=tuple(remarks),
        muscles=_muscles(found),
        spacing_xyz_mm=spacing,
        software=software(),
    )
    write_record(record if provenance is None else _with_method(record, provenance), work.files.record)


def _segmented(work: CaseWork) -> tuple[Provenance, tuple[Finding, ...]]:
    method, case = work.method, work.planned.case
    side: BodySide | None = "left" if case.side == LEFT else "right" if case.side == RIGHT else None
    written = drain(
        segment_files(
            work.volume,
            list(work.planned.seeds),
            work.files.segmentation,
            method.name or None,
            method.settings,
            weights=work.weights,
            protocol=method.protocol,
            device=method.device,
            with_provenance=True,
            subject=case.subject,
            side=side,
            rater=case.rater,
            force=True,
            reading=SeedReading(keep_outlines=method.keep_outlines, clean=method.clean),
        )
    )
    return written.provenance, written.findings


def _with_method(record: Record, provenance: Provenance) -> Record:
    weights = provenance.weights
    return replace(
        record,
        method=provenance.method_name,
        settings=plain_table(provenance.method.settings),
        weights={} if weights is None else {weights.file: weights.sha256},
        annotated_slices={name: len(each.present) for name, each in provenance.annotated_slices.items()},
    )


def _muscles(found: MeasuredLeg) -> dict[str, MuscleRecord]:
    return {name: MuscleRecord(_numbers(each), _slices(each.profile)) for name, each in found.measures.muscles.items()}


def _numbers(measures: MuscleMeasures) -> Mapping[str, float | None]:
    table = plain_table({name: float(value) for name, value in measures.numbers().items()})
    return {name: value if isinstance(value, float) else None for name, value in table.items()}


def _slices(profile: AcsaProfile | None) -> tuple[SliceArea, ...]:
    if profile is None:
        return ()
    columns = (profile.z, profile.position_mm, profile.percent_of_length, profile.acsa_cm2)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(SliceArea(int(z), round(mm, 4), round(percent, 3), round(acsa, 5)) for z, mm, percent, acsa in rows)


def _remarks(findings: Sequence[Finding]) -> list[str]:
    return [f"{each.severity}: {each.text} {each.remedy}".rstrip() for each in findings]


def _words(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """What the house warned of; what libraries say stays unseen, as on the command line."""
    return [f"warning: {each.message}" for each in caught if isinstance(each.message, InputWarning)]
