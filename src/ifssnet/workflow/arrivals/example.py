"""A digital leg as a case."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path

from ifssnet.core.progress import Progress
from ifssnet.phantom.scanner.acquisition import Via
from ifssnet.workflow.arrivals.new_case import MAKING, free_name, new_case
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg
from ifssnet.workflow.leg.compound_files import RecordingFiles

NAME = "digital-leg"


def example_case(
    root: Path, *, size: str = "quarter", seed: int = 3, via: Via = "scan", by: str | None = None
) -> Generator[Progress, None, str]:
    """Make a digital leg and begin a session on its volume.

    Args:
        root: The folder of cases.
        size: Name of the volume's size.
        seed: What the random numbers of the person and the recording start from.
        via: "scan" by sweeps, or "direct".
        by: Who begins.

    Returns:
        The case's name.

    Raises:
        InputError: No such size, or a folder that cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=root, prefix=MAKING) as folder:
        leg = Path(folder) / "leg"
        yield Progress("making a digital leg", 0, 1)
        yield from make_leg(leg, LegOptions(seed=seed, size=size, via=via))
        name = free_name(root, NAME)
        sweeps = tuple(sorted(leg.glob("sweep?.igs.mha")))
        recording = RecordingFiles(sweeps, leg / "plus.xml") if sweeps else None
        new_case(root, name, leg / "x1.mha", recording=recording, by=by)
    return name
