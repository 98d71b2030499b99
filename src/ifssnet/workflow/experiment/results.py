"""What the experiment would take on this machine, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifssnet.core.results.evaluation_results import Results
from ifssnet.workflow.training.results import TrainingResult


@dataclass(frozen=True)
class ComputeDevice:
    """What was measured: a GPU, or the threads of a processor.

    Attributes:
        name: The name of the GPU, or the kind of processor.
        on_gpu: Whether there is a GPU and it is used.
        device_mb: The memory of the GPU, 10^6 bytes; 0 without one.
    """

    name: str
    on_gpu: bool
    device_mb: float


@dataclass(frozen=True)
class Throughput:
    """What was measured of one method. Memory is in 10^6 bytes.

    Attributes:
        use_s: Seconds for a slice and muscle, from seeds to metrics.
        use_mb: Memory of the process for each slice of that.
        base_mb: Memory of the process whatever the leg.
        step_s: Training: seconds for a window of a sequence, forwards and backwards; for a unit, where there are no sequences.
        device_mb: Training: memory of the GPU at its peak, but for the sequence itself; 0 without one.
        host_mb: Training: memory of the process, likewise.
        window_mb: Training: what each window of a sequence adds to both.
    """

    use_s: float
    use_mb: float
    base_mb: float
    step_s: float = 0.0
    device_mb: float = 0.0
    host_mb: float = 0.0
    window_mb: float = 0.0


@dataclass(frozen=True)
class Sizes:
    """How much there is to learn and to segment.

    Attributes:
        slices: Split to the slices of each of its legs.
        muscle_slices: Muscle to the slices that show it, mean over the training legs.
        known_from: Where that comes from, in words.
        cropped: Whether the cropped legs are there.
    """

    slices: Mapping[str, tuple[int, ...]]
    muscle_slices: Mapping[str, float]
    known_from: str
    cropped: bool = False


@dataclass(frozen=True)
class Stage:
    """A part of the experiment.

    Attributes:
        name: The part, in words.
        hours: The hours that are left of it.
        device_gb: Memory of the GPU, 10^9 bytes; 0 without one.
        host_gb: Memory of the process, 10^9 bytes.
        note: A remark, in words.
    """

    name: str
    hours: float
    device_gb: float
    host_gb: float
    note: str


@dataclass(frozen=True)
class Estimate:
    """What the experiment would take.

    Attributes:
        machine: The machine that was measured.
        sizes: What is known or assumed of the cohort.
        stages: The parts in their order; fetching, unpacking and cropping are not among them.
        disk_gb: What the cropped cohort takes beside the original one, 10^9 bytes.
        warnings: What this machine has too little of.
        measured: Label to what was measured of the method.
        roughly: Whether that was worked out from smaller slices.
    """

    machine: ComputeDevice
    sizes: Sizes
    stages: tuple[Stage, ...]
    disk_gb: float
    warnings: tuple[str, ...]
    measured: Mapping[str, Throughput]
    roughly: bool = False

    @property
    def hours(self) -> float:
        """The hours of all stages."""
        return sum(stage.hours for stage in self.stages)


@dataclass(frozen=True)
class CutVoxels:
    """The labelled voxels of a leg that lie outside of the window, and all of them."""

    cut: int
    labelled: int


@dataclass(frozen=True)
class Cropping:
    """How the legs were cropped or padded.

    Attributes:
        side_px: Rows and columns of every slice.
        legs: The legs that were cropped or padded; 0 where all had that size already.
        labelled_voxels_cut: Leg to what was cut off, for those that lost a labelled voxel.
    """

    side_px: int
    legs: int
    labelled_voxels_cut: Mapping[str, CutVoxels]


@dataclass(frozen=True)
class ExperimentSummary:
    """Where everything is, what was cut and how each training ended: the file `summary.json`.

    Attributes:
        cohort: The data set's folder.
        legs: The folder of the legs that were worked on.
        cropping: What was cut.
        trained: "METHOD/MUSCLE" to how its training ended.
        reports: Protocol to its evaluation's report.
    """

    cohort: Path
    legs: Path
    cropping: Cropping
    trained: Mapping[str, TrainingResult]
    reports: Mapping[str, Path]


@dataclass(frozen=True, eq=False)
class Experiment:
    """What is known of an experiment.

    Attributes:
        estimate: What it would take, or would have taken.
        summary: What came of it; None where it was not run.
        evaluations: Protocol to the evaluation's results; empty where it was not run.
    """

    estimate: Estimate
    summary: ExperimentSummary | None = None
    evaluations: Mapping[str, Results] = field(default_factory=dict[str, Results])
