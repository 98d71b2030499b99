"""Volumes of muscles as a structured report (PS3.16, TID 1500), with references to the segmentation and its source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydicom.sr.coding import Code

from ifssnet.core.errors import InputError
from ifssnet.core.muscles import field_names
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.dicom import read_dataset
from ifssnet.io.volumes.dicom_writing.codes import SNOMED, coded
from ifssnet.io.volumes.dicom_writing.segmentation import require_highdicom
from ifssnet.io.volumes.dicom_writing.source_series import MANUFACTURER, derived_uid

_VOLUME = Code("118565006", SNOMED, "Volume")
_CM3 = Code("cm3", "UCUM", "cubic centimeter")
_PROCEDURE = Code("16310003", SNOMED, "Ultrasonography")
_DECIMALS = 4


def write_dicom_report(segmentation: Path, volumes_cm3: Mapping[str, float], path: Path, force: bool = False) -> None:
    """Write the volumes of a DICOM segmentation's segments.

    Args:
        segmentation: The DICOM segmentation that was measured.
        volumes_cm3: The field's name of each structure to its volume.
        path: Where to.
        force: Replace what is there.

    Raises:
        InputError: No highdicom, a segmentation that says no source series, segments without a volume, or a target that
            cannot be written.
    """
    require_highdicom()
    data = read_dataset(segmentation)
    if not data.get("ReferencedSeriesSequence"):
        raise InputError(
            f"a source series in {segmentation.name}, which a report has to name",
            "none",
            "Write the segmentation with its source: ifss convert SEG OUT.dcm --dicom-source FOLDER.",
        )
    items = [item for item in data.SegmentSequence if int(item.SegmentNumber) > 0]
    called = field_names([str(item.SegmentLabel) for item in items])
    groups: list[Any] = []
    for item in items:
        name = called[str(item.SegmentLabel)]
        if name in volumes_cm3:
            groups.append(_group(data, item, volumes_cm3[name]))
    if not groups:
        raise InputError(f"volumes of the segments of {segmentation.name}", "none", "Measure this segmentation.")
    report = _report(data, groups, volumes_cm3)
    with atomic_path(path, force=force) as partial:
        report.save_as(partial, enforce_file_format=True)


def _group(data: Any, item: Any, volume_cm3: float) -> Any:
    sr: Any = import_module("highdicom").sr
    parts = coded(str(item.SegmentLabel))
    source = data.ReferencedSeriesSequence[0].SeriesInstanceUID
    site = sr.FindingSite(anatomic_location=parts.type, laterality=parts.side)
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(str(item.TrackingUID), str(item.TrackingID)),
        referenced_segment=sr.ReferencedSegment(
            data.SOPClassUID,
            data.SOPInstanceUID,
            int(item.SegmentNumber),
            source_series=sr.SourceSeriesForSegmentation(source),
        ),
        finding_type=parts.type,
        finding_sites=[site],
        measurements=[sr.Measurement(name=_VOLUME, value=round(volume_cm3, _DECIMALS), unit=_CM3)],
    )


def _report(data: Any, groups: list[Any], volumes_cm3: Mapping[str, float]) -> Any:
    sr: Any = import_module("highdicom").sr
    known = f"{data.SOPInstanceUID} {sorted(volumes_cm3.items())}"
    content = hashlib.sha256(known.encode()).hexdigest()
    device = sr.ObserverContext(
        observer_type=Code("121007", "DCM", "Device"),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device", MANUFACTURER), manufacturer_name=MANUFACTURER, model_name=MANUFACTURER
        ),
    )
    measured = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=_PROCEDURE,
        imaging_measurements=groups,
        title=Code("126000", "DCM", "Imaging Measurement Report"),
    )
    return sr.Comprehensive3DSR(
        evidence=[data],
        content=measured[0],
        series_instance_uid=derived_uid("report series", content),
        series_number=1001,
        sop_instance_uid=derived_uid("report", content),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
    )
