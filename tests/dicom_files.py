"""DICOM files made for the tests: small, and wrong where a test wants them to be."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
ENHANCED_US_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"
MR = "1.2.840.10008.5.1.4.1.1.4"


def item(**values: Any) -> Dataset:
    """A dataset of a sequence."""
    data = Dataset()
    for name, value in values.items():
        setattr(data, name, value)
    return data


def region(delta_x_cm: float, delta_y_cm: float, units: int = 3, width: int = 10, height: int = 10) -> Dataset:
    """An ultrasound region with its calibration."""
    return item(
        RegionSpatialFormat=1, RegionDataType=1, RegionLocationMinX0=0, RegionLocationMinY0=0, RegionLocationMaxX1=width,
        RegionLocationMaxY1=height, PhysicalUnitsXDirection=units, PhysicalUnitsYDirection=units,
        PhysicalDeltaX=delta_x_cm, PhysicalDeltaY=delta_y_cm,
    )  # fmt: skip


def image(array: np.ndarray, sop_class: str = US_MULTIFRAME, photometric: str = "MONOCHROME2", **values: Any) -> FileDataset:
    """A DICOM image of (frame, y, x) or (frame, y, x, 3) pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("x.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    data.PatientName, data.Modality, data.Manufacturer = "Doe^Jane", "US", "Maker"
    data.NumberOfFrames, data.Rows, data.Columns = array.shape[:3]
    data.SamplesPerPixel = array.shape[3] if array.ndim == 4 else 1
    if array.ndim == 4:
        data.PlanarConfiguration = 0
    data.PhotometricInterpretation = photometric
    bits = array.dtype.itemsize * 8
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.PixelRepresentation = int(array.dtype.kind == "i")
    for name, value in values.items():
        setattr(data, name, value)
    data.PixelData = array.tobytes()
    return data


def as_bytes(data: FileDataset) -> bytes:
    """The file's bytes."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def multiframe_bytes() -> bytes:
    """A sound ultrasound multi-frame file."""
    array = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    return as_bytes(image(array, SequenceOfUltrasoundRegions=Sequence([region(0.02, 0.03)]), SpacingBetweenSlices=0.5))
