"""DICOM images (PS3.3): ultrasound multi-frame, Enhanced US Volume, other multi-frame images, folders of single slices.

`dicom_geometry` beside it reads where the slices lie. Nothing that identifies the patient is carried along.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pydicom
from jaxtyping import Shaped
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.io.codecs.pixels import checked_bytes
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.volumes.dicom_geometry import is_dicom, place_of_frames, place_of_slices
from ifssnet.io.volumes.placement import three_dimensional
from ifssnet.io.volumes.volume_format import VolumeFormat

_CARRIED = ("Modality", "Manufacturer", "ManufacturerModelName", "SeriesDescription", "TransducerData", "FrameTime")
_DEFLATED = "1.2.840.10008.1.2.1.99"
_MOST_BY_CODEC = 4096
_MOST_FILES = 20_000
_LOOKED_AT = 20
"""So many files of a folder are opened to see whether it holds DICOM."""


def read_dicom_volume(path: Path) -> Volume:
    """Read a volume from one DICOM file of several frames, or from a folder with one slice a file.

    Colour becomes its luminance, MONOCHROME1 is inverted, a rescale slope is applied. What a file does not say is
    assumed with a warning where that can be sensible (slice spacing), and refused where it cannot (pixel spacing).

    Raises:
        InputError: No DICOM, no pixels, no pixel spacing, or slices that form no regular stack.
    """
    try:
        return _one_file(path) if not path.is_dir() else _folder(path)
    except InputError:
        raise
    except Exception as error:  # pydicom reads elements when they are first asked for, and trips over broken ones there
        raise _unreadable(path, error) from error


def read_dicom_frames(path: Path) -> Shaped[np.ndarray, "frame v u"]:
    """The grey levels of one file, frame by frame, wherever they lie; otherwise as `read_dicom_volume`.

    Raises:
        InputError: No DICOM, or no pixels that can be read.
    """
    return _pixels(_read(path), path)


def _folder(path: Path) -> Volume:
    files = sorted(file for file in path.iterdir() if file.is_file() and is_dicom(file))
    if not files or len(files) > _MOST_FILES:
        raise InputError(f"1 to {_MOST_FILES:,} DICOM files in {path}", f"{len(files)}", "Give the folder of one series.")
    return _one_file(files[0]) if len(files) == 1 else _series(files, path)


def _one_file(path: Path) -> Volume:
    data = _read(path)
    array = _pixels(data, path)
    array, place = place_of_frames(data, array, path)
    return Volume(array, place, MappingProxyType(_carried(data)))


def _series(files: list[Path], folder: Path) -> Volume:
    slices = [(_read(file), file) for file in files]
    series = {str(data.get("SeriesInstanceUID", "")) for data, _ in slices}
    if len(series) > 1:
        raise InputError(f"one series in {folder}", f"{len(series)}", "Put each series into a folder of its own.")
    arrays = [_pixels(data, file) for data, file in slices]
    if any(array.shape != (1, *arrays[0].shape[1:]) or array.dtype != arrays[0].dtype for array in arrays):
        raise InputError(
            f"one slice a file, all of one size and type, in {folder}", "others", "Give a file of several frames by itself."
        )
    order, grid = place_of_slices([data for data, _ in slices], arrays[0].shape, folder)
    array = np.concatenate([arrays[i] for i in order])
    return Volume(array, grid, MappingProxyType(_carried(slices[0][0])))


def _read(path: Path) -> Any:
    existing_file(path, "a DICOM file")
    try:
        # From memory, because an element that lies about its length must not make a buffer of that length.
        stream = io.BytesIO(path.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            library: Any = pydicom
            meta = library.dcmread(stream, specific_tags=["TransferSyntaxUID"], stop_before_pixels=True).file_meta
            if str(meta.get("TransferSyntaxUID", "")) == _DEFLATED:
                raise InputError(f"a DICOM file that is not deflated as a whole: {path.name}", "one", "Save it uncompressed.")
            stream.seek(0)
            return library.dcmread(stream)
    except InputError:
        raise
    except Exception as error:  # pydicom raises whatever a broken element makes it trip over
        raise _unreadable(path, error) from error


def _pixels(data: Any, path: Path) -> Shaped[np.ndarray, "z y x"]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array, channels = _decoded(data, path)
            monochrome1 = str(data.get("PhotometricInterpretation", "")) == "MONOCHROME1"
            slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
            stored = int(data.get("BitsStored", 8))
    except InputError:
        raise
    except Exception as error:  # as above
        raise _unreadable(path, error) from error
    if array.ndim == (3 if channels else 2):
        array = array[np.newaxis]
    volume = three_dimensional(array, channels, path.name)
    if monochrome1:
        volume = (2**stored - 1 - volume.astype(np.int64)).astype(volume.dtype)
    if not np.isfinite([slope, intercept]).all() or slope == 0:
        raise InputError(f"a finite rescale in {path.name}", f"slope {slope}, intercept {intercept}", "Correct the file.")
    if (slope, intercept) != (1.0, 0.0):
        volume = volume.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    return volume


def _decoded(data: Any, path: Path) -> tuple[Shaped[np.ndarray, "*size"], bool]:
    if "PixelData" not in data:
        raise InputError(f"pixels in {path.name}", "none", "Export the image itself, not a report or a presentation state.")
    samples = int(data.get("SamplesPerPixel", 1))
    sizes = (int(data.get("NumberOfFrames", 1) or 1), int(data.get("Rows", 0)), int(data.get("Columns", 0)), samples)
    bits = int(data.get("BitsAllocated", 0))
    if bits not in (8, 16, 32):
        raise InputError(f"8, 16 or 32 bits a pixel in {path.name}", f"{bits}", "Export the image again.")
    wanted, there = checked_bytes(sizes, bits // 8, path.name), len(data.PixelData)
    compressed = data.file_meta.TransferSyntaxUID.is_compressed
    subsampled = 2 if str(data.get("PhotometricInterpretation", "")).endswith("422") else 1
    if wanted > there * (_MOST_BY_CODEC if compressed else subsampled):
        raise InputError(
            f"{wanted:,} bytes of pixels in {path.name}", f"{there:,}", "The file is cut short: export or copy it again."
        )
    if str(data.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        return apply_color_lut(pixel_array(data), data), True
    return pixel_array(data), samples > 1


def _carried(data: Any) -> dict[str, str]:
    return {f"DICOM_{name}": str(data.get(name)) for name in _CARRIED if str(data.get(name, "") or "").strip()}


def _unreadable(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split())[:160]
    return InputError(
        f"a DICOM image that can be read: {path.name}",
        f"'{text or type(error).__name__}'",
        "Export it again, without compression where that can be chosen.",
    )


DICOM = VolumeFormat(
    Kind("dicom", "a DICOM image", recognises=lambda start: start.content[128:132] == b"DICM", suffixes=(".dcm",)),
    read_dicom_volume,
)

DICOM_FOLDER = VolumeFormat(
    Kind(
        "dicom-folder",
        "a folder of DICOM images",
        recognises_folder=lambda listing: any(is_dicom(file) for file in listing.files[:_LOOKED_AT]),
    ),
    read_dicom_volume,
)
