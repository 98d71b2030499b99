"""DICOM segmentations (PS3.3 A.51): binary, fractional and label maps, each frame of one segment and one plane.

A frame is stored only where its segment is, in any order. Planes that no frame is for are empty.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float, Integer, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.codecs.pixels import checked_bytes
from ifssnet.io.recognition import FileStart, Kind
from ifssnet.io.volumes.dicom import read_dataset, unreadable
from ifssnet.io.volumes.dicom_geometry import Plane, plane_groups
from ifssnet.io.volumes.dicom_start import say_without_preamble, starts_as_dicom
from ifssnet.io.volumes.disagreement import Statement, settle
from ifssnet.io.volumes.placement import grid_from
from ifssnet.io.volumes.seg_nrrd import MOST_LAYERS, MOST_SEGMENTS, SegmentLayers, flattened
from ifssnet.io.volumes.volume_format import VolumeFormat

_COLORS: Any = import_module("skimage.color")
_STORAGE = b"1.2.840.10008.5.1.4.1.1.66.4"
_LABELMAP_STORAGE = b"1.2.840.10008.5.1.4.1.1.66.7"
_SAME_PLANE = 0.01
"""Share of the distance of planes by which two frames of one plane may lie apart."""
_HALF = 0.5
"""The share of a voxel, or the probability, from which a fractional segment has it."""
_MOST_BY_CODEC = 4096


@dataclass(frozen=True)
class _Segment:
    name: str
    color: tuple[int, int, int] | None


@dataclass(frozen=True, eq=False)
class _Frames:
    """Every frame with its plane, counted from the first one, and its segment; None where a frame holds label values."""

    pixels: Shaped[np.ndarray, "frame y x"]
    planes: tuple[int, ...]
    segments: tuple[int | None, ...]
    grid: Grid


def read_dicom_segments(path: Path) -> SegmentLayers:
    """Read a DICOM segmentation, one layer a segment where segments overlap, else one layer for all.

    Fractional segments are cut at one half, with a remark.

    Raises:
        InputError: No segmentation that can be read, or frames that lie in no regular stack.
    """
    try:
        data = read_dataset(path)
        say_without_preamble([path], path.name)
        segments = _segments(data, path)
        frames = _frames(data, path)
        return _layers(frames, segments, path)
    except InputError:
        raise
    except Exception as error:  # pydicom reads elements when they are first asked for, and trips over broken ones there
        raise unreadable(path, error) from error


def read_dicom_labels(path: Path) -> LabelMap:
    """Read a DICOM segmentation as one label map; where segments overlap, the later one wins, with a warning.

    Raises:
        InputError: As `read_dicom_segments`.
    """
    layers = read_dicom_segments(path)
    return layers.layers[0] if len(layers.layers) == 1 else flattened(layers, path.name)


def read_dicom_layers(path: Path) -> tuple[LabelMap, ...]:
    """Read a DICOM segmentation as label maps of which each segment is whole: one, or several where segments overlap.

    Raises:
        InputError: As `read_dicom_segments`.
    """
    return read_dicom_segments(path).layers


def _segments(data: Any, path: Path) -> dict[int, _Segment]:
    items = list(data.get("SegmentSequence") or ())
    if not 0 < len(items) <= MOST_SEGMENTS:
        raise InputError(f"1 to {MOST_SEGMENTS:,} segments in {path.name}", f"{len(items):,}", "Export it again.")
    found: dict[int, _Segment] = {}
    for item in items:
        number = int(item.SegmentNumber)
        if number == 0:
            continue
        if number in found or not 0 < number < 2**16:
            raise InputError(
                f"segments with numbers of their own in {path.name}", f"{number}, which is not", "Export it again."
            )
        found[number] = _Segment(_name(item, number), _rgb(item.get("RecommendedDisplayCIELabValue")))
    return found


def _name(item: Any, number: int) -> str:
    """What a segment is called: its label, its description, the words of its code, or its number."""
    codes: Any = item.get("SegmentedPropertyTypeCodeSequence") or ({},)
    said = (item.get("SegmentLabel"), item.get("SegmentDescription"), codes[0].get("CodeMeaning"))
    return next((text for each in said if (text := str(each or "").strip())), str(number))


def _rgb(value: Any) -> tuple[int, int, int] | None:
    """A colour out of CIELab, stored as three numbers of 16 bits (PS3.3 C.10.7.1.1)."""
    if value is None or len(value) != 3:
        return None
    lightness, a, b = (float(part) / 65535 for part in value)
    parts = np.clip(np.rint(255 * _COLORS.lab2rgb([100 * lightness, 255 * a - 128, 255 * b - 128])), 0, 255)
    red, green, blue = (int(part) for part in parts)
    return red, green, blue


def _frames(data: Any, path: Path) -> _Frames:
    from pydicom.dataset import Dataset

    count, rows, columns = int(data.get("NumberOfFrames", 1) or 1), int(data.get("Rows", 0)), int(data.get("Columns", 0))
    pixels = _pixels(data, (count, rows, columns), path)
    groups = plane_groups(data, count, path)
    own = data.PerFrameFunctionalGroupsSequence
    shared: Any = (data.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    holds_labels = str(data.get("SegmentationType", "")) == "LABELMAP"
    numbers = tuple(None if holds_labels else _number(frame, shared, path) for frame in own)
    first = groups[0]
    for plane in groups:
        if not np.allclose(plane.axes, first.axes, atol=1e-4) or not np.allclose(plane.spacing_yx, first.spacing_yx, rtol=1e-4):
            raise InputError(f"parallel frames of one pixel size in {path.name}", "others", "Export it as one stack.")
    normal = np.cross(first.axes[0], first.axes[1])
    along = np.array([float(plane.position @ normal) for plane in groups])
    step = _distance(along, first, path)
    places = np.rint((along - along.min()) / step).astype(np.int64)
    lowest = groups[int(along.argmin())]
    shape = (int(places.max()) + 1, rows, columns)
    checked_bytes(shape, 1, path.name)
    sideways = max(
        float(np.linalg.norm(plane.position - lowest.position - normal * (a - along.min())))
        for plane, a in zip(groups, along, strict=True)
    )
    if sideways > _SAME_PLANE * min(first.spacing_yx):
        what = f"frames that lie straight behind one another in {path.name}"
        raise InputError(what, f"some {sideways:.3g} mm aside", "Export it as one stack.")
    spacing_y, spacing_x = first.spacing_yx
    direction = np.column_stack([first.axes[0], first.axes[1], normal])
    grid = grid_from(shape, (spacing_x, spacing_y, step), [float(v) for v in lowest.position], direction, path.name)
    return _Frames(pixels, tuple(places.tolist()), numbers, grid)


def _distance(along: Float[np.ndarray, " frame"], plane: Plane, path: Path) -> float:
    """The distance of the planes: the one in the file, else the slices' thickness where it fits, else the least one found.

    Raises:
        InputError: Positions that are not at whole multiples of one distance, or not of the one in the file.
    """
    said, thickness = plane.said_between, plane.between
    gaps = np.diff(np.unique(np.round(along, 4)))
    if not gaps.size:
        if said is None and thickness is None:
            warnings.warn(InputWarning(f"{path.name} says no thickness of its one slice; 1 mm was assumed."), stacklevel=4)
        return said or thickness or 1.0
    for step in (said, thickness, float(gaps.min())):
        if step and bool((np.abs(gaps / step - np.rint(gaps / step)) <= _SAME_PLANE * np.maximum(1, gaps / step)).all()):
            # The planes' own distance is more exact than a number that somebody typed.
            whole = float(np.rint(gaps / step).sum())
            found = float(gaps.sum()) / whole if whole else step
            if said and step != said:
                y, x = plane.spacing_yx
                other = Statement("SpacingBetweenSlices", (x, y, said))
                settle(Statement("the planes' positions", (x, y, found)), other, path.name, labels=True)
            return found
    raise InputError(
        f"frames at whole multiples of one distance in {path.name}",
        f"distances from {gaps.min():.4g} to {gaps.max():.4g} mm",
        "Export the segmentation on the image's own slices.",
    )


def _number(frame: Any, shared: Any, path: Path) -> int:
    found = frame.get("SegmentIdentificationSequence") or shared.get("SegmentIdentificationSequence")
    if not found:
        raise InputError(f"a segment for each frame of {path.name}", "a frame of none", "Export the segmentation again.")
    return int(found[0].ReferencedSegmentNumber)


def _pixels(data: Any, shape: tuple[int, int, int], path: Path) -> Shaped[np.ndarray, "frame y x"]:
    bits = int(data.get("BitsAllocated", 0))
    if bits not in (1, 8, 16):
        raise InputError(f"1, 8 or 16 bits a pixel in {path.name}", f"{bits}", "Export the segmentation again.")
    if "PixelData" not in data:
        raise InputError(f"pixels in {path.name}", "none", "Export the segmentation again.")
    wanted = -(-checked_bytes(shape, 1, path.name) * bits // 8)
    factor = _MOST_BY_CODEC if data.file_meta.TransferSyntaxUID.is_compressed else 1
    if wanted > len(data.PixelData) * factor:
        raise InputError(
            f"{wanted:,} bytes of pixels in {path.name}", f"{len(data.PixelData):,}", "The file is cut short: export it again."
        )
    from pydicom.pixels.utils import pixel_array

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = np.asarray(pixel_array(data)).reshape(shape)
    if str(data.get("SegmentationType", "BINARY")) != "FRACTIONAL":
        return pixels
    most = int(data.get("MaximumFractionalValue", 0)) or int(pixels.max(initial=1))
    if (highest := int(pixels.max(initial=0))) > most:
        what = f"shares of at most {most} (MaximumFractionalValue) in {path.name}"
        raise InputError(what, f"{highest}", "Export the segmentation again.")
    if bool(((pixels > 0) & (pixels < most)).any()):
        what = "probabilities" if str(data.get("SegmentationFractionalType", "")) == "PROBABILITY" else "shares of a voxel"
        warnings.warn(InputWarning(f"{path.name} holds {what}; segments were cut at one half."), stacklevel=4)
    return (pixels >= _HALF * most) & (pixels > 0)


def _layers(frames: _Frames, segments: Mapping[int, _Segment], path: Path) -> SegmentLayers:
    """The segments on as few layers as a first fit gives."""
    chosen: dict[int | None, list[tuple[int, Shaped[np.ndarray, "y x"]]]] = {}
    for place, number, frame in zip(frames.planes, frames.segments, frames.pixels, strict=True):
        chosen.setdefault(number, []).append((place, frame))
    numbers = {number for number in chosen if number is not None}
    numbers |= {int(value) for _, frame in chosen.get(None, ()) for value in np.unique(frame)} - {0}
    if unknown := sorted(numbers - set(segments)):
        raise InputError(f"frames of the segments of {path.name}", f"one of segment {unknown[0]}", "Export it again.")
    dtype = np.min_scalar_type(max(segments, default=1))
    layers: list[tuple[Integer[np.ndarray, "z y x"], set[int]]] = []
    for number, planes in chosen.items():
        free = next((layer for layer in layers if not _overlap(layer[0], planes)), None)
        if free is None:
            if len(layers) == MOST_LAYERS:
                raise InputError(f"at most {MOST_LAYERS} overlapping layers in {path.name}", "more", "Split the segmentation.")
            free = (np.zeros(frames.grid.shape_zyx, dtype=dtype), set[int]())
            layers.append(free)
        array, held = free
        held.update(segments if number is None else [number])
        for place, frame in planes:
            array[place][frame != 0] = frame[frame != 0] if number is None else number
    # A segment without a frame is nowhere, but it is named.
    layers[0][1].update(set(segments).difference(*(held for _, held in layers)))
    return SegmentLayers(tuple(_label_map(array, held, segments, frames.grid) for array, held in layers))


def _label_map(array: Integer[np.ndarray, "z y x"], held: set[int], segments: Mapping[int, _Segment], grid: Grid) -> LabelMap:
    names = {value: segments[value].name for value in sorted(held)}
    colors = {value: color for value in sorted(held) if (color := segments[value].color) is not None}
    return LabelMap(array, grid, MappingProxyType(names), MappingProxyType(colors))


def _overlap(array: Integer[np.ndarray, "z y x"], planes: Sequence[tuple[int, Shaped[np.ndarray, "y x"]]]) -> bool:
    return any(bool(((array[place] != 0) & (frame != 0)).any()) for place, frame in planes)


def _as_volume(path: Path, labels: bool = False) -> Volume:  # noqa: ARG001, its values are labels in any case
    read = read_dicom_labels(path)
    return Volume(read.array, read.grid, read.header)


def _is_segmentation(start: FileStart) -> bool:
    head = start.content[:4096]
    return (_STORAGE in head or _LABELMAP_STORAGE in head) and starts_as_dicom(start.content)


DICOM_SEG = VolumeFormat(
    Kind("dicom-seg", "a DICOM segmentation (.dcm)", recognises=_is_segmentation),
    _as_volume,
    read_dicom_labels,
    read_layers=read_dicom_layers,
)
