"""Digital legs and cohorts of them, as files."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.facts.written_files import MadeCohort, MadeLeg, MadeRecording
from ifssnet.core.progress import Progress, drain
from ifssnet.io.cohorts.cohort_folder import DESCRIPTION
from ifssnet.io.plain_data import plain_table
from ifssnet.io.storage.atomic import atomic_folder
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.storage.toml_text import toml
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.subject import Variant, check_seed, draw_subject
from ifssnet.phantom.anatomy.voxel_leg import leg_of_surfaces
from ifssnet.phantom.files.cohort import CohortPlan, describe_cohort, make_member
from ifssnet.phantom.files.leg_files import describe_recording, write_leg
from ifssnet.phantom.files.recording import PHANTOM_1, Generated, record_leg
from ifssnet.phantom.scanner.acquisition import Via, size_named
from ifssnet.workflow.files.result_files import write_json
from ifssnet.workflow.jobs.outcome import Outcome
from ifssnet.workflow.jobs.run import Machines, run_all

PLAN = "plan.json"
_KEPT_OF_NAME, _MOST_NAMED = 60, 10

SWEEP_SUFFIXES = (".sw", ".sxi", ".xml")
"""What a scanned leg holds besides a direct one's files: either may take the other's place."""


@dataclass(frozen=True)
class LegOptions:
    """What kind of leg, and how it is recorded.

    Attributes:
        seed: What the random numbers of the person and the recording start from.
        size: Name of a size.
        via: "scan" by sweeps, or "direct".
        variant: What kind of person.
        anatomy: A folder of closed surfaces to use instead of a drawn person.
        acquisitions: 1, or 2 with r2 as well.
        by: What makes the images.
    """

    seed: int = 1
    size: str = "quarter"
    via: Via = "scan"
    variant: Variant = "adult"
    anatomy: Path | None = None
    acquisitions: int = 1
    by: Generated = PHANTOM_1


def make_leg(output: Path, options: LegOptions, *, force: bool = False) -> Generator[Progress, None, MadeLeg]:
    """Record one digital leg into a folder, which comes into place when it is whole.

    Args:
        output: The folder.
        options: Which leg, and how.
        force: Replace the folder if it is there.

    Raises:
        InputError: An option that cannot be, surfaces that cannot be used, or a folder that cannot be written.
    """
    size = size_named(options.size)
    if options.acquisitions not in (1, 2):
        raise InputError("1 or 2 acquisitions", f"{options.acquisitions}", "Choose one of these.")
    check_seed(options.seed)
    if options.anatomy is not None and not options.anatomy.is_dir():
        raise InputError(
            "a folder of closed surfaces", f"{options.anatomy}, which is none", "Name a folder of STL, PLY or OBJ files."
        )
    if options.anatomy is not None and options.variant != "adult":
        raise InputError(
            "a variant of a leg that is drawn, or surfaces",
            f"the variant '{options.variant}' of surfaces",
            "Leave one of them out: surfaces are taken as they are.",
        )
    made: dict[str, MadeRecording] = {}
    with atomic_folder(output, force=force, also=SWEEP_SUFFIXES) as folder:
        leg = yield from _leg(options)
        for number in range(1, options.acquisitions + 1):
            recording = yield from record_leg(leg, size, options.via, number, options.seed, options.by)
            yield Progress("writing the leg", number - 1, options.acquisitions)
            write_leg(leg, recording, folder, number)
            grid = recording.acquisition.volume.grid
            volumes_cm3 = describe_recording(leg, recording).volumes_cm3
            made[f"r{number}"] = MadeRecording(
                volumes_cm3, grid.shape_zyx, grid.spacing_xyz_mm, len(recording.acquisition.sweeps)
            )
    return MadeLeg(output, options.by.name, made)


def _leg(options: LegOptions) -> Generator[Progress, None, ScannableLeg]:
    if options.anatomy is None:
        return build_leg(draw_subject(options.seed, options.variant))
    return (yield from leg_of_surfaces(options.anatomy, options.seed))


def make_cohort(
    output: Path, plan: CohortPlan, *, workers: int = 1, cluster: str | None = None, force: bool = False
) -> Generator[Progress, None, MadeCohort]:
    """Make a cohort into a folder, which comes into place when it is whole; the same plan gives the same bytes.

    Legs that were made before a stop wait in a hidden folder beside it, and are not made again for the same plan.

    Args:
        output: The folder.
        plan: Who is in it, and how they are recorded.
        workers: How many legs are made at a time, in this number of processes; 1 for this process. It has no part in the
            result.
        cluster: The address of a Ray cluster that is used instead; None for none.
        force: Replace the folder if it is there.

    Raises:
        InputError: No worker, legs that could not be made, or a folder that cannot be written.
    """
    if workers < 1:
        raise InputError("1 or more workers", f"{workers}", "Use as many as there are processor cores.")
    machines = Machines.of(0 if workers == 1 else workers, cluster)
    with atomic_folder(output, force=force) as folder:
        making = _begun(folder.with_name(f".{output.name[-_KEPT_OF_NAME:]}.making"), plan)
        works = [_MemberWork(plan, index, making) for index in range(len(plan.members))]
        missing = [work for work in works if not work.done]
        outcomes = yield from run_all(missing, make_one, machines, "making digital legs", (making,))
        _check_made(works, [outcome for outcome in outcomes if outcome.error])
        subjects = {work.name: read_json(work.record, "what is said of a digital leg") for work in works}
        for split in {member.split for member in plan.members}:
            (making / split).replace(folder / split)
        description = {**plain_table(describe_cohort(plan)), "subjects": subjects}
        (folder / DESCRIPTION).write_text(toml(description), encoding="utf-8", newline="\n")
    shutil.rmtree(making, ignore_errors=True)
    splits = Counter(member.split for member in plan.members)
    acquisitions = sum(member.acquisitions for member in plan.members)
    return MadeCohort(output, plan.by.name, len(works), acquisitions, dict(splits))


def _begun(making: Path, plan: CohortPlan) -> Path:
    """The folder in which a cohort is made: with the legs that are there already for the same plan, else empty."""
    wanted = {"plan": plain_table(plan), "versions": plain_table(describe_cohort(plan))["generator"]}
    if making.exists() and read_json_object(making / PLAN) != wanted:
        shutil.rmtree(making)
    making.mkdir(exist_ok=True)
    write_json(wanted, making / PLAN, force=True)
    return making


def _check_made(works: Sequence[_MemberWork], failed: Sequence[Outcome[_MemberWork, None]]) -> None:
    if len(failed) == 1 and failed[0].refusal is not None:
        raise failed[0].refusal
    if failed:
        words = [f"{outcome.work.name}: {outcome.error}" for outcome in failed[:_MOST_NAMED]]
        more = [f"and {len(failed) - _MOST_NAMED} more"] if len(failed) > _MOST_NAMED else []
        raise InputError(
            f"{len(works)} digital legs",
            f"{len(failed)} that could not be made: {'; '.join([*words, *more])}",
            "Start again, with fewer workers if memory was short: the others are kept.",
        )


@dataclass(frozen=True)
class _MemberWork:
    """One person of a cohort who is to be made into a folder."""

    plan: CohortPlan
    index: int
    folder: Path

    @property
    def name(self) -> str:
        """The person."""
        return self.plan.members[self.index].name

    @property
    def target(self) -> Path:
        """The person's folder."""
        return self.folder / self.plan.members[self.index].split / self.name

    @property
    def record(self) -> Path:
        """What `cohort.toml` is to say about the person; written last, it says that the person is whole."""
        return self.folder / f"{self.name}.json"

    @property
    def done(self) -> bool:
        """Whether the person was made."""
        return self.record.is_file()


def make_one(work: _MemberWork) -> None:
    """Make one person of a cohort; another process may do this, and again where one died."""
    work.target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(work.target, force=True) as partial:
        written = drain(make_member(work.plan, work.index, partial))
    write_json(plain_table(written), work.record, force=True)
