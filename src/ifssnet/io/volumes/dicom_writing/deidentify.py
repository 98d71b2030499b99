"""Patient data out of the DICOM objects that this package writes (PS3.15 Annex E, as far as such objects have attributes).

Names, numbers, dates and free text go. UIDs are derived anew: the same UID becomes the same other one in every file, so that
references between files that are treated with the same key stay whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.volumes.dicom import read_dataset
from ifssnet.io.volumes.dicom_writing.source_series import MANUFACTURER, derived_uid

_STANDARD = "1.2.840.10008."
"""What every UID of the standard itself begins with: classes, syntaxes and coding schemes identify nobody."""

_NO_DATE, _NO_TIME = "19000101", "000000"
_EMPTIED = (
    "AccessionNumber",
    "StudyID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDescription",
    "SeriesDescription",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "StationName",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientComments",
    "OtherPatientIDs",
    "OtherPatientIDsSequence",
    "AdditionalPatientHistory",
    "RequestAttributesSequence",
    "ReferencedRequestSequence",
    "IssuerOfPatientID",
    "DeviceSerialNumber",
)
_KEPT_EMPTY = ("AccessionNumber", "StudyID", "PatientBirthDate", "PatientSex")
"""Attributes that have to be there, and may be empty (type 2)."""

METHOD = "ifssnet: names, numbers, dates, texts removed; UIDs derived"


def deidentify_dicom(source: Path, target: Path, subject: str = "", key: str = "", force: bool = False) -> str:
    """Write a copy without patient data.

    Args:
        source: A DICOM object that this package wrote.
        target: Where to.
        subject: The study's name or number of the person, in place of the patient's.
        key: A word that the new UIDs depend on; the same for files that refer to each other.
        force: Replace what is there.

    Returns:
        What the object is, in the standard's words.

    Raises:
        InputError: An object that another program wrote, whose pixels or private data may show the patient; or one that
            cannot be read or written.
    """
    data = read_dataset(source)
    if str(data.get("Manufacturer", "")) != MANUFACTURER:
        raise InputError(
            f"a DICOM object that ifssnet wrote: {source.name}",
            "one of another program, whose pixels and private data this command does not know",
            "Use a program that is made for it, such as the one of your hospital.",
        )
    data.remove_private_tags()
    _clean(data, key)
    for name in _EMPTIED:
        if name in data:
            setattr(data, name, "") if name in _KEPT_EMPTY else delattr(data, name)
    if "Modality" in data and str(data.Modality) != "SR":
        data.DeviceSerialNumber = "0"
    data.PatientName, data.PatientID = f"{subject}^" if subject else "", subject
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", METHOD
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    with atomic_path(target, force=force) as partial:
        data.save_as(partial, enforce_file_format=True)
    return str(data.SOPClassUID.name)


def _clean(data: Any, key: str) -> None:
    for element in list(data):
        if element.VR == "SQ":
            for item in element.value:
                _clean(item, key)
        elif element.VR == "PN":
            element.value = ""
        elif element.VR == "UI":
            element.value = _uids(element.value, key)
        elif element.VR in ("DA", "TM", "DT") and element.value:
            element.value = _NO_TIME if element.VR == "TM" else _NO_DATE


def _uids(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return value if value.startswith(_STANDARD) else derived_uid("deidentified", key, value)
    return [_uids(str(each), key) for each in value]
