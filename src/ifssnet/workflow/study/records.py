"""The small file that says how one measurement, or one recording, ended; it is not made twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ifssnet.core.errors import InputError
from ifssnet.core.results.study import SliceArea, StudyCase
from ifssnet.io.plain_data import plain, structure
from ifssnet.io.storage.json_files import read_json_object
from ifssnet.workflow.files.result_files import write_json

RECORD_FORMAT = "ifssnet-study-record/1"


@dataclass(frozen=True)
class MuscleRecord:
    """What one muscle measures.

    Attributes:
        numbers: The quantity's name to its value.
        profile: Slice by slice.
    """

    numbers: Mapping[str, float | None]
    profile: tuple[SliceArea, ...] = ()


@dataclass(frozen=True)
class Record:
    """How the work on one measurement, or on one recording, ended.

    Attributes:
        key: A hash of all that the result depends on.
        status: Whether there is a result.
        error: What went wrong, where there is none.
        remarks: What a person has to know before using the numbers.
        muscles: The muscle's name to what it measures.
        method: The method that segmented.
        settings: Its settings.
        weights: The network's file and SHA-256; empty without one.
        spacing_xyz_mm: The voxels of the segmentation.
        annotated_slices: The number of drawn slices of each muscle.
        compounding: How sweeps became the volume.
        software: Versions by name.
        format: The version of the file.
    """

    key: str = ""
    status: Literal["done", "failed"] = "failed"
    error: str = "no result"
    remarks: tuple[str, ...] = ()
    muscles: Mapping[str, MuscleRecord] = field(default_factory=dict[str, MuscleRecord])
    method: str = ""
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    spacing_xyz_mm: tuple[float, float, float] | None = None
    annotated_slices: Mapping[str, int] = field(default_factory=dict[str, int])
    compounding: Mapping[str, str] = field(default_factory=dict[str, str])
    software: Mapping[str, str] = field(default_factory=dict[str, str])
    format: str = RECORD_FORMAT


@dataclass(frozen=True)
class CaseFiles:
    """Where the results of one measurement lie.

    Attributes:
        output: The study's results.
        case: Whose measurement.
    """

    output: Path
    case: StudyCase

    @property
    def folder(self) -> Path:
        """The recording's folder."""
        return self.output / "legs" / self.case.recording

    @property
    def segmentation(self) -> Path:
        """Every slice of the leg, labelled."""
        return self.folder / f"{self.case.rater or 'segmentation'}.seg.nrrd"

    @property
    def record(self) -> Path:
        """What was measured; written last."""
        return self.folder / f"{self.case.rater or 'segmentation'}.measured.json"

    @property
    def volume(self) -> Path:
        """The compounded volume, where the recording has sweeps."""
        return self.folder / "volume.mha"

    @property
    def volume_record(self) -> Path:
        """How it was compounded; written last."""
        return self.folder / "volume.compounded.json"


def read_record(path: Path, key: str) -> Record:
    """How the work ended; a file that is missing, torn or of another key is work without a result."""
    table = read_json_object(path)
    if table is None:
        return Record()
    try:
        record = structure(Record, table, str(path))
    except InputError:
        return Record()
    return record if record.key == key else Record()


def write_record(record: Record, path: Path) -> None:
    """Write how the work ended."""
    write_json(plain(record), path, force=True)
