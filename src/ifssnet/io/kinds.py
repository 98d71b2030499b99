"""Every kind of file and folder that is known, in one table.

What is in a file decides which it is, and only where that says nothing does its name.
"""

from __future__ import annotations

from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.pictures import MASKS_FOLDER, PICTURE
from ifssnet.io.cohorts.cohort_folder import COHORT
from ifssnet.io.cohorts.nnunet import NNUNET
from ifssnet.io.recognition import Kind, listing_of, start_of
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.storage.json_files import JSON_FILE
from ifssnet.io.sweeps.frames_folder_writer import FRAMES_FOLDER
from ifssnet.io.sweeps.linear_transform import LINEAR_TRANSFORM
from ifssnet.io.sweeps.plus_config import XML_FILE
from ifssnet.io.sweeps.sequence_writer import SEQUENCE
from ifssnet.io.sweeps.slicer_scene import SLICER_SCENE
from ifssnet.io.sweeps.slicer_sequence import SLICER_IMAGES, SLICER_TRANSFORMS
from ifssnet.io.sweeps.stradwin_writer import STRADWIN
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.volumes.dicom import DICOM, DICOM_FOLDER
from ifssnet.io.volumes.dicom_seg import DICOM_SEG
from ifssnet.io.volumes.metaimage import METAIMAGE
from ifssnet.io.volumes.nifti import NIFTI
from ifssnet.io.volumes.nrrd import NRRD
from ifssnet.io.volumes.seg_nrrd import SEG_NRRD
from ifssnet.io.volumes.surfaces import SURFACE, SURFACES_FOLDER
from ifssnet.io.volumes.volume_format import CaseFolder, VolumeFormat

Format = VolumeFormat | CaseFolder | SweepFormat | Kind

FORMATS: tuple[Format, ...] = (
    SLICER_IMAGES,
    SLICER_TRANSFORMS,
    SLICER_SCENE,
    LINEAR_TRANSFORM,
    SEQUENCE,
    SEG_NRRD,
    NRRD,
    NIFTI,
    DICOM_SEG,
    DICOM,
    PICTURE,
    METAIMAGE,
    SURFACE,
    XML_FILE,
    STRADWIN,
    JSON_FILE,
    NNUNET,
    FRAMES_FOLDER,
    COHORT,
    SURFACES_FOLDER,
    DICOM_FOLDER,
    MASKS_FOLDER,
)
"""All of them; of several that recognise a file or a folder, the first counts."""


def kind(format: Format) -> Kind:
    """How a format is recognised."""
    return format if isinstance(format, Kind) else format.kind


KINDS = {kind(each).name: kind(each).words for each in FORMATS}
"""The name of every kind, and what it is in words."""

SEGMENTATIONS = (SEG_NRRD.kind.name, DICOM_SEG.kind.name)
"""What always holds labels, in segments that may overlap."""

IMAGES = tuple(kind(each).name for each in FORMATS if isinstance(each, VolumeFormat | CaseFolder))
"""What opens as a volume or as labels."""

SWEEPS = tuple(kind(each).name for each in FORMATS if isinstance(each, SweepFormat))
"""What opens as a tracked sweep."""

CALIBRATED_ELSEWHERE = tuple(kind(each).name for each in FORMATS if isinstance(each, SweepFormat) and each.takes_configuration)
"""Sweeps whose calibration may stand in a PLUS configuration."""

SURFACES = (SURFACE.name, SURFACES_FOLDER.name)
"""What opens as surfaces."""


def kind_of(path: Path) -> str:
    """Which of `KINDS` a file or a folder is.

    Raises:
        InputError: Nothing there, or nothing that is known.
    """
    return kind(format_of(path)).name


def format_of(path: Path) -> Format:
    """Which of `FORMATS` a file or a folder has.

    Raises:
        InputError: Nothing there, or nothing that is known.
    """
    found = _format_of_folder(path) if _is_folder(path) else _format_of_file(path)
    if found is None:
        raise InputError(
            f"one of: {'; '.join(KINDS.values())}",
            f"{path}, which is none of these",
            "Give another file, or convert it, for example with 3D Slicer.",
        )
    return found


def is_plain_folder(path: Path) -> bool:
    """Whether it is a folder that has none of `FORMATS`.

    Raises:
        InputError: It cannot be read.
    """
    return _is_folder(path) and _format_of_folder(path) is None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError) as error:
        raise InputError("a path that can be read", f"{str(path)!r} ({error})", "Check the path.") from error


def _format_of_file(path: Path) -> Format | None:
    existing_file(path, "a file")
    start = start_of(path)
    suffix = ".nii.gz" if path.name.lower().endswith(".nii.gz") else path.suffix.lower()
    recognised = (each for each in FORMATS if (recognises := kind(each).recognises) is not None and recognises(start))
    named = (each for each in FORMATS if suffix in kind(each).suffixes)
    found = next(recognised, None) or next(named, None)
    if start.packed and (found is None or start.packed not in kind(found).packed_by):
        raise InputError(
            f"{'a file or a folder' if found is None else kind(found).words} that is not packed",
            f"{path}, which {start.packed} packed as a whole",
            "Unpack it first, and give what was in it.",
        )
    return found


def _format_of_folder(path: Path) -> Format | None:
    listing = listing_of(path)
    for each in FORMATS:
        if (recognises := kind(each).recognises_folder) is not None and recognises(listing):
            return each
    return None
