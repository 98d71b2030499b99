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
from jaxtyping import Shaped, UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.grey_scale import WINDOW_KEY
from ifssnet.core.images import Volume
from ifssnet.io.codecs.pixels import check_memory, checked_bytes
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.volumes.dicom_geometry import place_of_frames, place_of_slices
from ifssnet.io.volumes.dicom_levels import FrameLevels, levels_of_frames
from ifssnet.io.volumes.dicom_start import is_dicom, say_without_preamble, starts_as_dicom, with_preamble
from ifssnet.io.volumes.placement import three_dimensional
from ifssnet.io.volumes.values_a_voxel import one_value
from ifssnet.io.volumes.volume_format import VolumeFormat

_CARRIED = ("Modality", "Manufacturer", "ManufacturerModelName", "SeriesDescription", "TransducerData", "FrameTime")
_DEFLATED = "1.2.840.10008.1.2.1.99"
_DIRECTORY = "1.2.840.10008.1.3.10"
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422")
"""Colours that become RGB when they are read; others would be taken for it."""
_COLOURS_OF_CODECS = ("YBR_RCT", "YBR_ICT")
_MOST_BY_CODEC = 4096
_MOST_FILES = 20_000
_LOOKED_AT = 20
"""How many files of a folder are opened to see whether it holds DICOM."""


def read_dicom_volume(path: Path, labels: bool = False, frame_distance_mm: float | None = None) -> Volume:
    """Read a volume from one DICOM file of several frames, or from a folder with one slice a file.

    Colour becomes its luminance at the stored depth, MONOCHROME1 is inverted, a rescale slope is applied. What a file does
    not say is assumed with a warning where that can be sensible (slice spacing), and refused where it cannot (pixel spacing).

    Args:
        path: The file or the folder.
        labels: Whether its values are labels, from which volumes are measured.
        frame_distance_mm: From one frame to the next, of a loop that does not say it.

    Raises:
        InputError: No DICOM, no pixels, no pixel spacing, slices that form no regular stack, or a distance of frames for
            images that say where they lie.
    """
    try:
        if path.is_dir():
            return _folder(path, labels, frame_distance_mm)
        return _one_file(path, labels, frame_distance_mm)
    except InputError:
        raise
    except Exception as error:  # pydicom reads elements when they are first asked for, and trips over broken ones there
        raise unreadable(path, error) from error


def read_dicom_frames(path: Path) -> Shaped[np.ndarray, "frame v u"]:
    """The grey levels of one file, frame by frame, wherever they lie; otherwise as `read_dicom_volume`.

    Raises:
        InputError: No DICOM, or no pixels that can be read.
    """
    return _pixels(read_dataset(path), path, False)


def _folder(path: Path, labels: bool, frame_distance_mm: float | None) -> Volume:
    files = sorted(file for file in path.iterdir() if file.is_file() and is_dicom(file))
    files = [file for file in files if not _is_directory(file)] if len(files) > 1 else files
    if not files or len(files) > _MOST_FILES:
        raise InputError(f"1 to {_MOST_FILES:,} DICOM files in {path}", f"{len(files)}", "Give the folder of one series.")
    if len(files) == 1:
        return _one_file(files[0], labels, frame_distance_mm)
    return _series(files, path, labels, frame_distance_mm)


def _is_directory(path: Path) -> bool:
    """Whether a file is the list of a medium's other files, which stands beside them."""
    with path.open("rb") as stream:
        return _DIRECTORY.encode() in stream.read(1 << 10)


def _one_file(path: Path, labels: bool, frame_distance_mm: float | None) -> Volume:
    data = read_dataset(path)
    say_without_preamble([path], path.name)
    array = _pixels(data, path, labels)
    array, place = place_of_frames(data, array, path, frame_distance_mm)
    return Volume(array, place, MappingProxyType(_carried(data)))


def _series(files: list[Path], folder: Path, labels: bool, frame_distance_mm: float | None) -> Volume:
    slices = [(read_dataset(file), file) for file in files]
    say_without_preamble(files, folder.name)
    series = {str(data.get("SeriesInstanceUID", "")) for data, _ in slices}
    if len(series) > 1:
        raise InputError(f"one series in {folder}", f"{len(series)}", "Put each series into a folder of its own.")
    arrays = [_pixels(data, file, labels) for data, file in slices]
    if any(array.dtype.kind == "f" for array in arrays):
        # Slices may be rescaled each by its own slope, and a slope of 1 leaves whole numbers.
        arrays = [array.astype(np.float32) for array in arrays]
    if any(array.shape != (1, *arrays[0].shape[1:]) or array.dtype != arrays[0].dtype for array in arrays):
        raise InputError(
            f"one slice a file, all of one size and type, in {folder}", "others", "Give a file of several frames by itself."
        )
    order, grid = place_of_slices([data for data, _ in slices], arrays[0].shape, folder, frame_distance_mm)
    array = np.concatenate([arrays[i] for i in order])
    return Volume(array, grid, MappingProxyType(_carried(*(data for data, _ in slices))))


def read_dataset(path: Path) -> Any:
    """A file as pydicom has it, its pixels undecoded.

    Raises:
        InputError: No DICOM file.
    """
    import pydicom

    # The file's bytes, and those that were decoded out of them.
    check_memory(2 * existing_file(path, "a DICOM file"), path.name)
    try:
        # From memory, because an element that lies about its length must not make a buffer of that length.
        stream = io.BytesIO(with_preamble(path.read_bytes(), path.name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            library: Any = pydicom
            meta = library.dcmread(stream, specific_tags=["TransferSyntaxUID"], stop_before_pixels=True).file_meta
            if str(meta.get("TransferSyntaxUID", "")) == _DEFLATED:
                raise InputError(f"a DICOM file that is not deflated as a whole: {path.name}", "one", "Save it uncompressed.")
            stream.seek(0)
            return _with_syntax(library.dcmread(stream))
    except InputError:
        raise
    except Exception as error:  # pydicom raises whatever a broken element makes it trip over
        raise unreadable(path, error) from error


def _with_syntax(data: Any) -> Any:
    """A dataset whose file says how it is encoded; where it does not, as its elements are."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if not str(data.file_meta.get("TransferSyntaxUID", "")):
        if "PixelData" in data and data["PixelData"].is_undefined_length:
            raise InputError(
                "compressed pixels with a transfer syntax that says how", "none", "Export the image again as a DICOM file."
            )
        implicit, little = data.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return data


def _pixels(data: Any, path: Path, labels: bool) -> Shaped[np.ndarray, "z y x"]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array, channels = _decoded(data, path)
            monochrome1 = str(data.get("PhotometricInterpretation", "")) == "MONOCHROME1"
            levels = levels_of_frames(data)
            ends = _ends(int(data.get("BitsStored", 8)), int(data.get("PixelRepresentation", 0) or 0))
    except InputError:
        raise
    except Exception as error:  # as above
        raise unreadable(path, error) from error
    if array.ndim == (3 if channels else 2):
        array = array[np.newaxis]
    if channels:
        array = one_value(array, "colour", path.name, labels)
    volume = three_dimensional(array, path.name)
    if monochrome1:
        volume = (ends - volume.astype(np.int64)).astype(volume.dtype)
    rescale = np.array([(each.slope, each.intercept) for each in levels])
    if not np.isfinite(rescale).all() or (rescale[:, 0] == 0).any():
        slope, intercept = next(each for each in rescale.tolist() if not np.isfinite(each).all() or each[0] == 0)
        raise InputError(f"a finite rescale in {path.name}", f"slope {slope}, intercept {intercept}", "Correct the file.")
    if (rescale != (1.0, 0.0)).any():
        by_frame = rescale.astype(np.float32)[:, :, np.newaxis, np.newaxis]
        volume = volume.astype(np.float32) * by_frame[:, 0] + by_frame[:, 1]
    return volume


def _ends(bits: int, signed: int) -> int:
    """The sum of the least and the largest level that can be stored."""
    return -1 if signed else 2**bits - 1


def _decoded(data: Any, path: Path) -> tuple[Shaped[np.ndarray, "*size"], bool]:
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import pixel_array

    if str(data.file_meta.get("MediaStorageSOPClassUID", "")) == _DIRECTORY:
        remedy = "Give the folder of one series, or one of the files that it lists."
        raise InputError(f"a DICOM image: {path.name}", "a directory (DICOMDIR), which lists other files", remedy)
    if "PixelData" not in data:
        raise InputError(f"pixels in {path.name}", "none", "Export the image itself, not a report or a presentation state.")
    samples = int(data.get("SamplesPerPixel", 1))
    colours = str(data.get("PhotometricInterpretation", ""))
    compressed = data.file_meta.TransferSyntaxUID.is_compressed
    if samples > 1 and colours not in (_COLOURS + _COLOURS_OF_CODECS if compressed else _COLOURS):
        remedy = "Export it again as RGB."
        raise InputError(f"colours as {', '.join(_COLOURS)} in {path.name}", f"'{colours}'", remedy)
    sizes = (int(data.get("NumberOfFrames", 1) or 1), int(data.get("Rows", 0)), int(data.get("Columns", 0)), samples)
    bits = int(data.get("BitsAllocated", 0))
    if bits not in (8, 16, 32):
        raise InputError(f"8, 16 or 32 bits a pixel in {path.name}", f"{bits}", "Export the image again.")
    wanted, there = checked_bytes(sizes, bits // 8, path.name), len(data.PixelData)
    subsampled = 2 if colours.endswith("422") else 1
    if wanted > there * (_MOST_BY_CODEC if compressed else subsampled):
        raise InputError(
            f"{wanted:,} bytes of pixels in {path.name}", f"{there:,}", "The file is cut short: export or copy it again."
        )
    if colours == "PALETTE COLOR":
        coloured = apply_color_lut(pixel_array(data), data)
        return (_as_bytes(coloured) if bits == 8 else coloured), True
    return pixel_array(data), samples > 1


def _as_bytes(coloured: Shaped[np.ndarray, "*size"]) -> UInt8[np.ndarray, "*size"]:
    """Colours at the depth of the pixels that stood for them. Palettes have 16 bits, which bytes fill in one of three ways."""
    if coloured.dtype == np.uint8 or coloured.max(initial=0) <= 255:
        return coloured.astype(np.uint8)
    doubled = all(bool((plane % 257 == 0).all()) for plane in coloured)
    return np.asarray(coloured // 257 if doubled else coloured >> 8, dtype=np.uint8)


def _window(*slices: Any) -> dict[str, str]:
    """The levels that are black and white: the header's first window, else the depth that an ultrasound scanner stores.

    Where frames or slices have windows of their own, they reach from the lowest black to the highest white.
    """
    ranges: list[tuple[float, float] | None] = []
    for data in slices:
        if str(data.get("PhotometricInterpretation", "")) not in ("MONOCHROME1", "MONOCHROME2"):
            return {}
        try:
            bits, signed = int(data.get("BitsStored", 8)), int(data.get("PixelRepresentation", 0) or 0)
            ranges += [_range(each, data, bits, signed) for each in dict.fromkeys(levels_of_frames(data))]
        except (TypeError, ValueError):
            return {}
    known = [each for each in ranges if each is not None]
    if not known or len(known) < len(ranges):
        return {}
    low, high = min(low for low, _ in known), max(high for _, high in known)
    return {WINDOW_KEY: f"{low!r} {high!r}"} if np.isfinite([low, high]).all() and high > low else {}


def _range(levels: FrameLevels, data: Any, bits: int, signed: int) -> tuple[float, float] | None:
    slope, inter, center, width = levels.slope, levels.intercept, levels.center, levels.width
    if center is not None and width is not None and width > 1:
        low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    elif str(data.get("Modality", "")) == "US" and not signed and (bits > 8 or (slope, inter) != (1.0, 0.0)):
        low, high = inter, slope * (2**bits - 1) + inter
    else:
        return None
    if str(data.get("PhotometricInterpretation", "")) == "MONOCHROME1":
        # As the levels themselves: what was black is white.
        both = slope * _ends(bits, signed) + 2 * inter
        low, high = both - high, both - low
    return low, high


def _carried(*slices: Any) -> dict[str, str]:
    data = slices[0]
    lines = {f"DICOM_{name}": str(data.get(name)) for name in _CARRIED if str(data.get(name, "") or "").strip()}
    return lines | _window(*slices)


def unreadable(path: Path, error: Exception) -> InputError:
    """What is said of a file that pydicom trips over."""
    text = " ".join(str(error).split())[:160]
    if "plugin" in text:
        text = "pixels compressed in a way that cannot be read here"
    return InputError(
        f"a DICOM image that can be read: {path.name}",
        f"'{text or type(error).__name__}'",
        "Export it again, without compression where that can be chosen.",
    )


DICOM = VolumeFormat(
    Kind("dicom", "a DICOM image", recognises=lambda start: starts_as_dicom(start.content), suffixes=(".dcm",)),
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
