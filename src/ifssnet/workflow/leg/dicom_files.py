"""Results as DICOM: `ifss convert … OUT.dcm`, `ifss measure … -o OUT.dcm` and `ifss deidentify`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.facts.file_facts import ImageConversion
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_volume
from ifssnet.io.storage.provenance import read_provenance
from ifssnet.io.volumes.dicom_seg import DICOM_SEG
from ifssnet.io.volumes.dicom_writing.deidentify import deidentify_dicom
from ifssnet.io.volumes.dicom_writing.enhanced_us import write_dicom_volume
from ifssnet.io.volumes.dicom_writing.report import write_dicom_report
from ifssnet.io.volumes.dicom_writing.segmentation import SegmentationKind, SegmentationOptions, write_dicom_segmentation
from ifssnet.io.volumes.dicom_writing.source_series import source_series
from ifssnet.propagate.methods import LEARNED
from ifssnet.workflow.files.result_files import DICOM_SUFFIX, check_suffix, check_target


@dataclass(frozen=True)
class DicomTarget:
    """How a DICOM object is written.

    Attributes:
        kind: The kind of segmentation; None for binary.
        source: The DICOM series that the result belongs to; None where it never was DICOM.
        probability: The probability of each voxel's label, for fractional segmentations.
    """

    kind: SegmentationKind | None = None
    source: Path | None = None
    probability: Path | None = None

    @property
    def given(self) -> list[str]:
        """The options that somebody gave."""
        named = {"--dicom-kind": self.kind, "--dicom-source": self.source, "--probability": self.probability}
        return [name for name, value in named.items() if value is not None]


BINARY = DicomTarget()
"""A segmentation as most programs read it, of a leg that never was DICOM."""


@dataclass(frozen=True)
class DeidentifiedFile:
    """A DICOM object without patient data.

    Attributes:
        output: Where it is.
        what: What it is, in the standard's words.
    """

    output: Path
    what: str


def save_dicom_labels(
    layers: tuple[LabelMap, ...], source: Path, target: Path, options: DicomTarget, force: bool
) -> ImageConversion:
    """Write label maps as a DICOM segmentation; the method is that of the provenance beside the source.

    Raises:
        InputError: What `write_dicom_segmentation` refuses, or a source or a probability that cannot be read.
    """
    recorded = read_provenance(source).provenance
    method = "" if recorded is None else recorded.method_name
    series = None if options.source is None else source_series(options.source)
    probability = None if options.probability is None else open_volume(options.probability)
    how = SegmentationOptions(options.kind or "binary", method, method in LEARNED)
    write_dicom_segmentation(layers, target, how, series, probability, force=force)
    return ImageConversion(layers[0].grid.summary, labels=tuple(name for layer in layers for name in layer.names.values()))


def save_dicom_volume(volume: Volume, target: Path, options: DicomTarget, force: bool) -> ImageConversion:
    """Write grey levels as an Enhanced US Volume.

    Raises:
        InputError: Options of a segmentation, or what `write_dicom_volume` refuses.
    """
    if options.kind is not None or options.probability is not None:
        raise InputError(f"a label map with {options.given[0]}", "grey levels", f"Leave {options.given[0]} out.")
    series = None if options.source is None else source_series(options.source)
    write_dicom_volume(volume, target, series, force=force)
    return ImageConversion(volume.grid.summary, voxel_type=str(volume.array.dtype))


def save_dicom_report(segmentation: Path, volumes_cm3: Mapping[str, float], target: Path, force: bool) -> None:
    """Write the volumes of a DICOM segmentation as a structured report.

    Raises:
        InputError: Another kind of segmentation, or what `write_dicom_report` refuses.
    """
    if kind_of(segmentation) != DICOM_SEG.kind.name:
        raise InputError(
            f"a DICOM segmentation for the report {target.name}",
            f"{segmentation.name}",
            "Convert it first: ifss convert SEG SEG.dcm --dicom-source FOLDER.",
        )
    write_dicom_report(segmentation, volumes_cm3, target, force)


def deidentify_file(source: Path, target: Path, *, subject: str = "", key: str = "", force: bool = False) -> DeidentifiedFile:
    """Write a copy of one of our DICOM objects without patient data.

    Args:
        source: The object.
        target: Where to.
        subject: The study's name or number of the person, in place of the patient's.
        key: A word that new UIDs depend on; the same for files that refer to each other.
        force: Replace what is there.

    Raises:
        InputError: Another program's object, or something that cannot be read or written.
    """
    check_suffix(target, (DICOM_SUFFIX,))
    check_target(target, force, source)
    return DeidentifiedFile(target, deidentify_dicom(source, target, subject, key, force))
