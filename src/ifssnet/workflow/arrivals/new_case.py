"""A case's folder comes into place when it is whole."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.seeds import Seeds
from ifssnet.io.sweeps.kept_frames import keep_frames
from ifssnet.workflow.leg.compound_files import RecordingFiles, recorded_sweeps
from ifssnet.workflow.session.events import Event, MuscleName, SliceDrawn
from ifssnet.workflow.session.session import Session, default_muscles, now

MAKING = ".making-"
"""How the name of a folder begins in which a case is being made."""

ABANDONED_S = 1800.0
"""Nothing that is made writes nothing for so long: a job of the server is ended by then."""


def free_name(root: Path, wanted: str) -> str:
    """The name itself, or with a number behind it where there is such a case already."""
    name, number = wanted, 2
    while (root / name).exists():
        name, number = f"{wanted}-{number}", number + 1
    return name


def clear_leftovers(root: Path) -> None:
    """Take away what was being made when the program was killed; what is made now has changed a moment ago."""
    for each in root.glob(f"{MAKING}*"):
        if each.is_dir() and not each.is_symlink() and time.time() - _changed(each) > ABANDONED_S:
            shutil.rmtree(each, ignore_errors=True)


def _changed(folder: Path) -> float:
    """When anything in a folder was last written; now for one that goes away meanwhile."""
    try:
        return max(each.stat().st_mtime for each in (folder, *folder.rglob("*")))
    except OSError:
        return time.time()


def new_case(
    root: Path,
    name: str,
    volume: Path,
    *,
    seeds: Seeds | None = None,
    recording: RecordingFiles | None = None,
    by: str | None = None,
) -> None:
    """Begin a session in a folder of its own.

    Args:
        root: The folder of cases.
        name: The case's name.
        volume: The volume's file, which is copied.
        seeds: What was drawn elsewhere, on the volume's grid.
        recording: The sweeps that became the volume, whose frames are kept beside it.
        by: Who begins.

    Raises:
        InputError: The volume cannot be read, or the folder cannot be written.
    """
    making = root / f"{MAKING}{name}"
    if making.exists():
        shutil.rmtree(making)
    try:
        with Session.create(making, volume, by=by, muscles=_muscles(seeds)) as session:
            if seeds is not None:
                session.apply(*imported(session, seeds))
        if recording is not None:
            keep_frames(recorded_sweeps(recording), making)
        making.rename(root / name)
    except OSError as error:
        raise InputError(f"a place for the case {name}", error.strerror or str(error), "Choose another name.") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def imported(session: Session, seeds: Seeds) -> list[Event]:
    """What was drawn elsewhere, as events."""
    labels = {seeds.name(label): label for label in seeds.labels}
    at = now()
    return [
        SliceDrawn(at, session.by, session.state.label_of(name), z, PackedMask.of(seeds.masks[label][z]), "imported")
        for name, label in labels.items()
        for z in seeds.slices(label)
    ]


def _muscles(seeds: Seeds | None) -> tuple[MuscleName, ...]:
    usual = default_muscles()
    if seeds is None:
        return usual
    names = [muscle.name for muscle in usual]
    return default_muscles((*names, *(seeds.name(label) for label in seeds.labels if seeds.name(label) not in names)))
