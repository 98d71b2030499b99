"""What is known of a compounding before it begins: the plan, the coverage, the probe's motion and the findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ifssnet.core.findings import Finding, Severity
from ifssnet.core.grid import Grid


@dataclass(frozen=True)
class CompoundPlan:
    """A compounding that has not begun.

    Attributes:
        grid: What it is compounded onto.
        bytes_by_array: Memory by what it holds, all of it at the same time.
        frames: Frames of all sweeps.
        invalid_frames: Those whose pose the tracker does not stand for; never used.
        used_frames: Those that will be inserted: valid, and on the skip interval.
        pixels: Pixels that will be inserted.
        available_bytes: Memory that the machine has left; None where it does not tell.
        axes: Whose axes the grid has: the "reference" frame's, the "sweep"'s, or those of a "given" grid.
        sweep_angle_deg: Angle between the sweeps' main direction and the reference frame's z.
        slice_angle_deg: Angle between the sweeps' main direction and the grid's z: 0 where slices are cross-sections.
    """

    grid: Grid
    bytes_by_array: dict[str, int]
    frames: int
    invalid_frames: int
    used_frames: int
    pixels: int
    available_bytes: int | None
    axes: Literal["reference", "sweep", "given"] = "reference"
    sweep_angle_deg: float = 0.0
    slice_angle_deg: float = 0.0

    @property
    def voxels(self) -> int:
        """Voxels of the output."""
        return self.grid.voxels

    @property
    def bytes_needed(self) -> int:
        """Memory in all, beyond the frames themselves."""
        return sum(self.bytes_by_array.values())


@dataclass(frozen=True)
class Coverage:
    """How much of what was swept over the frames show, on columns of voxels along the main direction of the sweeps.

    A voxel was swept over when it lies between two frames that follow each other, both of which cut its column; frames
    that were left out between them make that gap longer.

    Attributes:
        unseen_share: Share of what was swept over that no frame passes through.
        longest_gap_mm: Its greatest length along the sweep; infinite where nothing was seen.
        overlap_share: Share of the voxels seen that two sweeps or more see; None for one sweep.
    """

    unseen_share: float
    longest_gap_mm: float
    overlap_share: float | None


@dataclass(frozen=True)
class Jump:
    """An implausible step between one valid frame and the next.

    Attributes:
        frame: Index of the frame after it.
        step_mm: How far the frame's middle moved.
        turn_deg: By how much the frame turned.
    """

    frame: int
    step_mm: float
    turn_deg: float


@dataclass(frozen=True)
class Motion:
    """The movement of one sweep.

    Attributes:
        median_step_mm: Between neighbouring valid frames, of their middles; 0 for fewer than two.
        median_spacing_mm: The same across the frames' planes: what separates neighbouring images.
        length_mm: Between the two frames' middles that lie furthest apart along the sweep.
        jumps: Steps far beyond the others.
        still_frames: Frames that did not move against the one before.
        median_interval_s: Between neighbouring frames; 0 where the recording has no times.
        time_gaps: Frames before which more than a few intervals passed.
        backward_times: Frames whose time lies before that of the frame before them.
        longest_invalid_run: Most frames in a row with invalid poses.
    """

    median_step_mm: float
    median_spacing_mm: float
    length_mm: float
    jumps: tuple[Jump, ...]
    still_frames: int
    median_interval_s: float
    time_gaps: tuple[int, ...]
    backward_times: tuple[int, ...]
    longest_invalid_run: int


@dataclass(frozen=True)
class ProbePressure:
    """How far the probe pressed the skin in, along one sweep.

    Attributes:
        along_mm: Places along the leg, from the first that any sweep saw.
        beside_mm: How much deeper the skin lies there than another sweep saw it; NaN where no other saw it.
        inside_mm: How much deeper the skin lies there than its own smooth course; NaN where it was not seen.
        fat_mm: Thickness of the fat where the probe pressed most; None where it did not press, or no two sweeps see the fat.
        fat_elsewhere_mm: The same as another sweep saw it.
    """

    along_mm: tuple[float, ...]
    beside_mm: tuple[float, ...]
    inside_mm: tuple[float, ...]
    fat_mm: float | None = None
    fat_elsewhere_mm: float | None = None


@dataclass(frozen=True, eq=False)
class Preflight:
    """What the checks found before compounding.

    Attributes:
        plan: Grid, frames, pixels and memory.
        extent_xyz_mm: Length of the grid along its x, y and z axes.
        coverage: How much of what was swept over the frames show.
        motions: How the probe moved, one a sweep.
        findings: What to know, the worst first.
        pressures: How far the probe pressed the skin in, one a sweep; empty where the skin was not found.
    """

    plan: CompoundPlan
    extent_xyz_mm: tuple[float, float, float]
    coverage: Coverage
    motions: tuple[Motion, ...]
    findings: tuple[Finding, ...]
    pressures: tuple[ProbePressure, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding; None where there is none."""
        return self.findings[0].severity if self.findings else None
