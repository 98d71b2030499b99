"""What a study's file says: TOML of our own, with the legs in it or in a spreadsheet beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.plain_files import read_toml
from ifssnet.io.storage.spreadsheet import read_spreadsheet
from ifssnet.propagate.seeding.protocols import ALL_SEEDS, check_protocol

FORMAT = "ifssnet-study/1"
STUDY_FILE, LEGS_FILE = "study.toml", "legs.csv"
BETWEEN_FILES = "|"
"""Stands between several files in one cell of the spreadsheet."""

_SEVERAL = ("sweeps", "seeds")

Fill = Literal["none", "nearest", "stick", "gaussian", "distance"]


@dataclass(frozen=True)
class LegLine:
    """One measurement as the study's file lists it; paths are relative to that file.

    Attributes:
        subject: The study's name or number of the person.
        side: The side, in any of the words that files use; empty where nobody says.
        visit: The occasion; empty where there is one only.
        rater: Who drew.
        volume: The grey levels; empty for none.
        sweeps: Recordings that a volume is compounded from, patterns among them.
        grid: With sweeps: the volume that was drawn on, whose grid is taken; empty for a grid of the sweeps' own.
        seeds: What was drawn, patterns among them.
        segmentation: A finished segmentation, which is only measured.
        covariates: What else the list says.
    """

    subject: str
    side: str = ""
    visit: str = ""
    rater: str = ""
    volume: str = ""
    sweeps: str | tuple[str, ...] = ()
    grid: str = ""
    seeds: str | tuple[str, ...] = ()
    segmentation: str = ""
    covariates: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class MethodSettings:
    """How legs are segmented.

    Attributes:
        name: A name of `ifss segment --method`; empty for the default.
        weights: A file, or the name of weights in the package; empty for the method's own.
        protocol: How much of what was drawn the method is given.
        device: Where a network computes.
        keep_outlines: Take outlines as the muscle itself instead of filling them.
        clean: Leave out stray pieces.
        settings: The method's own settings.
    """

    name: str = ""
    weights: str = ""
    protocol: str = ALL_SEEDS
    device: str = "auto"
    keep_outlines: bool = False
    clean: bool = False
    settings: Mapping[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        check_protocol(self.protocol)


@dataclass(frozen=True)
class CompoundingSettings:
    """How sweeps become volumes; a value that is left out is that of `ifss compound`.

    Attributes:
        config: A PLUS configuration, relative to the study's file; empty for none.
        calibration: The file of the transform from the image to the probe; empty for none.
        spacing_mm: The size of voxels.
        axes: Along what the volume's axes lie.
        interpolation: How a pixel reaches voxels.
        compounding: What a voxel becomes that several pixels reach.
        fill: How voxels that no pixel reached are filled.
        fill_mm: With `fill = "distance"`: how far a hole may lie from what was seen.
    """

    config: str = ""
    calibration: str = ""
    spacing_mm: float | tuple[float, float, float] | None = None
    axes: Literal["auto", "reference", "sweep"] | None = None
    interpolation: Literal["nearest", "linear"] | None = None
    compounding: Literal["latest", "maximum", "mean", "running-mean"] | None = None
    fill: Fill | None = None
    fill_mm: float | None = None

    def __post_init__(self) -> None:
        if self.fill_mm is not None and self.fill != "distance":
            raise InputError('fill = "distance" with fill_mm', f"fill = {self.fill!r}", "Leave fill_mm out.")


@dataclass(frozen=True)
class StudyFile:
    """A study as its file has it.

    Attributes:
        name: What the study is called on its page; empty for the name of its folder.
        format: The format's name and version.
        table: A spreadsheet (CSV) with a line for each measurement; empty for none.
        visits: The occasions in their order; those that are left out follow as the list has them.
        before: The visit that changes are counted from.
        after: The visit that they lead to.
        repeated: Visits between which nothing changed, for the lab's own minimal detectable change.
        confidence: The confidence of all intervals.
        method: How legs are segmented.
        compounding: How sweeps become volumes.
        mdc_cm3: Muscle to the minimal detectable change of its volume, where the lab knows it from elsewhere.
        legs: The measurements, where they do not stand in a spreadsheet.
    """

    name: str = ""
    format: str = FORMAT
    table: str = ""
    visits: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    repeated: tuple[str, ...] = ()
    confidence: float = 0.95
    method: MethodSettings = field(default_factory=MethodSettings)
    compounding: CompoundingSettings = field(default_factory=CompoundingSettings)
    mdc_cm3: Mapping[str, float] = field(default_factory=dict[str, float])
    legs: tuple[LegLine, ...] = ()

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise InputError(f'format = "{FORMAT}"', f"'{self.format}'", "Write the study's file for this version.")
        if not 0 < self.confidence < 1:
            raise InputError("a confidence between 0 and 1", f"{self.confidence}", "Take 0.95.")
        if bool(self.before) != bool(self.after) or (self.before and self.before == self.after):
            raise InputError("two visits, before and after", f"'{self.before}' and '{self.after}'", "Name both, or none.")
        if len(self.repeated) == 1 or len(set(self.repeated)) < len(self.repeated):
            raise InputError("two visits or more in repeated", f"{', '.join(self.repeated)}", "Name each once.")
        for muscle, value in self.mdc_cm3.items():
            if not (math.isfinite(value) and value > 0):
                raise InputError("minimal detectable changes above 0 cm3", f"{value} for {muscle}", "Correct mdc_cm3.")


def read_study_file(path: Path) -> StudyFile:
    """A study's file, with the lines of its spreadsheet among its legs.

    Raises:
        InputError: It cannot be read, says something unknown, or lists no leg.
    """
    found = structure(StudyFile, read_toml(path, "a study"), path.name)
    if found.table and found.legs:
        raise InputError(f"legs in {path.name} or in its table", "both", f"Move all of them to {found.table}.")
    if found.table:
        lines = read_legs(path.parent / found.table)
    elif found.legs:
        lines = found.legs
    else:
        raise InputError(f"legs in {path.name}", "none", f'Write table = "{LEGS_FILE}", or a [[legs]] for each.')
    return replace(found, legs=lines)


def read_legs(path: Path) -> tuple[LegLine, ...]:
    """The lines of a spreadsheet: the columns of `LegLine`; every other column is a covariate.

    Several files in one cell have a `|` between them.

    Raises:
        InputError: It cannot be read, or has no column `subject`.
    """
    own = tuple(each.name for each in fields(LegLine) if each.name != "covariates")
    found: list[LegLine] = []
    for row in read_spreadsheet(path, ("subject",), own):
        one = {name: row.get(name, "") for name in own if name not in _SEVERAL}
        sweeps, seeds = (_files(row.get(name, "")) for name in _SEVERAL)
        more = {name: value for name, value in row.items() if name not in own}
        found.append(LegLine(**one, sweeps=sweeps, seeds=seeds, covariates=more))
    return tuple(found)


def _files(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(BETWEEN_FILES) if part.strip())
