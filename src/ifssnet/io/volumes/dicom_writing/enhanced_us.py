"""Grey levels as an Enhanced US Volume (PS3.3, A.59), with the place of every slice.

The standard asks for the probe's acoustic output and focus, which a compounded volume does not know. Where the source does not
say them they are 0, and the image comments say that this stands for unknown.

Slices are placed about the volume itself: its frame of reference is the grid's own, with axes as the patient's (LPS). Readers
that only know patients find the same places in the plane positions of the patient.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code
from pydicom.uid import UID, ExplicitVRLittleEndian

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.dicom_writing.source_series import (
    MANUFACTURER,
    OF_PATIENT_AND_STUDY,
    SourceSeries,
    decimal_string,
    derived_uid,
    no_series,
    refer_to,
    software_version,
)

_STORAGE = UID("1.2.840.10008.5.1.4.1.1.6.2")
_OUTPUT = (
    "MechanicalIndex",
    "BoneThermalIndex",
    "CranialThermalIndex",
    "SoftTissueThermalIndex",
    "DepthsOfFocus",
    "DepthOfScanField",
)
_UNKNOWN_OUTPUT = "Indices and depths of 0 stand for unknown: the volume was computed from recordings that do not say them."
_LOWER_LEG = Code("30021000", "SCT", "Lower leg")
_TRANSVERSE = Code("62824007", "SCT", "Transverse")
_TRANSDUCER = {
    "TransducerScanPatternCodeSequence": Code("125241", "DCM", "Plane scan pattern"),
    "TransducerGeometryCodeSequence": Code("125252", "DCM", "Linear ultrasound transducer geometry"),
    "TransducerBeamSteeringCodeSequence": Code("125259", "DCM", "Phased beam steering"),
    "TransducerApplicationCodeSequence": Code("125261", "DCM", "External Transducer"),
}


def write_dicom_volume(volume: Volume, path: Path, source: SourceSeries | None = None, force: bool = False) -> None:
    """Write a volume of whole grey levels.

    Args:
        volume: 8 or 16 bits a voxel, without sign.
        path: Where to.
        source: The series that it comes from; None where it never was DICOM.
        force: Replace what is there.

    Raises:
        InputError: Grey levels that the object has no room for, or a target that cannot be written.
    """
    if volume.array.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
        raise InputError("grey levels of 8 or 16 bits, without sign", f"{volume.array.dtype}", "Convert the volume to 0-255.")
    content = hashlib.sha256(repr(volume.grid).encode())
    content.update(np.ascontiguousarray(volume.array).tobytes())
    series = source or no_series(content.hexdigest())
    data = _built(volume, series, content.hexdigest())
    if series.real:
        refer_to(data, series)
        data.SourceImageSequence = data.SharedFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence
    with atomic_path(path, force=force) as partial:
        data.save_as(partial, enforce_file_format=True)


def _built(volume: Volume, series: SourceSeries, content: str) -> Any:
    first = series.first
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = _STORAGE, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = UID(derived_uid("volume", first.SeriesInstanceUID, content))
    data: Any = FileDataset("volume.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
    for name in OF_PATIENT_AND_STUDY:
        setattr(data, name, first[name].value)
    now = datetime.now()
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    data.SOPClassUID, data.SOPInstanceUID = _STORAGE, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID = derived_uid("volume series", first.SeriesInstanceUID, content)
    data.FrameOfReferenceUID = data.VolumeFrameOfReferenceUID = first.FrameOfReferenceUID
    data.update(_general(date, time))
    data.update(_probe(first))
    kind = ["DERIVED" if series.real else "ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.ImageType = kind
    data.update(_pixels(volume.array))
    _groups(data, volume.grid, kind, f"{date}{time}")
    data.PixelData = np.ascontiguousarray(volume.array).astype(volume.array.dtype.newbyteorder("<")).tobytes()
    return data


def _general(date: str, time: str) -> Any:
    data: Any = Dataset()
    data.Modality, data.SeriesNumber, data.InstanceNumber = "US", 1002, 1
    data.ContentDate, data.ContentTime = date, time
    data.AcquisitionDateTime = f"{date}{time}"
    data.AcquisitionDuration = 0.0
    data.ImageComments = _UNKNOWN_OUTPUT
    data.Manufacturer = data.ManufacturerModelName = MANUFACTURER
    data.DeviceSerialNumber, data.SoftwareVersions = "0", software_version()
    data.PositionReferenceIndicator = data.Laterality = data.PatientOrientation = ""
    data.DimensionOrganizationType = "3D"
    # The standard has a word for fans with an apex only, which a compounded volume is not.
    data.UltrasoundAcquisitionGeometry = "UNKNOWN"
    data.VolumeToTransducerMappingMatrix = np.eye(4).ravel().tolist()
    data.PatientFrameOfReferenceSource = "ESTIMATED"
    data.AcquisitionContextSequence = Sequence()
    data.SynchronizationFrameOfReferenceUID = derived_uid("no clock", date, time)
    data.SynchronizationTrigger, data.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    return data


def _probe(source: Any) -> Any:
    """What is asked of the probe: as the source says it, else what every linear probe on the skin is."""
    data: Any = Dataset()
    for name in _OUTPUT:
        setattr(data, name, source[name].value if name in source else 0.0)
    data.AnatomicRegionSequence = Sequence([_item(_LOWER_LEG)])
    view = _item(_TRANSVERSE)
    view.ViewModifierCodeSequence = Sequence()
    data.ViewCodeSequence = Sequence([view])
    for name, code in _TRANSDUCER.items():
        setattr(data, name, source[name].value if name in source else Sequence([_item(code)]))
    return data


def _item(code: Code) -> Any:
    item: Any = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _pixels(array: Shaped[np.ndarray, "z y x"]) -> Any:
    data: Any = Dataset()
    data.NumberOfFrames, data.Rows, data.Columns = array.shape
    bits = 8 * array.dtype.itemsize
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.PresentationLUTShape, data.RescaleSlope, data.RescaleIntercept = "IDENTITY", 1, 0
    data.LossyImageCompression, data.BurnedInAnnotation = "00", "NO"
    return data


def _groups(data: Any, grid: Grid, kind: list[str], when: str) -> None:
    x, y, z = grid.spacing_xyz_mm
    axes = np.asarray(grid.direction, dtype=np.float64)[:, :2].T.ravel().tolist()
    measures: Any = Dataset()
    measures.PixelSpacing = [decimal_string(y), decimal_string(x)]
    measures.SliceThickness = measures.SpacingBetweenSlices = decimal_string(z)
    volume_axes: Any = Dataset()
    volume_axes.ImageOrientationVolume = axes
    patient_axes: Any = Dataset()
    patient_axes.ImageOrientationPatient = [decimal_string(part) for part in axes]
    shared: Any = Dataset()
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationVolumeSequence = Sequence([volume_axes])
    shared.PlaneOrientationSequence = Sequence([patient_axes])
    shared.USImageDescriptionSequence = Sequence([_described(kind)])
    shared.FrameVOILUTSequence = Sequence([_window(2.0 ** int(data.BitsStored))])
    tissue: Any = Dataset()
    tissue.DataType, tissue.AliasedDataType = "TISSUE_INTENSITY", "NO"
    shared.ImageDataTypeSequence = Sequence([tissue])
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    places = grid.points_to_mm(np.array([[0, 0, k] for k in range(grid.slices)], dtype=np.float64))
    data.PerFrameFunctionalGroupsSequence = Sequence([_frame(k, each, when) for k, each in enumerate(places.tolist())])
    organization: Any = Dataset()
    organization.DimensionOrganizationUID = derived_uid("dimensions", data.SOPInstanceUID)
    data.DimensionOrganizationSequence = Sequence([organization])
    index: Any = Dataset()
    index.DimensionOrganizationUID = organization.DimensionOrganizationUID
    index.DimensionIndexPointer, index.FunctionalGroupPointer = 0x00209301, 0x0020930E
    data.DimensionIndexSequence = Sequence([index])


def _described(kind: list[str]) -> Any:
    described: Any = Dataset()
    described.FrameType = kind
    described.VolumetricProperties, described.VolumeBasedCalculationTechnique = "VOLUME", "NONE"
    return described


def _window(levels: float) -> Any:
    """All grey levels, from black to white."""
    window: Any = Dataset()
    window.WindowCenter, window.WindowWidth = decimal_string(levels / 2), decimal_string(levels)
    return window


def _frame(number: int, place: list[float], when: str) -> Any:
    frame: Any = Dataset()
    content: Any = Dataset()
    content.DimensionIndexValues = [number + 1]
    content.FrameAcquisitionDateTime = content.FrameReferenceDateTime = when
    content.FrameAcquisitionDuration = 0.0
    position: Any = Dataset()
    position.ImagePositionVolume = place
    in_patient: Any = Dataset()
    in_patient.ImagePositionPatient = [decimal_string(part) for part in place]
    frame.FrameContentSequence = Sequence([content])
    frame.PlanePositionVolumeSequence = Sequence([position])
    frame.PlanePositionSequence = Sequence([in_patient])
    return frame
