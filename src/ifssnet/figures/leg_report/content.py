"""What a leg's report is made of: numbers, slices, surfaces and words, all found elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, UInt8

from ifssnet.core.facts.compounding_facts import ProbePressure
from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.provenance import CaseFacts, SelfCheck
from ifssnet.core.results.agreement import LegAgreement
from ifssnet.core.results.measures import AcsaProfile, MuscleMeasures
from ifssnet.figures.rendering.axis_letters import ANATOMICAL, Letters
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.io.plain_data import Json
from ifssnet.measurement.checks.scanned_edge import MuscleCoverage

Mask = Bool[np.ndarray, "y x"]


@dataclass(frozen=True, eq=False)
class OutlinedSlice:
    """One slice, and the muscles that are outlined on it.

    Attributes:
        z: Its number.
        position_mm: Where it lies along the slice axis.
        image: Grey levels, 0 to 255.
        masks: Muscle's name to what was segmented there.
        reference_masks: Muscle's name to what the reference says.
        annotated: Names of the muscles that an expert drew on this slice.
    """

    z: int
    position_mm: float
    image: UInt8[np.ndarray, "y x"]
    masks: Mapping[str, Mask]
    reference_masks: Mapping[str, Mask] = field(default_factory=dict[str, Mask])
    annotated: Sequence[str] = ()


@dataclass(frozen=True)
class VolumeEstimate:
    """A muscle's volume from the annotated slices alone, and how far off that is likely to be.

    Attributes:
        volume_cm3: The estimate.
        leave_one_out_percent: Error when each annotated slice is left out in turn; None with too few slices.
        method: How, in a few words.
        leave_one_out_cm3: That error in cm3.
    """

    volume_cm3: float
    leave_one_out_percent: float | None = None
    method: str = ""
    leave_one_out_cm3: float | None = None


@dataclass(frozen=True, eq=False)
class ComparedMethod:
    """One of several methods on the same leg, from the same annotated slices.

    Attributes:
        name: The method's name for a person.
        agreement: Its agreement with the reference.
        slices: What it found, beside the reference; each method has the same slices.
        note: What a reader has to know of it, such as whose place it takes; may be empty.
    """

    name: str
    agreement: LegAgreement
    slices: Sequence[OutlinedSlice] = ()
    note: str = ""


@dataclass(frozen=True)
class ExpertRecord:
    """What a human did about a result, as a session has it.

    Attributes:
        signed_by: Who vouches for it; empty where nobody does.
        signed_at: When, ISO 8601.
        statement: What was remarked.
        expert_minutes: Time spent.
        outlines: Outlines drawn.
        slices_by_origin: For each muscle, how many slices were drawn, corrected, accepted, looked at or never seen.
        slices_by_method: Slices that each method found.
        networks: File and hash of every trained network among these methods.
    """

    signed_by: str = ""
    signed_at: str = ""
    statement: str = ""
    expert_minutes: float = 0.0
    outlines: int = 0
    slices_by_origin: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    slices_by_method: Mapping[str, int] = field(default_factory=dict[str, int])
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything on the page.

    Attributes:
        title: The case, as its owner calls it.
        grid: Where the segmentation's voxels lie.
        muscles: Muscle's name to its measures, its profile among them.
        reference_profiles: Muscle's name to its areas in the reference, where there is one.
        slices: The slices on the page, in their order.
        surfaces: The muscles' surfaces.
        agreement: The agreement with the reference, where there is one.
        methods: Several methods side by side, the segmentation's own first; empty where there is one only.
        colors: Muscle's name to (red, green, blue); the field's colours where a name is missing.
        annotated_slices: Muscle's name to the slices that an expert drew.
        findings: What the checks before the work found; None when nothing was checked, empty when all was well.
        estimates: Muscle's name to its volume from the annotated slices alone.
        network: The name of the network that segmented; empty for methods without one, and where nothing says so.
        self_checks: What networks found about themselves: muscle's name, empty for all muscles, to its check.
        pressures: How far the probe pressed the skin in, one a sweep; empty where the recordings are not known.
        coverage: Muscle's name to how much of it the scan held; empty without grey levels.
        case: Whose leg it is, who drew, and when it was analysed.
        expert: What a human did about it; None where no session is on record.
        provenance: How the segmentation came about: plain data, as deep as it likes.
        warnings: What was said while the case was read and measured.
        reference_name: What it was compared with, for a person.
        axes: What lies at +x, -x, +y, -y, +z and -z.
        side: Which leg, where known: it says which way is medial.
        made_at: Date and time as text; left out when empty, so that a page can be made twice the same.
        version: This package's version.
    """

    title: str
    grid: Grid
    muscles: Mapping[str, MuscleMeasures]
    reference_profiles: Mapping[str, AcsaProfile] = field(default_factory=dict[str, AcsaProfile])
    slices: Sequence[OutlinedSlice] = ()
    surfaces: Sequence[MuscleSurface] = ()
    agreement: LegAgreement | None = None
    methods: Sequence[ComparedMethod] = ()
    colors: Mapping[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    annotated_slices: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    findings: Sequence[Finding] | None = None
    estimates: Mapping[str, VolumeEstimate] = field(default_factory=dict[str, VolumeEstimate])
    network: str = ""
    self_checks: Mapping[str, SelfCheck] = field(default_factory=dict[str, SelfCheck])
    pressures: Sequence[ProbePressure] = ()
    coverage: Mapping[str, MuscleCoverage] = field(default_factory=dict[str, MuscleCoverage])
    case: CaseFacts = field(default_factory=CaseFacts)
    expert: ExpertRecord | None = None
    provenance: Mapping[str, Json] = field(default_factory=dict[str, Json])
    warnings: Sequence[str] = ()
    reference_name: str = ""
    axes: Letters = ANATOMICAL
    side: Literal["left", "right"] | None = None
    made_at: str = ""
    version: str = ""
