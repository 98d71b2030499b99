"""The series that a result belongs to: patient, study and frame of reference are the source's, all new UIDs are derived."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence as Several
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.io.volumes.dicom import read_dataset
from ifssnet.io.volumes.dicom_start import is_dicom

MANUFACTURER = "ifssnet"
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MOST_FILES = 20_000
OF_PATIENT_AND_STUDY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""What all objects of a study repeat."""


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """What a result is derived from.

    Attributes:
        images: The source's images, without their pixels.
        real: Whether there is such a series; else the images are only a frame for new UIDs, and nothing refers to them.
    """

    images: tuple[Any, ...]
    real: bool

    @property
    def first(self) -> Any:
        """Any of them: what they share."""
        return self.images[0]

    @property
    def placed(self) -> bool:
        """Whether all images say where they lie in the patient."""
        return self.real and all(_is_placed(image) for image in self.images)


def software_version() -> str:
    """The version of this package."""
    return version("ifssnet")


def derived_uid(*parts: object) -> str:
    """A UID that is the same whenever it is derived from the same."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
    return str(generate_uid(entropy_srcs=[digest]))


def source_series(path: Path) -> SourceSeries:
    """The images of a DICOM file, or of a folder with one series.

    Raises:
        InputError: No DICOM image, images of several series, or images that lack what a result has to repeat.
    """
    files = [path] if path.is_file() else sorted(each for each in path.iterdir() if is_dicom(each)) if path.is_dir() else []
    if not 0 < len(files) <= _MOST_FILES:
        raise InputError(f"a DICOM image or a folder of one series at {path}", f"{len(files)} files", "Give the source.")
    images = tuple(_without_pixels(read_dataset(file)) for file in files)
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
        if len({str(image.get(name, "")) for image in images}) > (1 if name.startswith(("Study", "Series")) else len(images)):
            raise InputError(f"one series in {path}", f"several values of {name}", "Put each series into a folder of its own.")
        if any(not image.get(name) for image in images):
            raise InputError(f"{name} in {path}", "an image without", "Export the series again.")
    frame = derived_uid("frame of reference", images[0].SeriesInstanceUID)
    for image in images:
        _complete(image, frame)
    return SourceSeries(images, real=True)


def no_series(content: str) -> SourceSeries:
    """A stand-in for results of volumes that never were DICOM.

    Args:
        content: A hash of the content, which its UIDs are derived from.
    """
    image = Dataset()
    image.SOPInstanceUID = derived_uid("instance", content)
    image.SeriesInstanceUID = derived_uid("series", content)
    image.StudyInstanceUID = derived_uid("study", content)
    _complete(image, derived_uid("frame of reference", content))
    return SourceSeries((image,), real=False)


def framed(series: SourceSeries, grid: Grid) -> Any:
    """One image with the patient and the study of a series, that lies where a grid does."""
    image, first = Dataset(), series.first
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for name in (*OF_PATIENT_AND_STUDY, "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        if name in first:
            setattr(image, name, first[name].value)
    image.SOPClassUID = _SECONDARY_CAPTURE
    image.Rows, image.Columns = grid.shape_zyx[1:]
    x, y, z = grid.spacing_xyz_mm
    axes = np.asarray(grid.direction, dtype=np.float64)[:, :2].T.ravel()
    image.PixelSpacing = [decimal_string(y), decimal_string(x)]
    image.SliceThickness = decimal_string(z)
    image.ImagePositionPatient = [decimal_string(part) for part in grid.origin_xyz_mm]
    image.ImageOrientationPatient = [decimal_string(float(part)) for part in axes]
    return image


def decimal_string(number: float) -> Any:
    """A number in the sixteen characters that DICOM has for one."""
    return DSfloat(number, auto_format=True)


def refer_to(data: Any, series: SourceSeries) -> None:
    """Write into a result which images it comes from (PS3.3, C.12.2 and C.7.6.16.2.6)."""
    items = [_reference(image) for image in series.images]
    whole = Dataset()
    whole.SeriesInstanceUID = series.first.SeriesInstanceUID
    whole.ReferencedInstanceSequence = Sequence([_reference(image) for image in series.images])
    data.ReferencedSeriesSequence = Sequence([whole])
    purpose = _code("121322", "Source image for image processing operation")
    for item in items:
        item.PurposeOfReferenceCodeSequence = Sequence([purpose])
    derivation = Dataset()
    derivation.SourceImageSequence = Sequence(items)
    derivation.DerivationCodeSequence = Sequence([_code("113076", "Segmentation")])
    data.SharedFunctionalGroupsSequence[0].DerivationImageSequence = Sequence([derivation])


def _reference(image: Any) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _complete(image: Any, frame_of_reference: str) -> None:
    """Attributes that a result repeats and that may be empty (type 2)."""
    for name in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        if name not in image:
            setattr(image, name, "")
    for name in ("StudyDate", "StudyTime", "ReferringPhysicianName"):
        if name not in image:
            setattr(image, name, "")
    if not image.get("FrameOfReferenceUID"):
        image.FrameOfReferenceUID = frame_of_reference


def _without_pixels(image: Any) -> Any:
    if "PixelData" in image:
        del image.PixelData
    return image


def forget(data: Any, names: Several[str]) -> None:
    """Remove attributes from a data set and from every item in it."""
    for name in names:
        if name in data:
            delattr(data, name)
    for element in data:
        if element.VR == "SQ":
            for item in element.value:
                forget(item, names)


def _is_placed(image: Any) -> bool:
    groups: Any = image.get("PerFrameFunctionalGroupsSequence") or [image]
    return all("ImagePositionPatient" in ((each.get("PlanePositionSequence") or [each])[0]) for each in groups)
