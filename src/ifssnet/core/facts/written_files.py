"""What commands that write a file or a folder answer: where it is, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid


@dataclass(frozen=True)
class CompoundedFile:
    """A volume that was compounded and written.

    Attributes:
        output: The file.
        grid: Where its voxels lie.
        settings: How it was compounded: the header's entries without `ifss_`.
        sources: Name and hash of each file that was read.
        findings: What to know about the recordings, the worst first.
    """

    output: Path
    grid: Grid
    settings: Mapping[str, str]
    sources: Sequence[Mapping[str, str]]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class OutlinedFrames:
    """A segmentation outlined on the frames of a sweep.

    Attributes:
        output: The file or the folder.
        frames: Number of frames with a valid pose.
        frames_with_contours: Number of those that show a part of the segmentation.
        contours: Structure's name to its number of outlines.
    """

    output: Path
    frames: int
    frames_with_contours: int
    contours: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class RegisteredFile:
    """A volume or a label map that was resampled onto another volume's grid and written.

    Attributes:
        output: The file.
        moving_to_fixed_mm: 4 x 4, takes (x, y, z, 1) in mm of the moving volume to mm of the fixed one, LPS.
        mutual_information: In the result, in nats.
        start_mutual_information: The same as acquired.
        overlap: Share of the smaller volume's seen voxels that lie in the other's.
        translation_mm: How far the moving volume's middle moves.
        rotation_deg: By how much it turns.
        sources: Name and hash of each file that was read.
    """

    output: Path
    moving_to_fixed_mm: Float[np.ndarray, "4 4"]
    mutual_information: float
    start_mutual_information: float
    overlap: float
    translation_mm: float
    rotation_deg: float
    sources: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class MadeRecording:
    """One acquisition of a digital leg, as it was written.

    Attributes:
        volumes_cm3: Muscle's name to its true volume.
        shape_zyx: Voxels of the volume.
        spacing_xyz_mm: Their size.
        sweeps: Number of sweeps; 0 for a volume that was made directly.
    """

    volumes_cm3: Mapping[str, float]
    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: tuple[float, float, float]
    sweeps: int


@dataclass(frozen=True)
class MadeLeg:
    """A digital leg in a folder.

    Attributes:
        output: The folder.
        generator: Name of the generator.
        recordings: Acquisition's name, "r1" or "r2", to what was written.
    """

    output: Path
    generator: str
    recordings: Mapping[str, MadeRecording]


@dataclass(frozen=True)
class MadeCohort:
    """A cohort of digital legs in a folder.

    Attributes:
        output: The folder.
        generator: Name of the generator.
        subjects: Number of persons.
        acquisitions: Number of acquisitions of all of them.
        splits: Split's name to its number of persons.
    """

    output: Path
    generator: str
    subjects: int
    acquisitions: int
    splits: Mapping[str, int]


@dataclass(frozen=True)
class SegmentedLeg:
    """How one leg ended.

    Attributes:
        name: Its path and name below the folder of the results.
        status: Whether its segmentation is there.
        error: Why not.
        seeds: The name of the file of seeds.
        rater: What that name says beside the leg's.
        volume_cm3: The volume of each muscle.
        findings: What a person has to know before using it.
    """

    name: str
    status: Literal["done", "failed"] = "failed"
    error: str = "no result"
    seeds: str = ""
    rater: str = ""
    volume_cm3: Mapping[str, float] = field(default_factory=dict[str, float])
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SegmentedLegs:
    """Many segmentations, as `segment.json` of their folder has them.

    Attributes:
        method: The method.
        why: Why it was chosen; empty where somebody named it.
        kept: The number of legs that were there already.
        legs: Every leg, by name.
        readings: How names of files were taken that can be taken in more than one way.
        findings: What a person has to know, once for all legs that it is said of.
    """

    method: str
    why: str
    kept: int
    legs: tuple[SegmentedLeg, ...]
    readings: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> tuple[SegmentedLeg, ...]:
        """The legs without a segmentation."""
        return tuple(leg for leg in self.legs if leg.status == "failed")
