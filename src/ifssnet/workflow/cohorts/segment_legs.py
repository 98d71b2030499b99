"""`ifss segment` on many legs: each segmentation a file that is not made twice, wherever it is made."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.facts.written_files import SegmentedLeg, SegmentedLegs
from ifssnet.core.findings import Finding, worst_first
from ifssnet.core.progress import Progress, drain
from ifssnet.io.plain_data import Json, plain, plain_table, structure
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.provenance import provenance_path
from ifssnet.nn.engines.compiled import AUTO
from ifssnet.propagate.seeding.protocols import ALL_SEEDS, check_protocol
from ifssnet.workflow.cohorts.found_legs import SEGMENTED, FoundLeg, found_legs
from ifssnet.workflow.files.opener import SeedReading
from ifssnet.workflow.files.provenance import file_source, software
from ifssnet.workflow.files.result_files import digest_of, holds_files, write_csv, write_json
from ifssnet.workflow.jobs.run import Machines, run_all
from ifssnet.workflow.leg.method_choice import Choice, choose
from ifssnet.workflow.leg.segment_files import build, segment_files

FORMAT = "ifssnet-segment/1"
VOLUMES = "volumes.csv"
RECORDS = ".records"


@dataclass(frozen=True)
class SegmentOptions:
    """How every leg is segmented.

    Attributes:
        method: The method; None for the anchored network where it can run, else guided shape interpolation.
        settings: Its settings.
        weights: A file, or the name of weights in the package; None for the method's own, or none.
        protocol: How much of what was drawn the method is given.
        device: Where a learned method computes.
        engine: What runs its network.
        with_provenance: Write it beside each segmentation.
        names: Names of label values, for files that hold none.
        keep_outlines: Take outlines as the muscle itself instead of filling them.
        clean: Leave out stray pieces.
        workers: Legs at a time, in this number of processes; 0 for this process.
        cluster: The address of a Ray cluster that is used instead; None for none.
        force: Make every segmentation anew, also where the folder holds those of another method.
    """

    method: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    weights: str | Path | None = None
    protocol: str = ALL_SEEDS
    device: str = "auto"
    engine: str = AUTO
    with_provenance: bool = False
    names: Mapping[int, str] = field(default_factory=dict[int, str])
    keep_outlines: bool = False
    clean: bool = False
    workers: int = 1
    cluster: str | None = None
    force: bool = False


@dataclass(frozen=True)
class _Record:
    """The file that says that a leg's segmentation is whole.

    Attributes:
        key: A hash of all that it depends on.
        written: The size of the segmentation, and when it was written.
        leg: What was found.
    """

    key: str
    written: str
    leg: SegmentedLeg


@dataclass(frozen=True)
class _LegToSegment:
    """One leg that is to be segmented.

    Attributes:
        leg: Its files.
        output: The folder of all results.
        options: How.
        method: The method that was chosen.
        key: A hash of all that the result depends on.
    """

    leg: FoundLeg
    output: Path
    options: SegmentOptions
    method: str
    key: str

    @property
    def target(self) -> Path:
        """The segmentation."""
        return self.output / f"{self.leg.name}.seg.nrrd"

    @property
    def record(self) -> Path:
        """What says that it is whole."""
        return self.output / RECORDS / f"{self.leg.name}.json"

    @property
    def done(self) -> bool:
        """Whether the segmentation is there, and depends on the same."""
        there = self.target.is_file() and (not self.options.with_provenance or provenance_path(self.target).is_file())
        known = self.read_record()
        return there and known is not None and known.key == self.key

    @property
    def edited(self) -> bool:
        """Whether somebody has changed the segmentation since it was written."""
        known = self.read_record()
        return known is not None and self.target.is_file() and known.written != _written(self.target)

    def read_record(self) -> _Record | None:
        """What was found; None where the leg was not segmented, or by another version."""
        table = read_json_object(self.record)
        try:
            return None if table is None else structure(_Record, table, str(self.record))
        except InputError:
            return None


@dataclass(frozen=True)
class _Earlier:
    """What `segment.json` says of how the segmentations beside it were made."""

    made_with: Mapping[str, object]


def segment_legs(
    words: Sequence[str], seeds: Path | None, output: Path, options: SegmentOptions
) -> Generator[Progress, None, SegmentedLegs]:
    """Segment every leg of a folder, of an address or of a list; what was done stays done, what fails stops nothing else.

    The result of `legs/P1/left.mha` is `P1/left.seg.nrrd` in the output folder, beside a table of all volumes and
    `segment.json`. A segmentation whose files or settings have not changed is not made again.

    Args:
        words: A folder, an address that fsspec reads, or volumes and folders.
        seeds: A folder of seeds, or a pattern of their names; None for seeds beside the volumes.
        output: The folder of the results; it may hold those of an earlier run.
        options: How.

    Raises:
        InputError: Nothing to segment, an impossible method or setting, or a folder that holds something else.
    """
    check_protocol(options.protocol)
    machines = Machines.of(options.workers, options.cluster)
    yield Progress("looking for the legs", 0, 1)
    legs = found_legs(words, seeds)
    able = [leg for leg in legs if not leg.problem]
    with_volume = any(leg.volume is not None for leg in able or legs)
    choice = choose(options.method, options.weights, options.settings, volume_given=with_volume)
    build(choice, options.settings, options.device, options.engine)
    settings = _settings(choice, options)
    _prepare(output, settings, options.force)
    works = _planned(able, output, options, choice.method, settings)
    missing = [work for work in works if options.force or not work.done]
    kept = len(works) - len(missing)
    ended = {leg.name: _ended(leg, error=leg.problem) for leg in legs if leg.problem}
    if options.force:
        for work in missing:
            work.record.unlink(missing_ok=True)
    for work in [work for work in missing if work.edited]:
        missing.remove(work)
        ended[work.leg.name] = _ended(
            work.leg, error=f"{work.target} was edited since it was written; add --force to replace it"
        )
    outcomes = yield from run_all(missing, segment_leg, machines, "legs", (output,))
    ended |= {outcome.work.leg.name: _ended(outcome.work.leg, error=outcome.error) for outcome in outcomes if outcome.error}
    for work in works:
        if work.leg.name not in ended and (record := work.read_record()) is not None:
            ended[work.leg.name] = record.leg
    done = tuple(ended.get(leg.name, _ended(leg)) for leg in legs)
    found = SegmentedLegs(choice.method, choice.why, kept, done, _readings(legs), _shared(done))
    _write(found, settings, output)
    return found


def _planned(
    legs: Sequence[FoundLeg], output: Path, options: SegmentOptions, method: str, settings: Mapping[str, Json]
) -> list[_LegToSegment]:
    works: list[_LegToSegment] = []
    for leg in legs:
        depends = {**settings, "version": software()["ifssnet"], "files": leg.version(), "labels": plain(leg.labels)}
        works.append(_LegToSegment(leg, output, options, method, digest_of(depends)))
    for folder in {folder for work in works for folder in (work.target.parent, work.record.parent)}:
        folder.mkdir(parents=True, exist_ok=True)
    return works


def segment_leg(work: _LegToSegment) -> None:
    """Segment one leg; another process may do this. The record is written last: it says that the segmentation is whole."""
    options = work.options
    with warnings.catch_warnings(record=True) as caught, work.leg.here() as leg:
        warnings.simplefilter("always")
        assert leg.seeds is not None
        segmented = drain(
            segment_files(
                leg.volume,
                leg.seeds,
                work.target,
                work.method,
                options.settings,
                weights=options.weights,
                protocol=options.protocol,
                device=options.device,
                engine=options.engine,
                with_provenance=options.with_provenance,
                rater=leg.rater,
                force=True,
                reading=SeedReading(options.keep_outlines, options.clean, names=options.names, described=leg.labels),
            )
        )
    said = [Finding("warning", str(each.message)) for each in caught if isinstance(each.message, InputWarning)]
    findings = tuple(dict.fromkeys([*segmented.findings, *said]))
    volumes = {name: round(volume, 4) for name, volume in segmented.volume_cm3.items()}
    done = _ended(work.leg, status="done", error="", volume_cm3=volumes, findings=worst_first(findings))
    write_json(plain(_Record(work.key, _written(work.target), done)), work.record, force=True)


def segmented_legs_table(found: SegmentedLegs) -> dict[str, Json]:
    """As a program reads it."""
    return {**plain_table(found), "failed": len(found.failed)}


def _ended(
    leg: FoundLeg,
    status: Literal["done", "failed"] = "failed",
    error: str = "no result",
    volume_cm3: Mapping[str, float] | None = None,
    findings: tuple[Finding, ...] = (),
) -> SegmentedLeg:
    seeds = "" if leg.seeds is None else leg.seeds.name
    return SegmentedLeg(leg.name, status, error, seeds, leg.rater, volume_cm3 or {}, findings)


def _settings(choice: Choice, options: SegmentOptions) -> dict[str, Json]:
    """All that every segmentation depends on, but for the version of this package."""
    return {
        "method": choice.method,
        "settings": plain(options.settings),
        "weights": None if choice.weights is None else file_source(choice.weights).sha256,
        "protocol": options.protocol,
        "device": options.device,
        "engine": options.engine,
        "names": {str(value): name for value, name in options.names.items()},
        "keep_outlines": options.keep_outlines,
        "clean": options.clean,
    }


def _prepare(output: Path, settings: Mapping[str, Json], force: bool) -> None:
    """Make the folder, or see that it holds segmentations that these continue."""
    holds = holds_files(output, "the segmentations")
    known = read_json_object(output / SEGMENTED)
    if holds and known is None:
        raise InputError(f"an empty folder {output}, or earlier segmentations", "other files", "Choose another folder.")
    if known is not None and not force:
        before = structure(_Earlier, known, str(output / SEGMENTED), ignore_unknown=True).made_with
        if what := next((name for name in settings if before.get(name) != settings[name]), ""):
            raise InputError(
                f"segmentations with the same {what} in {output}",
                f"{before.get(what)} there, {settings[what]} here",
                "Choose another folder, or add --force to make all of them anew.",
            )
    # Says whose folder this is, before anything else is in it.
    write_json({**(known or {}), "format": FORMAT, "made_with": dict(settings)}, output / SEGMENTED, force=True)


def _readings(legs: Sequence[FoundLeg]) -> tuple[Finding, ...]:
    """What was taken to belong together although the names say more."""
    several = [leg for leg in legs if not leg.problem and leg.rater and leg.volume is not None]
    if not several:
        return ()
    shown = "; ".join(f"{leg.seeds.name} on {leg.volume.name}" for leg in several[:3] if leg.seeds and leg.volume)
    more = f"; and {len(several) - 3} more" if len(several) > 3 else ""
    text = f"The names of seeds that say more than their leg's are taken to say who drew: {shown}{more}."
    return (Finding("note", text),)


def _shared(legs: Sequence[SegmentedLeg]) -> tuple[Finding, ...]:
    """What was found, with the legs that it was found on."""
    said: dict[Finding, list[str]] = {}
    for leg in legs:
        for finding in leg.findings:
            said.setdefault(finding, []).append(leg.name)
    found: list[Finding] = []
    for finding, names in said.items():
        who = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        found.append(Finding(finding.severity, f"{who}: {finding.text}", finding.remedy, finding.figure, finding.unit))
    return worst_first(found)


def _write(found: SegmentedLegs, settings: Mapping[str, Json], output: Path) -> None:
    """The table of the volumes, and what says how each leg ended."""
    muscles = list(dict.fromkeys(name for leg in found.legs for name in leg.volume_cm3))
    rows = [
        [leg.name, leg.seeds, leg.rater, leg.status, leg.error, *(leg.volume_cm3.get(name, "") for name in muscles)]
        for leg in found.legs
    ]
    columns = ["leg", "seeds", "rater", "status", "error", *(f"{name}_cm3" for name in muscles)]
    write_csv(columns, rows, output / VOLUMES, force=True)
    table: dict[str, Json] = {"format": FORMAT, "made_with": dict(settings), "method": found.method}
    write_json({**table, "legs": plain(found.legs)}, output / SEGMENTED, force=True)


def _written(path: Path) -> str:
    facts = path.stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"
