"""Sequence metafiles of PLUS and 3D Slicer (`.igs.mha`, `.igs.mhd`, `.igs.nrrd`): frames with transforms in the header.

The transforms are named `<From>To<To>Transform` and may be chained in any way; the image's pose is found as a path from
the image's coordinate frame to the reference through them, through transforms that the header says once for all frames,
and through the constants of a PLUS configuration. Poses speak
of pixels in the orientation MF (first row at the probe, marked side left): a file in another orientation has its pixels
turned on reading, never its transforms, as PLUS does. A file that names no orientation is taken as MF.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.codecs import metaimage, nrrd
from ifssnet.io.codecs.metaimage import read_metaimage
from ifssnet.io.codecs.nrrd import read_nrrd_raw
from ifssnet.io.codecs.numbers import rigid_or_affine, shortened
from ifssnet.io.recognition import FileStart
from ifssnet.io.sweeps.frame_count import check_frames
from ifssnet.io.sweeps.frame_numbers import places_of
from ifssnet.io.sweeps.linear_transform import is_exactly, named_frames, refuse_other_constants
from ifssnet.io.sweeps.lost_poses import is_there
from ifssnet.io.sweeps.plus_config import PlusConfiguration
from ifssnet.io.sweeps.transform_graph import Key, TransformGraph, image_to_reference
from ifssnet.io.volumes.placement import grey_levels

FRAME_FIELD = re.compile(r"^Seq_Frame(\d{1,9})_([^\s=:][^=:\r\n]*)$", re.IGNORECASE)
REFERENCE_FIELD = "ReferenceCoordinateFrame"
DEFAULT_IMAGE, DEFAULT_REFERENCES = "Image", ("Reference", "Tracker")
_MOST_TRANSFORMS = 1000
_ONCE = re.compile(r"(?!Seq_)\w{1,256}Transform", re.IGNORECASE)
_VALUES = 16
_TRACKED = re.compile(rb"^Seq_Frame\d+_[^=\r\n]*Transform\s*:?=", re.MULTILINE | re.IGNORECASE)
_LIST_LAST = re.compile(rb"^\s*[Kk]inds\s*[=:]\s*(domain\s+domain\s+list|list\s+domain\s+domain)\s*$", re.MULTILINE)
_COLOURS = ("vector", "3-vector", "4-vector", "rgb-color", "rgba-color")
_STRUCTURE = re.compile(
    "objecttype|ndims|binarydata(byteordermsb)?|elementbyteordermsb|compresseddata(size)?|dimsize|elementnumberofchannels|"
    "elementtype|elementdatafile|headersize|kinds|ultrasoundimageorientation|type|dimension|sizes|encoding|endian|"
    "(line|byte) ?skip|data ?file|"
    "space( dimension| directions| origin| units)?|spacings|thicknesses|axis ?(mins|maxs)|center(ing)?s|units|"
    "measurement frame",
    re.IGNORECASE,
)
"""What the writer says afresh about the layout of the pixels."""

FrameFields = Mapping[str, Mapping[int, str]]
"""Field name ("ProbeToTrackerTransform") to frame index to value."""


def read_sequence(path: Path, configuration: PlusConfiguration | None = None) -> Sweep:
    """Read a tracked sweep from a sequence metafile.

    Frames of which a transform in use, or the image itself, is not marked OK are kept as invalid, with a warning that
    says how many they are.

    Args:
        path: The `.mha`, `.mhd`, `.nrrd` or `.nhdr` file.
        configuration: Where the calibration is; not needed when the file holds `ImageToReferenceTransform` itself, or a
            line `ImageToProbeTransform` for all frames.

    Returns:
        The sweep; its header carries every field that has no place of its own, with the other transforms of each frame,
        and `ReferenceCoordinateFrame`.

    Raises:
        InputError: Not a sequence, a header that does not fit the pixels, no way from the image to the reference, or
            no frame with a valid pose.
    """
    fields, array = _read_any(path)
    frames = _oriented(grey_frames(array, fields, path), fields, path)
    check_frames(len(frames), path.name)
    by_field = frame_fields(fields)
    if not by_field:
        raise InputError(
            "a tracked sweep with a transform for each frame (Seq_Frame0000_...)",
            f"{path.name} with none",
            "Give the file as PLUS or 3D Slicer recorded it, or open it as a volume.",
        )
    fields = _renumbered(fields, by_field, len(frames), path)
    by_field = frame_fields(fields)
    constants = {} if configuration is None else dict(configuration.transforms)
    own = header_constants(fields, path)
    refuse_other_constants(own, constants, path)
    graph = graph_of(by_field, len(frames), {**constants, **own}, path)
    image = (configuration.image_frame if configuration else None) or DEFAULT_IMAGE
    named = (configuration.reference_frame if configuration else None) or _field(fields, REFERENCE_FIELD)
    poses = image_to_reference(graph, image, (named,) if named else DEFAULT_REFERENCES, path.name)
    images_ok = np.array([by_field.get("ImageStatus", {}).get(i, "OK").upper() == "OK" for i in range(len(frames))])
    valid = _report_invalid(poses.trusted, images_ok, graph.invalid_along(image, poses.reference), path)
    return Sweep(
        frames=frames,
        image_to_world=poses.matrices,
        timestamps_s=_timestamps(by_field, len(frames), path),
        pixel_spacing_uv_mm=pixel_spacing(poses.matrices[valid]),
        valid=valid,
        header=MappingProxyType(_carried(fields) | {REFERENCE_FIELD: poses.reference}),
        findings=poses.findings,
    )


def read_unplaced_frames(path: Path) -> Shaped[np.ndarray, "frame v u"]:
    """The frames of a sequence metafile alone, whatever is known of where they lay.

    Raises:
        InputError: Not a sequence of 2-D frames.
    """
    fields, array = _read_any(path)
    return _oriented(grey_frames(array, fields, path), fields, path)


def is_sequence(start: FileStart) -> bool:
    """Whether a MetaImage or an NRRD file says that its frames are tracked, or that they are a list."""
    header = nrrd.header_in(start.content) or metaimage.header_in(start.content)
    return _TRACKED.search(header) is not None or _LIST_LAST.search(header) is not None


def pixel_spacing(poses: Float[np.ndarray, "frame 4 4"]) -> tuple[float, float]:
    """Width and height of a pixel in mm, as the poses say: the lengths of their first two axes, in the median."""
    lengths = np.median(np.linalg.norm(poses[:, :3, :2], axis=1), axis=0)
    return float(lengths[0]), float(lengths[1])


def _read_any(path: Path) -> tuple[dict[str, str], np.ndarray]:
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic == b"NRRD":
        header, array = read_nrrd_raw(path)
        return dict(header), array
    image = read_metaimage(path)
    return dict(image.fields), image.array


def _field(fields: Mapping[str, str], name: str) -> str | None:
    """A header field's value, whatever its capitals."""
    return next((value.strip() for key, value in fields.items() if key.lower() == name.lower()), None)


def grey_frames(array: Shaped[np.ndarray, "*size"], fields: Mapping[str, str], path: Path) -> Shaped[np.ndarray, "frame v u"]:
    """The pixels of a sequence as grey frames. PLUS lists frames last, 3D Slicer may list them first.

    Raises:
        InputError: Not 2-D frames, or levels that are no numbers: compounded, they would take their neighbours along.
    """
    if array.dtype.kind == "f" and (bad := sum(int((~np.isfinite(part)).sum()) for part in array)):
        raise InputError(
            f"grey levels in {path.name}", f"{bad:,} pixels that are NaN or infinite", "Export the recording again."
        )
    channels = _field(fields, "ElementNumberOfChannels") or "1"
    colour = channels not in ("0", "1") and channels == str(array.shape[-1])
    kinds = (_field(fields, "kinds") or "").lower().split()[::-1]
    if len(kinds) == array.ndim:
        listed = next((axis for axis, kind in enumerate(kinds) if kind in ("list", "time")), 0)
        array = np.moveaxis(array, listed, 0)
        kinds.insert(0, kinds.pop(listed))
        vector = next((axis for axis, kind in enumerate(kinds) if kind in _COLOURS), None)
        array, colour = (array, colour) if vector is None else (np.moveaxis(array, vector, -1), True)
    grey = grey_levels(array, path.name) if colour else array
    if grey.ndim == 2:
        return grey[np.newaxis]
    if grey.ndim == 4 and grey.shape[1] == 1:
        return grey[:, 0]
    if grey.ndim != 3:
        raise InputError(
            "a sequence of 2-D frames", f"{path.name} with the shape {array.shape}", "Give a recording of B-mode frames."
        )
    return grey


def _oriented(
    frames: Shaped[np.ndarray, "frame v u"], fields: Mapping[str, str], path: Path
) -> Shaped[np.ndarray, "frame v u"]:
    """The frames as MF: U instead of M mirrors each row, N instead of F turns the rows round."""
    text = (_field(fields, "UltrasoundImageOrientation") or "MF").upper()
    if not re.fullmatch("[MU][FN][AD]?", text):
        raise InputError(
            "UltrasoundImageOrientation MF, MN, UF or UN (and A or D behind)",
            f"{text} in {path.name}",
            "Export the B-mode images, scan-converted, in one of these orientations.",
        )
    return np.ascontiguousarray(frames[:, :: 1 if text[1] == "F" else -1, :: 1 if text[0] == "M" else -1])


def frame_fields(fields: Mapping[str, str]) -> FrameFields:
    """What a header says of each frame: the lines `Seq_FrameNNNN_<field>`.

    Raises:
        InputError: A frame of which one thing is said twice, and differently.
    """
    by_field: dict[str, dict[int, str]] = {}
    for name, value in fields.items():
        if match := FRAME_FIELD.match(name):
            number, text = int(match[1]), value.strip()
            before = by_field.setdefault(match[2], {}).setdefault(number, text)
            if before != text:
                raise InputError(
                    f"one {match[2]} for frame {number}",
                    f"'{shortened(before)}' and '{shortened(text)}'",
                    "Number the frames without repeating any: Seq_Frame1 and Seq_Frame0001 are the same one.",
                )
    return by_field


def _renumbered(fields: Mapping[str, str], by_field: FrameFields, images: int, path: Path) -> dict[str, str]:
    """The header with the frames numbered from 0, image by image."""
    places = places_of({number for values in by_field.values() for number in values}, images, path.name)
    if all(number == place for number, place in places.items()):
        return dict(fields)
    renumbered: dict[str, str] = {}
    for name, value in fields.items():
        match = FRAME_FIELD.match(name)
        renumbered[name if match is None else f"Seq_Frame{places[int(match[1])]:04d}_{match[2]}"] = value
    return renumbered


def header_constants(fields: Mapping[str, str], path: Path) -> dict[Key, Float[np.ndarray, "4 4"]]:
    """The transforms that a header says once, for all frames, such as `ImageToProbeTransform`; invalid ones count as absent.

    Raises:
        InputError: A matrix that does not end in 0 0 0 1, or has no inverse.
    """
    found: dict[Key, Float[np.ndarray, "4 4"]] = {}
    for name, value in fields.items():
        key = named_frames(name) if _ONCE.fullmatch(name) and len(value.split()) == _VALUES else None
        if key is not None and (_field(fields, f"{name}Status") or "OK").upper() == "OK":
            found[key] = rigid_or_affine(value, f"{name} in {path.name}")
    return found


def graph_of(
    by_field: FrameFields, frames: int, constants: Mapping[Key, Float[np.ndarray, "4 4"]], path: Path
) -> TransformGraph:
    """What is known of the coordinate frames of a recording.

    Raises:
        InputError: A matrix that is not sixteen numbers, or more transforms than any recording has.
    """
    tracked: dict[Key, np.ndarray] = {}
    valid: dict[Key, np.ndarray] = {}
    for key, name in _transforms(by_field).items():
        values = by_field[name]
        if len(tracked) >= _MOST_TRANSFORMS:
            raise InputError(f"at most {_MOST_TRANSFORMS} transforms a frame in {path.name}", "more", "Record fewer tools.")
        statuses = by_field.get(f"{name}Status", {})
        matrices = np.full((frames, 4, 4), np.nan)
        for index, text in values.items():
            if index < frames:
                matrices[index] = matrix_of(text, f"{path.name}: {name} of frame {index}")
        ok = np.array([statuses.get(i, "OK").upper() == "OK" for i in range(frames)])
        tracked[key], valid[key] = matrices, ok & is_there(matrices)
    return TransformGraph(frames, tracked, valid, constants)


def _transforms(by_field: FrameFields) -> dict[Key, str]:
    """The field of each transform by the frames in its name; one that is named by them alone comes before others."""
    found: dict[Key, str] = {}
    for name in by_field:
        key = named_frames(name) if name.endswith("Transform") else None
        if key is not None and (key not in found or is_exactly(name, key)):
            found[key] = name
    return found


def matrix_of(text: str, where: str) -> Float[np.ndarray, "4 4"]:
    """Sixteen numbers, row by row; NaN are allowed, they mark a frame without a pose.

    Raises:
        InputError: Not sixteen numbers.
    """
    try:
        values = np.array([float(word) for word in text.split()])
    except ValueError:
        values = np.zeros(0)
    if values.size != _VALUES:
        last_row = (
            "Add the last row, 0 0 0 1, to each matrix." if values.size == 12 else "Check that the recording is complete."
        )
        raise InputError(f"16 numbers for {where}", f"'{shortened(text)}'", last_row)
    return values.reshape(4, 4)


def _report_invalid(
    trusted: Bool[np.ndarray, " frame"], images_ok: Bool[np.ndarray, " frame"], used: Mapping[str, int], path: Path
) -> Bool[np.ndarray, " frame"]:
    valid = trusted & images_ok
    if not valid.any():
        causes = [
            f"{name} is INVALID in {count}" for name, count in (*used.items(), ("the image", int((~images_ok).sum()))) if count
        ]
        raise InputError(
            "at least one frame with a valid image and pose",
            f"{path.name} with none of {len(valid)} ({', '.join(causes)})",
            "Record the sweep again, or name another ReferenceCoordinateFrame in the configuration.",
        )
    if not valid.all():
        poses, images = int((~trusted).sum()), int((~images_ok).sum())
        message = (
            f"{path.name}: {int((~valid).sum())} of {len(valid)} frames are left out "
            f"({poses} poses and {images} images are INVALID)."
        )
        warnings.warn(InputWarning(message), stacklevel=2)
    return valid


def _timestamps(by_field: FrameFields, frames: int, path: Path) -> Float[np.ndarray, " frame"]:
    texts = by_field.get("Timestamp") or by_field.get("UnfilteredTimestamp") or {}
    times = np.full(frames, np.nan)
    wrong: list[int] = []
    for index, text in texts.items():
        if index >= frames:
            continue
        try:
            times[index] = float(text)
        except ValueError:
            wrong.append(index)
    times[np.isinf(times)] = np.nan
    if wrong:
        what = f"{path.name}: the time '{shortened(texts[wrong[0]])}' of frame {wrong[0]} is not a number"
        more = f", and so are {len(wrong) - 1:,} others" if len(wrong) > 1 else ""
        warnings.warn(InputWarning(f"{what}{more}."), stacklevel=2)
    if np.isnan(times).all():
        warnings.warn(InputWarning(f"{path.name} has no timestamps; the frames are numbered instead."), stacklevel=2)
        return np.arange(frames, dtype=np.float64)
    return times


def _carried(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if not _STRUCTURE.fullmatch(name)}
