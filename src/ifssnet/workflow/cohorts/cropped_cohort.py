"""A cohort whose slices all have one size, beside the one it was made of: cut or padded in-plane, voxels as they were."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifssnet.core.cohort import Case, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.geometry.grids.in_plane import Window, window_start, windowed
from ifssnet.io.cohorts.cohort_folder import DESCRIPTION, NNUNET_DESCRIPTION, open_cohort
from ifssnet.io.open import open_grid, open_volume
from ifssnet.io.plain_data import plain, structure
from ifssnet.io.save import save
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.workflow.files.result_files import write_json

FORMAT = "ifssnet-crops/1"
RECORD = "crops.json"
SIDE_PX = 512
"""Rows and columns of the paper's slices: its published code crops or pads to them."""


@dataclass(frozen=True)
class Crop:
    """What was done to one leg.

    Attributes:
        case: Its name.
        split: And its split.
        made_from: What the files were: name, size and time of change of both.
        shape_yx: Rows and columns before.
        start_yx: The first row and column that were kept; negative where the slice was padded.
        labelled: Voxels of named muscles before.
        cut: How many of these voxels were lost.
        ranges: Muscle to its first and last slice.
        slices: How many slices the leg has.
    """

    case: str
    split: str
    made_from: tuple[str, ...]
    shape_yx: tuple[int, int]
    start_yx: Window
    labelled: int
    cut: int
    ranges: Mapping[str, tuple[int, int]]
    slices: int


@dataclass(frozen=True)
class _Record:
    """The file `crops.json`: its format, the side of every slice, and what was done to each leg so far."""

    format: str
    side_px: int
    legs: tuple[Crop, ...]


def is_sized(cohort: Cohort, side: int = SIDE_PX) -> bool:
    """Whether all slices of a cohort have that many rows and columns already."""
    paths = [path for case in cohort.cases for path in (case.volume_path, case.labels_path) if path is not None]
    return all(open_grid(path).shape_zyx[1:] == (side, side) for path in paths)


def crop_cohort(root: Path, target: Path, side: int = SIDE_PX) -> Generator[Progress, None, tuple[Crop, ...]]:
    """Write a cohort with slices of `side` x `side` beside another; spacing and place stay, and labels go along.

    One file is in memory at a time. Where a slice is larger, the window is its middle, moved as little as keeps all labelled
    voxels inside; what cannot be kept is counted. Stopped at any moment, it goes on from there.

    Args:
        root: The cohort.
        target: The new one's folder; what it holds of an earlier run is kept where the originals have not changed.
        side: Rows and columns, in voxels.

    Returns:
        What was done to each leg, also in `crops.json` of the new folder.

    Raises:
        InputError: A leg without volume or labels, labels on another grid, a file that cannot be read or written, or a
            target that holds something else.
    """
    cohort = open_cohort(root)
    known = {crop.case: crop for crop in read_crops(target, side)}
    if target.exists() and not (target / RECORD).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"an empty folder {target}, or a cropped cohort", "other files", "Choose another folder.")
    target.mkdir(parents=True, exist_ok=True)
    # Says whose folder this is, before anything else is in it.
    _write_record(list(known.values()), target, side)
    crops: list[Crop] = []
    for place, case in enumerate(cohort.cases):
        yield Progress("cropping or padding", place, len(cohort.cases), case.name)
        before = known.get(_key(case))
        if before is None or before.made_from != _made_from(case) or not all(p.is_file() for p in _targets(case, root, target)):
            before = _crop_case(case, cohort, target, side)
        crops.append(before)
        # The legs that are still to be looked at stay in the record: a run that is stopped here has lost nothing.
        later = [known[_key(other)] for other in cohort.cases[place + 1 :] if _key(other) in known]
        _write_record([*crops, *later], target, side)
    for name in (DESCRIPTION, NNUNET_DESCRIPTION):
        if (root / name).is_file():
            shutil.copyfile(root / name, target / name)
    yield Progress("cropping or padding", len(cohort.cases), len(cohort.cases))
    return tuple(crops)


def crops_are_done(cohort: Cohort, target: Path, side: int = SIDE_PX) -> bool:
    """Whether every leg of a cohort, as it is now, has been cropped into the folder."""
    known = {crop.case: crop for crop in read_crops(target, side)}
    return all(
        case.complete
        and (crop := known.get(_key(case))) is not None
        and crop.made_from == _made_from(case)
        and all(path.is_file() for path in _targets(case, cohort.root, target))
        for case in cohort.cases
    )


def read_crops(target: Path, side: int = SIDE_PX) -> tuple[Crop, ...]:
    """What was done so far; nothing where nobody has begun, or for another size."""
    raw = read_json_object(target / RECORD) or {}
    if raw.get("format") != FORMAT or raw.get("side_px") != side:
        return ()
    return structure(_Record, raw, str(target / RECORD)).legs


def _crop_case(case: Case, cohort: Cohort, target: Path, side: int) -> Crop:
    """Labels first: they say where the window lies."""
    if case.volume_path is None or case.labels_path is None:
        raise InputError(f"a volume and labels of {case.name}", "one of them only", "Complete the cohort.")
    made_from = _made_from(case)
    labels = open_volume(case.labels_path)
    if not open_grid(case.volume_path).matches(labels.grid):
        raise InputError(f"labels of {case.name} on their volume's grid", "another grid", "Resample the labels onto it.")
    values = sorted(cohort.label_names)
    along_z = {value: np.flatnonzero([(plane == value).any() for plane in labels.array]) for value in values}
    marked = np.zeros(labels.grid.shape_zyx[1:], dtype=np.int64)
    for plane in labels.array:
        marked += np.isin(plane, values)
    start = (window_start(marked.sum(axis=1), side), window_start(marked.sum(axis=0), side))
    inside = windowed(marked[None], start, (side, side))
    _, *shape = labels.grid.shape_zyx
    # The volume last: it says that the pair is whole.
    volume_target, labels_target = _targets(case, cohort.root, target)
    _write(labels, labels_target, start, side, compress=True)
    del labels
    _write(open_volume(case.volume_path), volume_target, start, side, compress=False)
    return Crop(
        case=_key(case),
        split=case.split,
        made_from=made_from,
        shape_yx=(shape[0], shape[1]),
        start_yx=start,
        labelled=int(marked.sum()),
        cut=int(marked.sum() - inside.sum()),
        ranges={cohort.label_names[v]: (int(at[0]), int(at[-1])) for v, at in along_z.items() if at.size},
        slices=open_grid(case.volume_path).slices,
    )


def _write(image: Volume, path: Path, start: Window, side: int, *, compress: bool) -> None:
    slices = image.grid.slices
    grid = image.grid.cropped((0, *start), (slices, side, side))
    path.parent.mkdir(parents=True, exist_ok=True)
    seen = None if image.seen is None else windowed(image.seen, start, (side, side))
    save(Volume(windowed(image.array, start, (side, side)), grid, image.header, seen), path, force=True, compress=compress)


def _key(case: Case) -> str:
    return f"{case.split}/{case.name}"


def _targets(case: Case, root: Path, target: Path) -> tuple[Path, ...]:
    return tuple(target / path.relative_to(root) for path in (case.volume_path, case.labels_path) if path is not None)


def _made_from(case: Case) -> tuple[str, ...]:
    paths = [path for path in (case.volume_path, case.labels_path) if path is not None]
    return tuple(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)


def _write_record(crops: list[Crop], target: Path, side: int) -> None:
    write_json(plain(_Record(FORMAT, side, tuple(crops))), target / RECORD, force=True)
