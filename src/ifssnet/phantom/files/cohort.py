"""A cohort of digital legs: who is in it, and one leg of it made and written."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from ifssnet.core.cohort import SPLITS
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.scannable_leg import LegDescription
from ifssnet.phantom.anatomy.subject import Sex, Side, Subject, Variant, check_seed, draw_subject
from ifssnet.phantom.anatomy.tissue import NAMES
from ifssnet.phantom.files.leg_files import LEG_3D_US_VALUES, NEIGHBOURS, describe_recording, with_neighbours, write_case
from ifssnet.phantom.files.recording import PHANTOM_1, Generated, record_leg
from ifssnet.phantom.scanner.acquisition import VERSION, Via, size_named
from ifssnet.phantom.varied_scanner.look import Look

MOST_SUBJECTS = 10_000

Truth = Literal["muscles", "structures"]
"""What is labelled: the paper's three muscles, or bones and deep muscles as well, for training on more than muscles' shapes."""


@dataclass(frozen=True)
class Member:
    """One person of a cohort.

    Attributes:
        name: The folder's name.
        split: train, val or test.
        subject: The person.
        acquisitions: 1, or 2 where r2 was recorded as well.
    """

    name: str
    split: str
    subject: Subject
    acquisitions: int


@dataclass(frozen=True)
class CohortPlan:
    """Everything about a cohort before any voxel is made; the same plan gives the same bytes.

    Attributes:
        seed: What all random numbers start from.
        size: Name of a size.
        via: "scan" or "direct".
        variant: What kind of people.
        members: In the order of their names.
        by: What makes the images.
        truth: What is labelled.
    """

    seed: int
    size: str
    via: Via
    variant: Variant
    members: tuple[Member, ...]
    by: Generated = PHANTOM_1
    truth: Truth = "muscles"

    def only(self, names: Sequence[str]) -> CohortPlan:
        """Some of its persons, as they are in the whole: a few of them can be made at another size, or again.

        Raises:
            InputError: A name that nobody has.
        """
        known = {member.name for member in self.members}
        if unknown := [name for name in names if name not in known]:
            first, last = self.members[0].name, self.members[-1].name
            raise InputError(f"names from {first} to {last}", f"'{unknown[0]}'", "Name persons of the cohort.")
        return replace(self, members=tuple(member for member in self.members if member.name in names))


def plan_cohort(
    subjects: int,
    split: tuple[int, int, int] | None = None,
    *,
    seed: int = 0,
    size: str = "quarter",
    via: Via = "direct",
    variant: Variant = "adult",
    second: int | None = None,
    by: Generated = PHANTOM_1,
    truth: Truth = "muscles",
) -> CohortPlan:
    """Who is in a cohort: as many women as men, 20 left legs in 44, and r2 of 15 persons in 44, as in LEG-3D-US.

    Args:
        subjects: How many persons.
        split: How many of them are for training, validation and testing; None for LEG-3D-US' shares.
        seed: What all random numbers start from.
        size: Name of a size.
        via: "scan" or "direct".
        variant: What kind of people.
        second: How many have a second acquisition; 15 in 44 unless given.
        by: What makes the images.
        truth: What is labelled.

    Raises:
        InputError: Splits that do not add up, or numbers that no cohort has.
    """
    size_named(size)
    if not 1 <= subjects <= MOST_SUBJECTS:
        raise InputError(f"1 to {MOST_SUBJECTS:,} subjects", f"{subjects}", "Correct the number.")
    split = likely_split(subjects) if split is None else split
    if min(split) < 0 or sum(split) != subjects:
        raise InputError(
            f"a split into train/val/test that adds up to {subjects}",
            "/".join(map(str, split)),
            f"Give for example --split {'/'.join(map(str, likely_split(subjects)))}.",
        )
    both = round(subjects * 15 / 44) if second is None else second
    if not 0 <= both <= subjects:
        raise InputError(f"0 to {subjects} subjects with a second acquisition", f"{both}", "Correct the number.")
    check_seed(seed)
    rng = np.random.default_rng([seed, 0xC07])
    women, left, twice = (rng.permutation(subjects) < count for count in (round(subjects / 2), round(subjects * 20 / 44), both))
    splits = [name for name, count in zip(SPLITS, split, strict=True) for _ in range(count)]
    width = max(2, len(str(subjects)))
    members: list[Member] = []
    for index in range(subjects):
        sex: Sex = "female" if women[index] else "male"
        side: Side = "left" if left[index] else "right"
        own = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
        name = f"P{index + 1:0{width}d}"
        members.append(Member(name, splits[index], draw_subject(own, variant, sex, side), 2 if twice[index] else 1))
    return CohortPlan(seed, size, via, variant, tuple(members), by, truth)


def likely_split(subjects: int) -> tuple[int, int, int]:
    """Training, validation and test in LEG-3D-US' shares (29/5/10), nobody's split empty where there are persons for all."""
    test = max(round(subjects * 10 / 44), int(subjects >= 2))
    val = max(round(subjects * 5 / 44), int(subjects >= 3))
    return subjects - val - test, val, test


def _label_names(truth: Truth) -> dict[int, str]:
    tissues = [*LEG_3D_US_VALUES, *(NEIGHBOURS if truth == "structures" else ())]
    return {LEG_3D_US_VALUES.get(tissue, int(tissue)): NAMES[tissue] for tissue in tissues}


@dataclass(frozen=True, eq=False)
class WrittenRecording:
    """What `cohort.toml` says about one acquisition of a person.

    Attributes:
        leg_to_world: Where the leg lay, 4 x 4, mm.
        shape_zyx: Voxels of the volume.
        spacing_xyz_mm: Their size.
        sha256: File's name to its hash.
        look: How it looked, where the generator draws that for each leg.
    """

    leg_to_world: Float[np.ndarray, "4 4"]
    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: tuple[float, float, float]
    sha256: Mapping[str, str]
    look: Look | None = None


@dataclass(frozen=True, eq=False)
class WrittenMember:
    """What `cohort.toml` says about one person.

    Attributes:
        split: train, val or test.
        subject: The person.
        volumes_cm3: Muscle's name to its true volume in r1.
        r1: The first acquisition.
        r2: The second one, where there is one.
    """

    split: str
    subject: LegDescription
    volumes_cm3: Mapping[str, float]
    r1: WrittenRecording
    r2: WrittenRecording | None = None


@dataclass(frozen=True)
class CohortRecipe:
    """How a cohort was made.

    Attributes:
        version: Name of the generator.
        seed: What all random numbers start from.
        size: Name of a size.
        via: "scan" or "direct".
        variant: What kind of people.
        versions: Library's name to its version.
        scanner: Family that the legs' scanners were drawn from, where the generator draws them.
    """

    version: str
    seed: int
    size: str
    via: Via
    variant: Variant
    versions: Mapping[str, str]
    scanner: str | None = None


@dataclass(frozen=True, eq=False)
class WrittenCohort:
    """What `cohort.toml` says before its persons, `[subjects.NAME]`: how to read the cohort, and how to make it again.

    Attributes:
        name: The cohort's name, for a person.
        licence: Its SPDX identifier.
        citation: What to cite.
        notes: What a reader has to know.
        acquisition: The acquisition that a case holds unless `acquisitions` says otherwise.
        labels: Label value, as text, to the muscle's name.
        acquisitions: Case's name to its acquisition.
        generator: How the cohort was made.
    """

    name: str
    licence: str
    citation: tuple[str, ...]
    notes: tuple[str, ...]
    acquisition: str
    labels: Mapping[str, str]
    acquisitions: Mapping[str, str]
    generator: CohortRecipe


def make_member(plan: CohortPlan, index: int, target: Path) -> Generator[Progress, None, WrittenMember]:
    """Make one person's acquisitions, write them into a folder, and return what `cohort.toml` says about them."""
    member = plan.members[index]
    leg = build_leg(member.subject)
    volumes_cm3: Mapping[str, float] = {}
    written: list[WrittenRecording] = []
    for number in range(1, member.acquisitions + 1):
        recording = yield from record_leg(leg, size_named(plan.size), plan.via, number, member.subject.seed, plan.by)
        recorded = recording.acquisition
        if number == 1:
            volumes_cm3 = describe_recording(leg, recording).volumes_cm3
        if plan.truth == "structures":
            recorded = with_neighbours(recorded, recording.tissues)
        paths = write_case(recorded, target, number)
        hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
        grid = recorded.volume.grid
        written.append(WrittenRecording(recorded.leg_to_world, grid.shape_zyx, grid.spacing_xyz_mm, hashes, recording.look))
    return WrittenMember(member.split, leg.description, volumes_cm3, *written)


def describe_cohort(plan: CohortPlan) -> WrittenCohort:
    """What `cohort.toml` says about a cohort before it comes to its persons."""
    versions = {name: version(name) for name in ("ifssnet", "numpy", "scipy", "numba")}
    versions["python"] = platform.python_version()
    return WrittenCohort(
        name=f"digital legs {plan.seed}",
        licence="Apache-2.0",
        citation=(),
        notes=(f"Made by {plan.by.name}: digital legs with exact truth, not people.", "Labels are exact; real ones are not."),
        acquisition="r1",
        labels={str(value): name for value, name in sorted(_label_names(plan.truth).items())},
        acquisitions={f"{m.name}_x2": "r2" for m in plan.members if m.acquisitions == 2},
        generator=CohortRecipe(
            plan.by.name,
            plan.seed,
            plan.size,
            plan.via,
            plan.variant,
            versions,
            None if plan.by.name == VERSION else plan.by.scanner,
        ),
    )
