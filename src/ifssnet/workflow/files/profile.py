"""Where the time of a command goes, in a file that may be sent to others: neither names nor paths nor images are in it."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ifssnet.core.grid import Grid
from ifssnet.core.machine.description import Machine, machine
from ifssnet.core.machine.peak import peak_mb
from ifssnet.core.progress import Progress
from ifssnet.io.plain_data import plain
from ifssnet.workflow.files.provenance import software
from ifssnet.workflow.files.result_files import write_json

Result = TypeVar("Result")

STARTING, ENDING = "starting the program", "checking and writing"


@dataclass(frozen=True)
class StageCost:
    """What one stage took.

    Attributes:
        stage: What was done.
        wall_s: Seconds of the clock; None where they are not known, as before the program's first line.
        cpu_s: Seconds of the processor, all threads together.
        peak_mb: Largest memory of the process up to the end of the stage, 10^6 bytes; None where the system does not tell.
    """

    stage: str
    wall_s: float | None
    cpu_s: float
    peak_mb: float | None


@dataclass(frozen=True)
class RunProfile:
    """What a command took.

    Attributes:
        command: Which one.
        stages: In the order in which they began.
        machine: Where it ran.
        versions: Those of this package, Python and the libraries that compute.
        work: How much there was to do, such as the number of voxels.
    """

    command: str
    stages: tuple[StageCost, ...]
    machine: Machine
    versions: Mapping[str, str]
    work: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass
class Stopwatch:
    """Stages of a command on the way.

    Attributes:
        command: Which one.
        work: As in `RunProfile`; whoever does the work fills it.
    """

    command: str
    work: dict[str, object] = field(default_factory=dict[str, object])
    costs: dict[str, StageCost] = field(default_factory=dict[str, StageCost])
    _at: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self._at = (time.perf_counter(), time.process_time())
        self.costs[STARTING] = StageCost(STARTING, None, self._at[1], _peak())

    def lap(self, stage: str) -> None:
        """All since the last lap was this stage."""
        now = (time.perf_counter(), time.process_time())
        before = self.costs.get(stage, StageCost(stage, 0.0, 0.0, None))
        wall_s, cpu_s = (before.wall_s or 0.0) + now[0] - self._at[0], before.cpu_s + now[1] - self._at[1]
        self.costs[stage] = StageCost(stage, wall_s, cpu_s, _peak())
        self._at = now

    def profile(self) -> RunProfile:
        """What was found."""
        rounded = [
            StageCost(each.stage, None if each.wall_s is None else round(each.wall_s, 3), round(each.cpu_s, 3), each.peak_mb)
            for each in self.costs.values()
        ]
        return RunProfile(self.command, tuple(rounded), machine(), software(), self.work)

    def write(self, path: Path | None, force: bool) -> None:
        """All since the last lap was checking and writing; what was found goes into a JSON file, where one was asked for."""
        if path is not None:
            self.lap(ENDING)
            write_json(plain(self.profile()), path, force)


def size_of(grid: Grid, muscles: int) -> dict[str, object]:
    """How large a leg is, without a word of whose it is."""
    return {"voxels_zyx": grid.shape_zyx, "spacing_xyz_mm": grid.spacing_xyz_mm, "muscles": muscles}


def profiled(
    work: Generator[Progress, None, Result], watch: Stopwatch, path: Path, force: bool
) -> Generator[Progress, None, Result]:
    """The same work; where its time went is written at its end.

    Args:
        work: Its stages are those that it names.
        watch: Begun before anything else was done.
        path: A JSON file.
        force: Replace it.
    """
    seen: set[str] = set()
    while True:
        try:
            progress = next(work)
        except StopIteration as stop:
            watch.write(path, force)
            return stop.value
        # What comes before the first part of several is preparation.
        first = progress.total > 1 and progress.stage not in seen
        seen.add(progress.stage)
        watch.lap(f"{progress.stage}: preparing" if first else f"{progress.stage}: {progress.note}".removesuffix(": "))
        yield progress


def _peak() -> float | None:
    found = peak_mb()
    return None if math.isnan(found) else round(found, 1)
