"""`ifss study init`: a study's file to fill in, and the list of its legs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.storage.atomic import atomic_paths
from ifssnet.io.storage.toml_text import toml
from ifssnet.workflow.study.layout import BEFORE_AND_AFTER, study_of_folder
from ifssnet.workflow.study.study_file import BETWEEN_FILES, FORMAT, LEGS_FILE, STUDY_FILE, LegLine, StudyFile

_HOW = """
# The measurements stand in legs.csv, a line for each subject, side, visit and rater. Paths there are relative to this file;
# several files in one cell have a | between them, and patterns such as sweep*.igs.mha are allowed. Further columns, such as
# an age or a group, are carried into the tables.

# Visits that changes are counted between, and visits between which nothing changed (for the minimal detectable change):
{before}
{repeated}

# The method of all legs; without a name, the best that is installed. `ifss segment --method list` shows every one.
[method]
{method}
# protocol = "all-seeds"

# How sweeps become volumes; only for legs with sweeps.
[compounding]
{config}
# spacing_mm = 0.5
# fill = "distance"

# Minimal detectable changes of the volume that the laboratory knows from elsewhere, in cm3:
# [mdc_cm3]
# SOL = 9.0
"""


@dataclass(frozen=True)
class StudyGrid:
    """Whom a study is planned for.

    Attributes:
        subjects: The persons.
        sides: The sides.
        visits: The occasions.
        raters: Who draws.
    """

    subjects: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeStudy:
    """A study's file that was written.

    Attributes:
        file: The file.
        table: The list of its legs.
        legs: How many measurements it lists.
        found: Whether they were found in the folder; else they are those that were asked for.
    """

    file: Path
    table: Path
    legs: int
    found: bool


def init_study(folder: Path, grid: StudyGrid, *, method: str = "", force: bool = False) -> MadeStudy:
    """Write `study.toml` and `legs.csv` into a folder: of the legs that lie in it, or of those that are asked for.

    Args:
        folder: There, or made.
        grid: Whom the study is planned for; empty for the legs that lie in the folder.
        method: The method of all legs; empty for the default.
        force: Replace these two files.

    Raises:
        InputError: Files that are there already, a folder that could be read in two ways, or one that cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"a folder {folder}", f"'{error.strerror}'", "Choose another name.") from error
    if not grid.subjects and (grid.sides or grid.visits or grid.raters):
        raise InputError("--subjects with --sides, --visits or --raters", "no --subjects", "Name the persons.")
    study = study_of_folder(folder) if not grid.subjects and any(folder.iterdir()) else _planned(grid)
    file, table = folder / STUDY_FILE, folder / LEGS_FILE
    with atomic_paths([table, file], force) as (partial_table, partial_file):
        _write_legs(study.legs, partial_table)
        name = toml({"name": folder.resolve().name, "format": FORMAT, "table": LEGS_FILE})
        partial_file.write_text(name + _settings(study, method), encoding="utf-8", newline="\n")
    return MadeStudy(file, table, len(study.legs), not grid.subjects)


def _planned(grid: StudyGrid) -> StudyFile:
    """Paths as people might name them, for each measurement."""
    subjects, sides, visits = grid.subjects or ("P01", "P02"), grid.sides or ("",), grid.visits or ("",)
    legs: list[LegLine] = []
    for subject, side, visit, rater in product(subjects, sides, visits, grid.raters or ("",)):
        folder = "/".join(part for part in (subject, side, visit) if part)
        drawn = f"{folder}/{rater or 'seeds'}.seg.nrrd"
        legs.append(LegLine(subject, side, visit, rater, volume=f"{folder}/leg.mha", seeds=drawn))
    before, after = next((pair for pair in BEFORE_AND_AFTER if set(pair) <= set(visits)), ("", ""))
    return StudyFile(before=before, after=after, legs=tuple(legs))


def _settings(study: StudyFile, method: str) -> str:
    changes = {"before": study.before, "after": study.after}
    before = toml(changes).rstrip() if study.before else '# before = "before"\n# after = "after"'
    config = toml({"config": study.compounding.config}).rstrip() if study.compounding.config else '# config = "plus.xml"'
    named = toml({"name": method}).rstrip() if method else '# name = "shape-interpolation"'
    return _HOW.format(before=before, repeated='# repeated = ["test", "retest"]', method=named, config=config)


def _write_legs(legs: Sequence[LegLine], path: Path) -> None:
    names = [each.name for each in fields(LegLine) if each.name != "covariates"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(getattr(leg, name)) for name in names] for leg in legs)


def _cell(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else f" {BETWEEN_FILES} ".join(value)
