"""What a study consists of: each measurement with its files, looked at before any work is done."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.muscles import side_of
from ifssnet.core.results.study import SIDES, CaseOutcome, Design, StudyCase
from ifssnet.workflow.study.layout import study_of_folder
from ifssnet.workflow.study.study_file import STUDY_FILE, LegLine, StudyFile, read_study_file

_NAME = re.compile(r"\w(?:[\w .+()-]{0,58}[\w)])?")
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class PlannedCase:
    """One measurement with its files.

    Attributes:
        case: Whose it is.
        volume: The grey levels; None for none, and where they are compounded.
        sweeps: What they are compounded from.
        grid: The volume whose grid they are compounded onto; None for one of their own.
        seeds: What was drawn.
        segmentation: A finished segmentation in place of these.
        missing: What is not there, in words; empty where all is.
        covariates: What else the list says.
    """

    case: StudyCase
    volume: Path | None = None
    sweeps: tuple[Path, ...] = ()
    grid: Path | None = None
    seeds: tuple[Path, ...] = ()
    segmentation: Path | None = None
    missing: str = ""
    covariates: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Study:
    """A study with all its measurements.

    Attributes:
        name: What it is called.
        root: The folder that its paths are relative to.
        design: Its persons, sides, visits and raters.
        cases: The measurements, in the order of the design.
        file: What its file says.
    """

    name: str
    root: Path
    design: Design
    cases: tuple[PlannedCase, ...]
    file: StudyFile

    def path(self, text: str) -> Path | None:
        """A path of the study's file; None where it names none."""
        return self.root / text if text else None


def read_study(source: Path) -> Study:
    """A study from its file, or from a folder.

    Args:
        source: A `study.toml` of any name, or a folder with one, or a folder whose layout says what is in it.

    Raises:
        InputError: Nothing there, something unknown, a name that no file can have, or two lines for one measurement.
    """
    if not source.exists():
        raise InputError("a study's file or folder", f"none at {source}", "Make one with ifss study init.")
    if source.is_dir() and not (source / STUDY_FILE).is_file():
        root, file = source, study_of_folder(source)
    else:
        path = source / STUDY_FILE if source.is_dir() else source
        root, file = path.parent, read_study_file(path)
    cases = [_planned(line, root) for line in file.legs]
    _refuse_twins(cases)
    _refuse_spellings(file, [each.case for each in cases])
    design = _design(file, [each.case for each in cases])
    order = {name: place for place, name in enumerate(design.subjects)}
    places = [order, _places(SIDES), _places(design.visits), _places(design.raters)]
    cases.sort(key=lambda each: [place.get(part, -1) for place, part in zip(places, _parts(each.case), strict=True)])
    return Study(file.name or root.resolve().name, root, design, tuple(cases), file)


def absent_cases(study: Study) -> list[CaseOutcome]:
    """Measurements that the design asks for and the list does not have; a blank in a line of the list stands for any word."""
    there = [each.case for each in study.cases]
    design = study.design
    axes = [design.subjects, design.sides or ("",), design.visits or ("",), design.raters or ("",)]
    wanted = [StudyCase(*words) for words in product(*axes)]
    absent = [case for case in wanted if not any(_covers(each, case) for each in there)]
    return [CaseOutcome(case, "missing", "The study lists no such measurement.") for case in absent]


def _covers(listed: StudyCase, wanted: StudyCase) -> bool:
    return all(word in ("", asked) for word, asked in zip(_parts(listed), _parts(wanted), strict=True))


def _parts(case: StudyCase) -> tuple[str, str, str, str]:
    return (case.subject, case.side, case.visit, case.rater)


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _planned(line: LegLine, root: Path) -> PlannedCase:
    side = side_of(line.side)
    if line.side and not side:
        raise InputError(f"left or right for {line.subject}", f"'{line.side}'", "Correct the side.")
    case = StudyCase(line.subject.strip(), side, line.visit.strip(), line.rater.strip())
    for word in _parts(case)[::3] + _parts(case)[2:3]:
        if word and not _NAME.fullmatch(word):
            raise InputError("names of letters, digits, blanks and . + - ( )", f"'{word[:60]}'", "Rename it in the study.")
    if not case.subject:
        raise InputError("a subject for each line of the study", "one without", "Give each person a number.")
    if line.volume and _several(line.sweeps):
        raise InputError(f"a volume or sweeps of {case.name}", "both", "Leave one of them out.")
    if line.segmentation and _several(line.seeds):
        raise InputError(f"seeds or a finished segmentation of {case.name}", "both", "Leave one of them out.")
    lacking: list[str] = []
    sweeps = _found(_several(line.sweeps), root, lacking)
    seeds = _found(_several(line.seeds), root, lacking)
    volume = _found(_several(line.volume), root, lacking)
    grid = _found(_several(line.grid), root, lacking)
    whole = _found(_several(line.segmentation), root, lacking)
    if line.grid and not _several(line.sweeps):
        raise InputError(f"sweeps of {case.name} with a grid", "none", "Leave the grid out.")
    for what, files in (("volume", volume), ("grid", grid), ("segmentation", whole)):
        if len(files) > 1:
            raise InputError(f"one {what} of {case.name}", f"{len(files)} that fit", "Name one file.")
    if not (lacking or seeds or whole):
        lacking.append("seeds: nothing was drawn yet")
    missing = f"not there: {', '.join(lacking)}" if lacking else ""
    one = next(iter(volume), None)
    onto, finished = next(iter(grid), None), next(iter(whole), None)
    return PlannedCase(case, one, sweeps, onto, seeds, finished, missing, line.covariates)


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in ((given,) if isinstance(given, str) else given) if word)


def _found(words: Iterable[str], root: Path, lacking: list[str]) -> tuple[Path, ...]:
    """The files that words mean; a file of that very name comes before a pattern."""
    found: list[Path] = []
    for word in words:
        path = root / word
        if path.exists():
            found.append(path)
        elif _PATTERN.search(word) and (fitting := sorted(glob.glob(_from(root, word)))):  # noqa: PTH207, absolute patterns too
            found += [Path(each) for each in fitting]
        else:
            lacking.append(word)
    return tuple(found)


def _from(root: Path, word: str) -> str:
    return word if Path(word).is_absolute() else f"{glob.escape(str(root))}/{word}"


def _refuse_twins(cases: Sequence[PlannedCase]) -> None:
    seen: dict[str, PlannedCase] = {}
    recordings: dict[str, PlannedCase] = {}
    for each in cases:
        first = recordings.setdefault(each.case.recording.casefold(), each)
        if _parts(first.case)[:3] != _parts(each.case)[:3]:
            raise InputError(
                "names of subjects, sides and visits that stay apart",
                f"{first.case.name} and {each.case.name}, whose folders would be one",
                "Rename one of them.",
            )
        where = f"{each.case.recording}/{each.case.rater}".casefold()
        if where in seen:
            raise InputError(
                "one line for each subject, side, visit and rater",
                f"two for {each.case.name} ({seen[where].case.name})",
                "Remove one, or give it a visit or a rater of its own.",
            )
        seen[where] = each
        if first.sweeps and each.sweeps and (first.sweeps, first.grid) != (each.sweeps, each.grid):
            what = f"the same sweeps and grid for all raters of {each.case.recording}"
            raise InputError(what, "others", "Correct the study's list.")


def _refuse_spellings(file: StudyFile, cases: Sequence[StudyCase]) -> None:
    """One name in two spellings would be two visits or persons, and what belongs together would not be compared."""
    named = (file.before, file.after, *file.repeated, *file.visits)
    axes = {
        "subject": [case.subject for case in cases],
        "visit": [*(case.visit for case in cases), *named],
        "rater": [case.rater for case in cases],
    }
    for what, names in axes.items():
        first: dict[str, str] = {}
        for name in names:
            known = first.setdefault(" ".join(name.split()).casefold(), name)
            if known != name:
                raise InputError(f"one spelling of each {what}", f"'{known}' and '{name}'", "Write them alike.")


def _design(file: StudyFile, cases: Sequence[StudyCase]) -> Design:
    visits = [*file.visits, *(name for name in (file.before, file.after, *file.repeated) if name)]
    visits = list(dict.fromkeys([*visits, *(case.visit for case in cases)]))
    known = {case.visit for case in cases}
    for name in (file.before, file.after, *file.repeated):
        if name and name not in known:
            raise InputError(f"a visit out of {', '.join(sorted(known)) or '(none)'}", f"'{name}'", "Correct the study's file.")
    sides = {case.side for case in cases}
    return Design(
        subjects=tuple(dict.fromkeys(case.subject for case in cases)),
        sides=tuple(side for side in SIDES if side in sides),
        visits=tuple(name for name in visits if name and name in known),
        raters=tuple(sorted({case.rater for case in cases if case.rater})),
        before=file.before,
        after=file.after,
        repeated=file.repeated,
        confidence=file.confidence,
    )
