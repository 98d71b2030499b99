"""A case's folder comes into place when it is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.seeds import Seeds
from ifssnet.workflow.session.events import Event, MuscleName, SliceDrawn
from ifssnet.workflow.session.session import Session, default_muscles, now


def free_name(root: Path, wanted: str) -> str:
    """The name itself, or with a number behind it where there is such a case already."""
    name, number = wanted, 2
    while (root / name).exists():
        name, number = f"{wanted}-{number}", number + 1
    return name


def new_case(root: Path, name: str, volume: Path, *, seeds: Seeds | None = None, by: str | None = None) -> None:
    """Begin a session in a folder of its own.

    Args:
        root: The folder of cases.
        name: The case's name.
        volume: The volume's file, which is copied.
        seeds: What was drawn elsewhere, on the volume's grid.
        by: Who begins.

    Raises:
        InputError: The volume cannot be read, or the folder cannot be written.
    """
    making = root / f".making-{name}"
    if making.exists():
        shutil.rmtree(making)
    try:
        with Session.create(making, volume, by=by, muscles=_muscles(seeds)) as session:
            if seeds is not None:
                session.apply(*imported(session, seeds))
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
