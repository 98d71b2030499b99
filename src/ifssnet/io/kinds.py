"""What a file or a folder holds: its first bytes decide, and only where they say nothing its name."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.pixels import ANY_ZLIB, existing_file
from ifssnet.io.sweeps.frames_folder import CALIBRATION_NAME, POSES_NAME
from ifssnet.io.volumes.dicom_geometry import is_dicom
from ifssnet.io.volumes.nifti import GZIP

KINDS = {
    "metaimage": "a MetaImage volume or label map (.mha, .mhd)",
    "nrrd": "an NRRD volume or label map (.nrrd, .nhdr)",
    "seg-nrrd": "a 3D Slicer segmentation (.seg.nrrd)",
    "nifti": "a NIfTI volume or label map (.nii, .nii.gz)",
    "dicom": "a DICOM image",
    "dicom-folder": "a folder of DICOM images",
    "nnunet": "an nnU-Net v2 folder (dataset.json)",
    "cohort": "a cohort of legs: folders train, val and test, as LEG-3D-US has them",
    "sequence": "a tracked sweep of PLUS or 3D Slicer (.igs.mha, .igs.nrrd)",
    "stradwin": "a tracked sweep of Stradwin (.sw)",
    "frames-folder": "a tracked sweep as a folder of frames, poses.csv and calibration.toml",
    "masks-folder": "a folder of PNG masks",
    "surface": "a surface (.stl, .ply, .obj)",
    "surfaces-folder": "a folder of surfaces",
    "image": "a single picture (PNG, JPEG, TIFF)",
    "json": "a JSON file",
    "xml": "an XML file, as a PLUS configuration is",
}
"""Every answer of `kind_of`, in words."""

IMAGES = ("metaimage", "nrrd", "seg-nrrd", "nifti", "dicom", "dicom-folder", "nnunet")
"""What opens as a volume or as labels."""

SWEEPS = ("sequence", "stradwin", "frames-folder")

_SPLITS = ("train", "val", "validation", "test")
_START = 1 << 16
_METAIMAGE = re.compile(rb"^\s*(ObjectType|NDims|DimSize|BinaryData|ElementType)\s*[=:]", re.MULTILINE)
_TRACKED = re.compile(rb"^Seq_Frame\d+_\w+Transform\s*:?=", re.MULTILINE)
_LIST_LAST = re.compile(rb"^\s*[Kk]inds\s*[=:]\s*(domain\s+domain\s+list|list\s+domain\s+domain)\s*$", re.MULTILINE)
_SEGMENT = re.compile(rb"^Segment\d+_\w+:=", re.MULTILINE)
_STRADWIN = re.compile(rb"^\s*(RES_[A-Z_]+|IM|OBJECT|CONT|LANDMARK)\b", re.MULTILINE)
_OBJ = re.compile(rb"^v\s+[-+.\d]", re.MULTILINE)
_SUFFIXES = {
    ".mha": "metaimage", ".mhd": "metaimage", ".nrrd": "nrrd", ".nhdr": "nrrd", ".nii": "nifti", ".dcm": "dicom",
    ".sw": "stradwin", ".sxi": "stradwin", ".stl": "surface", ".ply": "surface", ".obj": "surface", ".json": "json",
    ".xml": "xml",
}  # fmt: skip


def kind_of(path: Path) -> str:
    """Which of `KINDS` a file or a folder is.

    Raises:
        InputError: Nothing there, or nothing that is known.
    """
    kind = _kind_of_folder(path) if _is_folder(path) else _kind_of_file(path)
    if kind is None:
        raise InputError(
            f"one of: {'; '.join(KINDS.values())}",
            f"{path}, which is none of these",
            "Give another file, or convert it, for example with 3D Slicer.",
        )
    return kind


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError) as error:
        raise InputError("a path that can be read", f"{str(path)!r} ({error})", "Check the path.") from error


def _kind_of_file(path: Path) -> str | None:
    existing_file(path, "a file")
    try:
        with path.open("rb") as stream:
            start = stream.read(_START)
        if start.startswith(GZIP):
            start = zlib.decompressobj(ANY_ZLIB).decompress(start, 1024)
    except (OSError, zlib.error):
        start = b""
    return _kind_by_content(start, path) or _SUFFIXES.get(_suffix(path))


def _kind_by_content(start: bytes, path: Path) -> str | None:
    if start.startswith(b"NRRD000"):
        header = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0]
        if _TRACKED.search(header) or _LIST_LAST.search(header):
            return "sequence"
        return "seg-nrrd" if _SEGMENT.search(header) or path.name.lower().endswith(".seg.nrrd") else "nrrd"
    if start[344:347] in (b"n+1", b"ni1") or start[4:7] in (b"n+2", b"ni2"):
        return "nifti"
    if start[128:132] == b"DICM":
        return "dicom"
    if start.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")):
        return "image"
    if _METAIMAGE.search(start[:1024]):
        header = start.split(b"ElementDataFile", maxsplit=1)[0]
        return "sequence" if _TRACKED.search(header) or _LIST_LAST.search(header) else "metaimage"
    if start.startswith((b"ply\n", b"ply\r\n")) or _is_stl(start, path):
        return "surface"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<"):
        return "xml"
    if b"\0" in start:
        return None
    if _STRADWIN.search(text[:4096]):
        return "stradwin"
    if text.startswith((b"{", b"[")):
        return "json"
    return "surface" if _OBJ.search(text) and path.suffix.lower() == ".obj" else None


def _is_stl(start: bytes, path: Path) -> bool:
    if start.startswith(b"solid") and b"facet" in start[:4096]:
        return True
    # A binary STL says nothing of itself, but its length follows from its count of triangles.
    return len(start) >= 84 and path.stat().st_size == 84 + 50 * int.from_bytes(start[80:84], "little")


def _kind_of_folder(path: Path) -> str | None:
    try:
        files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    except OSError as error:
        raise InputError(f"a folder {path} that can be read", f"'{error}'", "Check its permissions.") from error
    names = {file.name for file in files}
    if "dataset.json" in names:
        return "nnunet"
    if {POSES_NAME, CALIBRATION_NAME} & names:
        return "frames-folder"
    if "cohort.toml" in names or any((path / split).is_dir() for split in _SPLITS):
        return "cohort"
    suffixes = {file.suffix.lower() for file in files}
    if suffixes & {".stl", ".ply", ".obj"}:
        return "surfaces-folder"
    if ".png" in suffixes:
        return "masks-folder"
    return "dicom-folder" if any(is_dicom(file) for file in files[:20]) else None


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".nii" if name.endswith(".nii.gz") else path.suffix.lower()
