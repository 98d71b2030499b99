"""A folder without a study's file: its folders say whose legs lie in it, and its files what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.muscles import side_of
from ifssnet.io.kinds import IMAGES, SEGMENTATIONS, SWEEPS, is_plain_folder, kind_of
from ifssnet.io.recognition import entries_of
from ifssnet.workflow.study.study_file import CompoundingSettings, LegLine, StudyFile

RESULTS = "study.json"
"""What says that a folder holds the results of a study: no leg is looked for in it."""

DEEPEST = 3
NO_RATER = ("seeds", "drawn")
"""Names of files with what was drawn that name nobody."""

BEFORE_AND_AFTER = (("before", "after"), ("pre", "post"))
"""Names of visits that say their order themselves."""

_REMEDY = "Write a study.toml that lists the legs: ifss study init makes one."


@dataclass(frozen=True)
class _Place:
    """What the folders above some files say."""

    subject: str = ""
    side: str = ""
    visit: str = ""


def study_of_folder(folder: Path) -> StudyFile:
    """The study that a folder's layout describes: SUBJECT, SUBJECT/VISIT, SUBJECT/SIDE or all three, in any order of these.

    In a leg's folder lie its volume or its sweeps, and what each rater drew as `RATER.seg.nrrd`. A PLUS configuration at the
    top belongs to all sweeps. Folders of BIDS, `sub-01/ses-1`, count as well.

    Raises:
        InputError: No leg, or one that could be read in two ways.
    """
    legs = tuple(line for leg, place in _legs(folder, folder, _Place(), 0) for line in _lines(folder, leg, place))
    if not legs:
        raise InputError(f"a study.toml in {folder}, or folders of legs with volumes and seeds", "neither", _REMEDY)
    configurations = [each.name for each in entries_of(folder) if each.suffix.lower() == ".xml"]
    if len(configurations) > 1:
        raise InputError(f"one PLUS configuration in {folder}", ", ".join(configurations), _REMEDY)
    visits = {line.visit for line in legs}
    before, after = next((pair for pair in BEFORE_AND_AFTER if set(pair) <= visits), ("", ""))
    return StudyFile(before=before, after=after, compounding=CompoundingSettings(config="".join(configurations)), legs=legs)


def _legs(top: Path, folder: Path, place: _Place, depth: int) -> Iterator[tuple[Path, _Place]]:
    """Every folder that holds files of a leg, with what the folders above say."""
    entries = entries_of(folder)
    if depth and any(_is_of_leg(each) for each in entries):
        yield folder, place
    for each in entries:
        if each.is_dir() and is_plain_folder(each) and not (each / RESULTS).is_file():
            if depth == DEEPEST:
                raise InputError(f"folders of subject, side and visit in {top.name}", f"{each.relative_to(top)}", _REMEDY)
            yield from _legs(top, each, _within(place, each.name, folder), depth + 1)


def _within(place: _Place, name: str, folder: Path) -> _Place:
    entity, dash, value = name.partition("-")
    if dash and value and entity in ("sub", "ses", "hemi"):
        what = {"sub": "subject", "ses": "visit", "hemi": "side"}[entity]
        value = side_of(value) if what == "side" else value
    elif len(name.split()) == 1 and side_of(name) and name.isalpha():
        what, value = "side", side_of(name)
    elif side_of(name):
        raise InputError(f"a folder for each side in {folder}", f"'{name}', which says more", _REMEDY)
    else:
        what, value = ("visit" if place.subject else "subject"), name
    if getattr(place, what) or not value:
        raise InputError(f"one {what} for each leg", f"'{name}' in {folder}", _REMEDY)
    said = {"subject": place.subject, "side": place.side, "visit": place.visit, what: value}
    return _Place(**said)


def _kind(path: Path) -> str:
    """What a file or a folder is; empty for what is no part of a leg."""
    try:
        return "" if ".seen." in path.name or (path.is_dir() and is_plain_folder(path)) else kind_of(path)
    except InputError:
        return ""


def _is_of_leg(path: Path) -> bool:
    return _kind(path) in (*SEGMENTATIONS, *SWEEPS, *IMAGES)


def _lines(top: Path, leg: Path, place: _Place) -> list[LegLine]:
    if not place.subject:
        raise InputError(f"a folder for each subject in {top}", f"files of a leg in {leg.relative_to(top)}", _REMEDY)
    kinds = {each: _kind(each) for each in entries_of(leg)}
    names = {path: path.relative_to(top).as_posix() for path in kinds}
    sweeps = tuple(names[path] for path, kind in kinds.items() if kind in SWEEPS)
    drawn = [path for path, kind in kinds.items() if kind in SEGMENTATIONS]
    volumes = [names[path] for path, kind in kinds.items() if kind in IMAGES and kind not in SEGMENTATIONS]
    if len(volumes) > 1 or (volumes and sweeps):
        found = ", ".join([*volumes, *sweeps])
        raise InputError(f"one volume, or sweeps, in {leg}", found[:200], _REMEDY)
    line = LegLine(place.subject, place.side, place.visit, volume="".join(volumes), sweeps=sweeps)
    return [replace(line, rater=_rater(path), seeds=names[path]) for path in drawn] or [line]


def _rater(path: Path) -> str:
    name = path.name.split(".")[0]
    return "" if name.casefold() in NO_RATER else name
