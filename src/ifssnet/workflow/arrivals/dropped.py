"""Files that somebody dropped, as a case: a volume, with seeds or without; or sweeps, which are compounded first."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifssnet.compounding.holes.options import ScaledFilling
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.axis_order import AS_STORED
from ifssnet.io.kinds import IMAGES, KINDS, SEGMENTATIONS, SWEEPS, kind_of
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.io.sweeps.linear_transform import LINEAR_TRANSFORM
from ifssnet.io.sweeps.plus_config import XML_FILE, read_plus_configuration
from ifssnet.workflow.arrivals.new_case import MAKING, free_name, new_case
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.leg.compound_files import RecordingFiles, compound_files
from ifssnet.workflow.session.session import Session


@dataclass(frozen=True)
class Dropped:
    """What the files are.

    Attributes:
        volume: Grey levels; None where sweeps came.
        sweeps: Tracked sweeps.
        config: Their PLUS configuration.
        seeds: What was drawn; None where none came.
        calibration: The transform from the image to the probe, where it is a file of its own.
    """

    volume: Path | None
    sweeps: tuple[Path, ...] = ()
    config: Path | None = None
    seeds: Path | None = None
    calibration: Path | None = None


def case_of_files(root: Path, files: Sequence[Path], *, by: str | None = None) -> Generator[Progress, None, str]:
    """Make a case of files, and begin a session on it.

    Args:
        root: The folder of cases.
        files: What was dropped, in a folder of its own.
        by: Who begins.

    Returns:
        The case's name.

    Raises:
        InputError: Files that cannot be read, or that make no case.
    """
    yield Progress("reading", 0, 1)
    dropped = sorted_out(files)
    with tempfile.TemporaryDirectory(dir=root, prefix=MAKING) as folder:
        volume, recording = dropped.volume, None
        if volume is None:
            volume = Path(folder) / "volume.mha"
            options = _filled(dropped.config)
            recording = RecordingFiles(dropped.sweeps, dropped.config, options, calibration=dropped.calibration)
            yield from compound_files(recording, volume)
        yield Progress("beginning", 0, 1)
        seeds = None if dropped.seeds is None else _seeds(dropped.seeds, volume)
        name = free_name(root, case_name(dropped.volume or dropped.sweeps[0]))
        new_case(root, name, volume, seeds=seeds, recording=recording, by=by)
    return name


def seeds_for_case(case: Path, files: Sequence[Path], ready: Path) -> Generator[Progress, None, str]:
    """What was drawn elsewhere, brought onto the volume of a case and written where its session can take it from.

    Args:
        case: The case's folder; it may be open.
        files: Seeds in any form that `ifss segment` reads.
        ready: The file to write, which ends in .seg.nrrd.

    Returns:
        The case's name.

    Raises:
        InputError: Files that cannot be read, or drawn across another axis or on another leg.
    """
    yield Progress("reading", 0, 1)
    with Session.open(case, read_only=True) as session:
        seeds = open_seeds(list(files), session.state.grid)
    if seeds.axes != AS_STORED:
        raise InputError("seeds on the volume's own slices", "seeds across another axis", "Reorder the volume: ifss convert.")
    save_seeds(seeds, ready, force=True)
    return case.name


def sorted_out(files: Sequence[Path]) -> Dropped:
    """Which file is what.

    Raises:
        InputError: None of them is a volume or a sweep, or more than one volume is among them.
    """
    kinds = {path: _kind(path, files) for path in files}
    config = [path for path, kind in kinds.items() if kind == XML_FILE.name]
    # The images of a Stradwin recording open as the recording: one of the two files is enough.
    sweeps = [path for path, kind in kinds.items() if kind in SWEEPS and path.with_suffix(".sw") not in (set(files) - {path})]
    images = [path for path, kind in kinds.items() if kind in IMAGES]
    # Recorded transforms are found beside their images.
    calibrations = [path for path, kind in kinds.items() if kind == LINEAR_TRANSFORM.name]
    seeds = [path for path in images if kinds[path] in SEGMENTATIONS]
    volumes = [path for path in images if path not in seeds]
    if len(volumes) == 2 and not seeds:
        # Two images: the one that is a label map holds the seeds.
        labels = [path for path in volumes if _is_labels(path)]
        if len(labels) == 1:
            seeds, volumes = labels, [path for path in volumes if path not in labels]
    if len(volumes) + bool(sweeps) != 1 or len(seeds) > 1 or len(config) > (1 if sweeps else 0):
        found = ", ".join(f"{path.name} ({KINDS.get(kind or '', 'unknown')})" for path, kind in kinds.items()) or "nothing"
        raise InputError(
            "one volume, or the sweeps of one leg with their PLUS configuration; and seeds, if there are any",
            found,
            "Drop the files of one leg.",
        )
    return Dropped(
        volumes[0] if volumes else None,
        tuple(sweeps),
        config[0] if config else None,
        seeds[0] if seeds else None,
        calibrations[0] if len(calibrations) == 1 and sweeps else None,
    )


def case_name(path: Path) -> str:
    """A name for a case from that of a file.

    >>> case_name(Path("Müller, left (2).nii.gz"))
    'Müller left (2)'
    """
    stem = re.sub(r"(\.(seg|igs|nii))?\.[A-Za-z0-9]+$", "", path.name)
    name = re.sub(r"[^\w .()+-]+", "", stem).strip(" .")[:80]
    return name if re.match(r"[^\W_]", name) else "leg"


def _filled(config: Path | None) -> dict[str, Any]:
    """Options that fill what lies between the frames as PLUS does, so that slices to draw on are not black.

    A configuration that says whether holes are filled has its way.
    """
    said = None if config is None else read_plus_configuration(config).fill_holes
    return {"holes": (ScaledFilling("stick"),)} if said is None else {}


def _kind(path: Path, files: Sequence[Path]) -> str | None:
    """What a file is; None for one that belongs to another file, such as the pixels beside a header."""
    try:
        return kind_of(path)
    except InputError:
        if any(other != path and other.stem == path.stem for other in files):
            return None
        raise


def _is_labels(path: Path) -> bool:
    try:
        open_labels(path)
    except InputError:
        return False
    return True


def _seeds(path: Path, volume: Path) -> Seeds:
    seeds = open_seeds(path, open_volume(volume).grid)
    if seeds.axes != AS_STORED:
        raise InputError(
            "seeds on the volume's own slices", f"seeds across another axis in {path.name}", "Reorder the volume: ifss convert."
        )
    return seeds
