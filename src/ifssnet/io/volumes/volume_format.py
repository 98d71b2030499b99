"""What a format of volumes and label maps can do: each file of this room describes its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.recognition import Kind

DataFile = tuple[Path, str]
"""Where the pixels of a detached format go, and what the header calls that file."""


@runtime_checkable
class ReadVolume(Protocol):
    """Reads one value a voxel: a grey level, or a label value where `labels` says that volumes are measured from it."""

    def __call__(self, path: Path, labels: bool = False) -> Volume:
        """Read a file."""
        ...


@dataclass(frozen=True)
class VolumeWriter:
    """How one suffix of a format is written; whoever calls moves the files into place.

    Attributes:
        suffix: What a name ends in, with its dot.
        write: Takes a volume, the header's path, whether to compress, and the data file where the format has one. None: the
            format holds labels only.
        write_labels: Takes a label map, a path and whether to compress. None: labels are written as a volume.
        label_names: Where names and colours of labels go: into a line of the header, or into a JSON file beside the image.
        data_suffixes: Suffixes of the data file, raw and compressed; None where the pixels follow the header.
    """

    suffix: str
    write: Callable[[Volume, Path, bool, DataFile | None], None] | None
    write_labels: Callable[[LabelMap, Path, bool], None] | None = None
    label_names: Literal["header", "beside"] = "header"
    data_suffixes: tuple[str, str] | None = None


@dataclass(frozen=True)
class VolumeFormat:
    """One format of volumes and label maps.

    Attributes:
        kind: How it is recognised.
        read_volume: Reads grey levels.
        read_labels: Reads a label map; None where label values are read as grey levels are.
        writers: One a suffix; empty where the format is only read.
        read_grid: Says where the voxels lie, by the header alone; takes whether its values are labels. None where that takes
            the whole file.
        read_layers: Reads label maps of which each structure is whole, several where structures overlap; None where each voxel
            can have one label only.
        read_label_values: As `read_volume` for label values, but one volume a layer where layers of structures overlap; None
            where the format has no layers, or `read_layers` reads them.
    """

    kind: Kind
    read_volume: ReadVolume
    read_labels: Callable[[Path], LabelMap] | None = None
    writers: tuple[VolumeWriter, ...] = ()
    read_grid: Callable[[Path, bool], Grid] | None = None
    read_layers: Callable[[Path], tuple[LabelMap, ...]] | None = None
    read_label_values: Callable[[Path], tuple[Volume, ...]] | None = None


@dataclass(frozen=True)
class CaseFolder:
    """A folder that stands for a volume and its labels, each of them a file of a `VolumeFormat`.

    Attributes:
        kind: How it is recognised.
        volume_file: The file with the grey levels.
        labels_file: The file with the labels.
    """

    kind: Kind
    volume_file: Callable[[Path], Path]
    labels_file: Callable[[Path], Path]
