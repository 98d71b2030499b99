"""Look over a cohort on the disk: is every case a pair, can it be read, do its labels mean what they ought to."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.cohort import SPLITS, Case, Cohort
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.progress import Progress
from ifssnet.geometry.masks.values import values_in_use
from ifssnet.io.cohorts import leg_3d_us as leg3dus
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.cohorts.leg_3d_us import Archive
from ifssnet.io.open import open_grid, open_labels
from ifssnet.io.plain_data import Json
from ifssnet.workflow.cohorts.dataset import missing_files, read_record


@dataclass(frozen=True)
class CheckedCase:
    """What was found out about one case.

    Attributes:
        case: The case.
        grid: The volume's grid, or the labels' where there is no volume; None when neither can be read.
        labels: Label values in use, background left out; None when they were not read.
        problems: What is wrong, for a person.
    """

    case: Case
    grid: Grid | None
    labels: tuple[int, ...] | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class CheckedCohort:
    """What was found out about a cohort.

    Attributes:
        cohort: The cohort.
        cases: One entry a case, in the cohort's order.
        missing: What is not there, for a person.
        remedy: How to get it; empty when nothing is missing.
        ignored: Entries of the unpacked archives that belong to no case.
    """

    cohort: Cohort
    cases: tuple[CheckedCase, ...]
    missing: tuple[str, ...]
    remedy: str
    ignored: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nothing is wrong."""
        return not self.missing and not any(checked.problems for checked in self.cases)

    def as_plain(self) -> dict[str, Json]:
        """All of it as plain data."""
        cohort = self.cohort
        return {
            "name": cohort.name,
            "root": str(cohort.root),
            "licence": cohort.licence,
            "citation": list(cohort.citation),
            "notes": list(cohort.notes),
            "labels": {str(value): name for value, name in cohort.label_names.items()},
            "splits": {split: len(cohort.of_split(split)) for split in SPLITS},
            "cases": [_plain_case(checked) for checked in self.cases],
            "missing": list(self.missing),
            "remedy": self.remedy,
            "ignored": list(self.ignored),
            "complete": self.complete,
        }


def check_folder(
    folder: Path, archives: tuple[Archive, ...] = leg3dus.ARCHIVES, read_labels: bool = True
) -> Generator[Progress, None, CheckedCohort]:
    """Check every case of the cohort in a folder; otherwise as `check_cohort`.

    Raises:
        InputError: There is no cohort.
    """
    return (yield from check_cohort(open_cohort(folder), archives, read_labels))


def check_cohort(
    cohort: Cohort, archives: tuple[Archive, ...] = leg3dus.ARCHIVES, read_labels: bool = True
) -> Generator[Progress, None, CheckedCohort]:
    """Check every case of a cohort.

    Args:
        cohort: As `open_cohort` gives it.
        archives: Where LEG-3D-US comes from; of no account to other cohorts.
        read_labels: Whether to read the label maps as well, which takes a second or so each. Headers are always read.

    Yields:
        Cases done of all.
    """
    checked: list[CheckedCase] = []
    for case in cohort.cases:
        checked.append(_check_case(case, cohort, read_labels))
        yield Progress("checking cases", len(checked), len(cohort.cases))
    missing, ignored = list[str](), list[str]()
    if cohort.name == leg3dus.NAME:
        for archive in archives:
            record = read_record(cohort.root, archive)
            if record is not None:
                missing += missing_files(cohort.root, record)
                ignored += record.ignored
            elif not cohort.of_split(archive.split):
                missing.append(f"the split {archive.split} ({archive.file_name})")
    remedy = f"Run `ifss dataset leg-3d-us {cohort.root} --download` to fetch it." if missing else ""
    return CheckedCohort(cohort, tuple(checked), tuple(missing), remedy, tuple(ignored))


def _check_case(case: Case, cohort: Cohort, read_labels: bool) -> CheckedCase:
    problems: list[str] = []
    volume_grid = _grid(case.volume_path, "volume", problems)
    labels_grid = _grid(case.labels_path, "labels", problems)
    if volume_grid is not None and labels_grid is not None and not volume_grid.matches(labels_grid):
        apart = volume_grid.distance_from(labels_grid)
        same_shape = volume_grid.shape_zyx == labels_grid.shape_zyx
        by = f"up to {apart:.3g} mm apart" if same_shape else f"{labels_grid.shape_zyx} against {volume_grid.shape_zyx} voxels"
        problems.append(f"labels on another grid than the volume: {by}")
    values = None
    if read_labels and case.labels_path is not None and labels_grid is not None:
        values = _values(case.labels_path, problems)
        if values is not None and (unknown := sorted(set(values) - set(cohort.label_names))):
            known = ", ".join(map(str, (0, *cohort.label_names)))
            problems.append(f"label values {', '.join(map(str, unknown))} beside {known}")
    return CheckedCase(case, volume_grid or labels_grid, values, tuple(problems))


def _grid(path: Path | None, what: str, problems: list[str]) -> Grid | None:
    if path is None:
        problems.append(f"no {what}")
        return None
    try:
        return open_grid(path, labels=what == "labels")
    except InputError as error:
        problems.append(f"{what}: {error}")
        return None


def _values(path: Path, problems: list[str]) -> tuple[int, ...] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InputWarning)  # names of labels come from the cohort, not from the file
            return values_in_use(open_labels(path).array)
    except InputError as error:
        problems.append(f"labels: {error}")
        return None


def _plain_case(checked: CheckedCase) -> dict[str, Json]:
    case, grid = checked.case, checked.grid
    return {
        "name": case.name,
        "patient": case.patient,
        "split": case.split,
        "acquisition": case.acquisition,
        "volume": None if case.volume_path is None else str(case.volume_path),
        "labels": None if case.labels_path is None else str(case.labels_path),
        "shape_zyx": None if grid is None else list(grid.shape_zyx),
        "spacing_xyz_mm": None if grid is None else list(grid.spacing_xyz_mm),
        "label_values": None if checked.labels is None else list(checked.labels),
        "problems": list(checked.problems),
    }
