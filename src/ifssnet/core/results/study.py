"""What a study of many legs found: who was measured, what each muscle measures, and how the measurements compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ifssnet.core.findings import Finding
from ifssnet.core.results.reliability import BlandAltman, RepeatedMeasurements

Status: TypeAlias = Literal["done", "failed", "missing"]
Between: TypeAlias = Literal["raters", "visits"]
MdcSource: TypeAlias = Literal["given", "visits", "raters"]
ComparisonKind: TypeAlias = Literal["sides", "visits"]

LEFT, RIGHT = SIDES = ("left", "right")


@dataclass(frozen=True, order=True)
class StudyCase:
    """One measurement of one leg.

    Attributes:
        subject: The study's name or number of the person.
        side: "left" or "right"; empty where nobody said so.
        visit: The occasion; empty where there is one only.
        rater: Who drew; empty where nobody said so.
    """

    subject: str
    side: str = ""
    visit: str = ""
    rater: str = ""

    @property
    def recording(self) -> str:
        """The recording, which several raters may have drawn on: fit to be a folder's name."""
        return "_".join(part for part in (self.subject, self.side, self.visit) if part)

    @property
    def name(self) -> str:
        """The measurement, in words."""
        return " ".join(part for part in (self.subject, self.side, self.visit, self.rater) if part)


@dataclass(frozen=True)
class SliceArea:
    """One slice of a muscle.

    Attributes:
        z: The slice's number in the volume, counted from 0.
        position_mm: Its place along the slice axis, from the volume's first slice.
        percent_of_length: 0 at the muscle's first slice, 100 at its last.
        acsa_cm2: The anatomical cross-sectional area.
    """

    z: int
    position_mm: float
    percent_of_length: float
    acsa_cm2: float


@dataclass(frozen=True)
class MeasuredMuscle:
    """One muscle of one measurement.

    Attributes:
        case: The measurement.
        muscle: The muscle's name, as the field has it.
        numbers: The quantity's name to its value, as `ifss measure` calls them; None where it has none.
        profile: Slice by slice.
    """

    case: StudyCase
    muscle: str
    numbers: Mapping[str, float | None]
    profile: tuple[SliceArea, ...] = ()


@dataclass(frozen=True)
class CaseOutcome:
    """How one measurement ended.

    Attributes:
        case: The measurement.
        status: "done"; "failed": it could not be measured; "missing": a file or the
            line of the study's list is not there.
        reason: What went wrong, in words; empty where it was done.
        remarks: What a person has to know before using the numbers.
        method: The method that segmented the leg; empty for a segmentation that was given, and where nothing was done.
        covariates: What the study's list says beside, such as an age or a group.
    """

    case: StudyCase
    status: Status
    reason: str = ""
    remarks: tuple[str, ...] = ()
    method: str = ""
    covariates: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class StudyAgreement:
    """Repeated measurements of one quantity of one muscle.

    Attributes:
        between: What differs between the measurements: the raters, or visits between which nothing changed.
        quantity: As `ifss measure` calls it.
        muscle: The muscle's name.
        subjects: The number of persons whose legs were measured.
        found: The statistics; their `subjects` are legs, of which one person may have two.
    """

    between: Between
    quantity: str
    muscle: str
    subjects: int
    found: RepeatedMeasurements


@dataclass(frozen=True)
class StudyComparison:
    """One quantity of one muscle, on both sides or at two visits.

    Attributes:
        kind: "sides": left and right; "visits": before and after.
        subject: The person.
        side: The side, where visits are compared.
        visit: The visit, where sides are compared.
        rater: Who drew both.
        muscle: The muscle's name.
        quantity: As `ifss measure` calls it.
        first: The left side, or before.
        second: The right side, or after.
        difference: Left less right; after less before.
        percent: The difference in percent of the mean of both sides, or of the value before; None where that is 0.
        mdc: The minimal detectable change; None where nobody knows one.
        exceeds_mdc: Whether the difference is more than the measurement scatters; None where nobody knows.
    """

    kind: ComparisonKind
    subject: str
    side: str
    visit: str
    rater: str
    muscle: str
    quantity: str
    first: float
    second: float
    difference: float
    percent: float | None
    mdc: float | None = None
    exceeds_mdc: bool | None = None


@dataclass(frozen=True)
class GroupDifference:
    """The mean of the differences of all persons.

    Attributes:
        kind: "sides" or "visits".
        side: The side, where visits are compared.
        visit: The visit, where sides are compared.
        rater: Who drew.
        muscle: The muscle's name.
        quantity: As `ifss measure` calls it.
        found: Mean (`bias`), its confidence interval, and the spread of the differences.
    """

    kind: ComparisonKind
    side: str
    visit: str
    rater: str
    muscle: str
    quantity: str
    found: BlandAltman


@dataclass(frozen=True)
class DetectableChange:
    """The minimal detectable change of one quantity of one muscle.

    Attributes:
        quantity: As `ifss measure` calls it.
        muscle: The muscle's name.
        value: In the quantity's unit.
        source: "given" in the study's file, or found from repeated "visits" or from the "raters" of this study.
    """

    quantity: str
    muscle: str
    value: float
    source: MdcSource


@dataclass(frozen=True)
class Design:
    """What a study consists of, in the order of every table.

    Attributes:
        subjects: The persons.
        sides: The sides; empty where nobody said any.
        visits: The occasions; empty where nobody said any.
        raters: Who drew; empty where nobody said so.
        before: The visit that changes are counted from; empty where no change is asked for.
        after: The visit that they lead to.
        repeated: Visits between which nothing changed.
        confidence: The confidence of all intervals, between 0 and 1.
    """

    subjects: tuple[str, ...]
    sides: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    repeated: tuple[str, ...] = ()
    confidence: float = 0.95


@dataclass(frozen=True)
class StudyFacts:
    """How the numbers of a study came about.

    Attributes:
        methods: The methods that segmented, by name, each with the number of legs.
        settings: The settings of each method.
        protocol: How much of what was drawn the methods were given.
        weights: The networks that were used, by file name, with their SHA-256.
        compounding: How sweeps became volumes: the settings that the volumes record.
        spacing_xyz_mm: The smallest and the largest voxels of the segmentations.
        annotated_slices: The smallest and the largest number of drawn slices of a muscle.
        software: Versions by name.
    """

    methods: Mapping[str, int] = field(default_factory=dict[str, int])
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    protocol: str = ""
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    compounding: Mapping[str, str] = field(default_factory=dict[str, str])
    spacing_xyz_mm: tuple[tuple[float, float, float], ...] = ()
    annotated_slices: tuple[int, int] | None = None
    software: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class StudyResults:
    """Everything that a study's tables and its page show.

    Attributes:
        name: The study's name.
        design: What it consists of.
        outcomes: How each measurement ended, in the order of the design.
        measured: Every muscle of every measurement that was done.
        agreements: Between raters, and between repeated visits.
        detectable: Minimal detectable changes.
        comparisons: Sides against each other, and visits.
        groups: The means of these over all persons.
        facts: How it came about.
        paragraph: Text for a methods section.
        findings: What a person has to know of the study as a whole.
    """

    name: str
    design: Design
    outcomes: tuple[CaseOutcome, ...]
    measured: tuple[MeasuredMuscle, ...]
    agreements: tuple[StudyAgreement, ...]
    detectable: tuple[DetectableChange, ...]
    comparisons: tuple[StudyComparison, ...]
    groups: tuple[GroupDifference, ...]
    facts: StudyFacts
    paragraph: str
    findings: tuple[Finding, ...] = ()

    @property
    def muscles(self) -> tuple[str, ...]:
        """Names of all muscles, in the order in which they came."""
        return tuple(dict.fromkeys(each.muscle for each in self.measured))
