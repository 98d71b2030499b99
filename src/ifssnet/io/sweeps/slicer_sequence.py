"""Recordings of 3D Slicer's Sequences module: images in a `.seq.nrrd`, transforms in `.seq.mha`, joined by their times.

The images are a 4-D NRRD with one axis of kind `list`, whose index values are times. A transform sequence is a MetaImage
without pixels (`DimSize = 0 0 n`) whose header holds a matrix, a status and a time for each entry. The probe's calibration
is a transform in a file of its own, or stands in a PLUS configuration.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.codecs import metaimage, nrrd
from ifssnet.io.codecs.metaimage import read_metaimage_header
from ifssnet.io.codecs.nrrd import read_nrrd, read_nrrd_header
from ifssnet.io.codecs.numbers import is_invertible, numbers, shortened
from ifssnet.io.recognition import FileStart, Kind
from ifssnet.io.sweeps.linear_transform import (
    SUFFIXES,
    constants_of,
    named_frames,
    refuse_other_constants,
)
from ifssnet.io.sweeps.lost_poses import is_there
from ifssnet.io.sweeps.plus_config import PlusConfiguration
from ifssnet.io.sweeps.sequence import frame_fields, grey_frames, matrix_of, pixel_spacing
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.sweeps.time_pairing import UNPAIRED, in_one_unit, pair_by_time
from ifssnet.io.sweeps.tracking_files import TrackingFiles
from ifssnet.io.sweeps.transform_graph import Key, TransformGraph, image_to_reference
from ifssnet.io.volumes.nrrd import axes_of_space, directions, space_unit_mm
from ifssnet.io.volumes.units import mm_per_unit

IMAGE, PROBE, TRACKER, REFERENCE = "Image", "Probe", "Tracker", "Reference"
_LIST_KINDS = ("list", "time")
_SPACE_KINDS = ("domain", "space")
_FLAT = 2
_INDEX_VALUES = re.compile(r"^axis (\d{1,2}) index values$")
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "usecs", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nsecs", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
}
"""Every spelling of a unit of time that is known, in lower case."""


@dataclass(frozen=True, eq=False)
class ImageSequence:
    """Images one after another.

    Attributes:
        name: What it is called, for messages.
        frames: Grey levels.
        times_s: When each was recorded; None where the file does not say.
        pixel_to_node: Takes (column, row, 0, 1) to the coordinates of the image's node, RAS: the identity where nobody
            has placed it.
    """

    name: str
    frames: Shaped[np.ndarray, "frame v u"]
    times_s: Float[np.ndarray, " frame"] | None
    pixel_to_node: Float[np.ndarray, "4 4"]


@dataclass(frozen=True, eq=False)
class TransformSequence:
    """One transform at many times.

    Attributes:
        name: What it is called, for messages.
        frames: The coordinate frames that it leads from and to; None where its name does not say.
        matrices: To the parent frame; NaN where none was recorded.
        valid: Whether each is to be trusted.
        times_s: When each was recorded; None where the file does not say.
    """

    name: str
    frames: Key | None
    matrices: Float[np.ndarray, "time 4 4"]
    valid: Bool[np.ndarray, " time"]
    times_s: Float[np.ndarray, " time"] | None


@dataclass(frozen=True, eq=False)
class Recording:
    """The parts of one sweep.

    Attributes:
        images: The B-mode images.
        transforms: What was tracked.
        constants: Transforms that do not change, the calibration above all: (from, to) to a 4 x 4, mm.
        header: Which files they came from, carried along.
    """

    images: ImageSequence
    transforms: tuple[TransformSequence, ...]
    constants: Mapping[Key, Float[np.ndarray, "4 4"]]
    header: Mapping[str, str] = field(default_factory=dict[str, str])


def is_image_sequence(fields: Mapping[str, str]) -> bool:
    """Whether the header of an NRRD is that of an image sequence: axes in space and one list.

    What 3D Slicer wrote says so in its own keys. A list of flat images without them is one as well, unless the header
    tracks its frames itself. A list of label maps with the keys of a segmentation is a `.seg.nrrd`, and not a sequence.
    """
    kinds = fields.get("kinds", "").lower().split()
    listed = [kind for kind in kinds if kind in _LIST_KINDS]
    if len(listed) != 1 or any(key.startswith(("Segment0_", "Seq_Frame")) for key in fields):
        return False
    says_so = "DataNodeClassName" in fields or any(_INDEX_VALUES.match(key) for key in fields)
    across = [size for kind, size in zip(kinds, fields.get("sizes", "").split(), strict=False) if kind in _SPACE_KINDS]
    flat = len(across) == _FLAT or (len(across) == _FLAT + 1 and "1" in across)
    return len(kinds) in (3, 4, 5) and (flat or (says_so and len(kinds) > len(listed) + _FLAT))


def is_transform_sequence(fields: Mapping[str, str]) -> bool:
    """Whether the header of a MetaImage is that of a sequence of transforms without pixels."""
    return fields.get("DimSize", "").split()[:2] == ["0", "0"] and any(key.startswith("Seq_Frame") for key in fields)


def read_image_sequence(path: Path) -> ImageSequence:
    """Read the images of a `.seq.nrrd`.

    Raises:
        InputError: Not an NRRD of 2-D images one after another, or times that are not numbers.
    """
    image = read_nrrd(path)
    header = image.pairs | image.fields
    frames = grey_frames(image.array, header, path)
    return ImageSequence(path.name, frames, _index_times_s(header, len(frames), path), _pixel_to_node(image.fields, path))


def read_transform_sequences(path: Path) -> tuple[TransformSequence, ...]:
    """Read the transforms of a `.seq.mha`, or those of any sequence file whose images are not wanted.

    Raises:
        InputError: A file without transforms, or matrices that are not sixteen numbers.
    """
    fields = _header(path)
    by_field = frame_fields(fields)
    numbers = sorted({number for values in by_field.values() for number in values})
    place = {number: index for index, number in enumerate(numbers)}
    found: list[TransformSequence] = []
    for name, values in by_field.items():
        if not name.endswith("Transform"):
            continue
        matrices = np.full((len(numbers), 4, 4), np.nan)
        for number, text in values.items():
            matrices[place[number]] = matrix_of(text, f"{path.name}: {name} of entry {number}")
        status = by_field.get(f"{name}Status", {})
        ok = np.array([status.get(number, "OK").upper() == "OK" for number in numbers])
        valid = ok & is_there(matrices)
        times = _times_s(by_field.get("Timestamp", {}), numbers)
        found.append(TransformSequence(path.name, named_frames(name.removesuffix("Transform")), matrices, valid, times))
    if not found:
        raise InputError(
            "a sequence of transforms (Seq_Frame0000_ProbeToTrackerTransform ...)",
            f"{path.name} without any",
            "Give the .seq.mha that 3D Slicer saved for the tracked probe.",
        )
    return tuple(found)


def read_slicer_sequence(
    images: Path,
    poses: Sequence[Path] = (),
    reference: Path | None = None,
    calibration: Path | None = None,
    configuration: PlusConfiguration | None = None,
) -> Sweep:
    """Read a sweep that 3D Slicer's Sequences module recorded.

    Args:
        images: The `.seq.nrrd` of the B-mode images.
        poses: `.seq.mha` files of the tracked probe; none takes those that lie beside the images, which is said.
        reference: The `.seq.mha` of the tracked reference, where the tracker moved or the leg did.
        calibration: The file of the transform from the image to the probe; None takes the one beside the images, or
            that of the configuration.
        configuration: A PLUS configuration.

    Returns:
        The sweep; frames without a pose at their time are marked as invalid.

    Raises:
        InputError: Parts are missing, do not belong together, or could be read in two ways.
    """
    found = read_image_sequence(images)
    tracked, where = (list(poses), "") if poses else _beside(images)
    sequences = [_renamed(each, (PROBE, TRACKER)) for path in tracked for each in read_transform_sequences(path)]
    if reference is not None:
        sequences += [_renamed(each, (REFERENCE, TRACKER)) for each in read_transform_sequences(reference)]
    _refuse_twins(sequences, images)
    constants, said = _constants(images, calibration, configuration, found.pixel_to_node)
    remarks = [where, said]
    if any(remarks):
        warnings.warn(InputWarning(f"{images.name}: {'; '.join(remark for remark in remarks if remark)}."), stacklevel=2)
    header = {"Images": images.name, "Transforms": ", ".join(dict.fromkeys(each.name for each in sequences))}
    named = (configuration.image_frame, configuration.reference_frame) if configuration else (None, None)
    return joined(Recording(found, tuple(sequences), constants, header), *named)


def joined(recording: Recording, image_frame: str | None = None, reference_frame: str | None = None) -> Sweep:
    """The sweep of a recording: every image with the poses of its time.

    Args:
        recording: Its parts.
        image_frame: Name of the images' coordinate frame; None for "Image".
        reference_frame: Name of the frame to compound in; None for "Reference", else "Tracker".

    Raises:
        InputError: Images and transforms do not belong together, or do not lead to the reference frame.
    """
    images = recording.images
    count = len(images.frames)
    tracked: dict[Key, np.ndarray] = {}
    valid: dict[Key, np.ndarray] = {}
    image_times_s: np.ndarray | None = None
    for each in recording.transforms:
        if each.frames is None:
            raise InputError(
                "transforms with names such as ProbeToTracker",
                f"{each.name} without",
                "Rename it in 3D Slicer, or use --poses.",
            )
        image_times_s, times_s = in_one_unit(images.times_s, each.times_s, (images.name, each.name))
        pairs = pair_by_time(image_times_s, times_s, (count, len(each.matrices)), (images.name, each.name))
        there = pairs != UNPAIRED
        tracked[each.frames] = np.where(there[:, None, None], each.matrices[pairs], np.nan)
        valid[each.frames] = there & each.valid[pairs]
    frame_times_s = images.times_s if image_times_s is None else image_times_s
    graph = TransformGraph(count, tracked, valid, recording.constants)
    image = image_frame or IMAGE
    references = (reference_frame,) if reference_frame else (REFERENCE, TRACKER)
    found = image_to_reference(graph, image, references, images.name)
    if not found.trusted.any():
        raise InputError("at least one image with a valid pose", f"{images.name} with none", "Record the sweep again.")
    poses = found.matrices @ images.pixel_to_node
    return Sweep(
        frames=images.frames,
        image_to_world=poses,
        timestamps_s=np.arange(count, dtype=np.float64) if frame_times_s is None else frame_times_s,
        pixel_spacing_uv_mm=pixel_spacing(poses[found.trusted]),
        valid=found.trusted,
        header=MappingProxyType({**recording.header, "ReferenceCoordinateFrame": found.reference}),
        findings=found.findings,
    )


def _constants(
    images: Path,
    calibration: Path | None,
    configuration: PlusConfiguration | None,
    pixel_to_node: Float[np.ndarray, "4 4"],
) -> tuple[dict[Key, Float[np.ndarray, "4 4"]], str]:
    """What does not change, and a remark on where it was found unless somebody named it."""
    given = {} if configuration is None else dict(configuration.transforms)
    said = ""
    if calibration is None and not any(IMAGE in key for key in given):
        candidates = [
            path for path in _files_beside(images, SUFFIXES) if IMAGE in (named_frames(path.name.split(".")[0]) or ())
        ]
        calibration = _one_calibration(candidates, images)
        said = "" if calibration is None else f"the calibration is taken from {calibration.name} beside it"
    if calibration is None:
        return given, said
    own = constants_of(calibration)
    refuse_other_constants(own, given, calibration)
    (start, _), matrix = next(iter(own.items()))
    forward = matrix if start == IMAGE else np.linalg.inv(matrix)
    width, height = np.linalg.norm((forward @ pixel_to_node)[:3, :2], axis=0)
    return {**given, **own}, f"{said}{', ' if said else f'{calibration.name}: '}a pixel measures {width:.4g} x {height:.4g} mm"


def _one_calibration(candidates: Sequence[Path], images: Path) -> Path | None:
    """The calibration beside the images; the same one in several formats, or the other way round, counts once."""
    if not candidates:
        return None
    matrices = [
        matrix if start == IMAGE else np.linalg.inv(matrix)
        for path in candidates
        for (start, _), matrix in constants_of(path).items()
    ]
    if not all(np.allclose(matrix, matrices[0], rtol=1e-6, atol=1e-6) for matrix in matrices):
        names = ", ".join(path.name for path in candidates)
        raise InputError(
            f"one calibration beside {images.name}", f"{names}, which differ", "Name the right one with --calibration."
        )
    return candidates[0]


def _beside(images: Path) -> tuple[list[Path], str]:
    """The transform sequences in the images' folder, where they can belong to no other images."""
    found = [path for path in _files_beside(images, (".seq.mha",)) if is_transform_sequence(read_metaimage_header(path))]
    if not found:
        raise InputError(
            "the poses of the images",
            f"{images.name}, and no .seq.mha of transforms beside it",
            "Name the file of the tracked probe with --poses.",
        )
    others = [path for path in _files_beside(images, (".seq.nrrd",)) if path != images and _is_images(path)]
    if others:
        names = ", ".join(path.name for path in others)
        raise InputError(
            f"the poses of {images.name}, by name", f"{names} beside it, to which they may belong", "Name them with --poses."
        )
    return found, f"its transforms are taken from {', '.join(path.name for path in found)} beside it"


def _is_images(path: Path) -> bool:
    try:
        return is_image_sequence(read_nrrd_header(path))
    except InputError:
        return False


def _files_beside(images: Path, suffixes: Sequence[str]) -> list[Path]:
    return sorted(path for path in images.parent.iterdir() if path.is_file() and path.name.lower().endswith(tuple(suffixes)))


def _renamed(sequence: TransformSequence, frames: Key) -> TransformSequence:
    """A transform whose name does not say between which frames it leads, with the frames that its use says."""
    if sequence.frames is not None:
        return sequence
    return TransformSequence(sequence.name, frames, sequence.matrices, sequence.valid, sequence.times_s)


def _refuse_twins(sequences: Sequence[TransformSequence], images: Path) -> None:
    """Two files that say the same transform differently: nobody knows which is meant."""
    seen: dict[Key, TransformSequence] = {}
    for each in sequences:
        if each.frames is None:
            continue
        before = seen.setdefault(each.frames, each)
        if before is not each:
            raise InputError(
                f"one sequence of {each.frames[0]}To{each.frames[1]} for {images.name}",
                f"two, in {before.name} and {each.name}",
                "Name the one that belongs to these images with --poses.",
            )


def _header(path: Path) -> Mapping[str, str]:
    with path.open("rb") as stream:
        magic = stream.read(4)
    return read_nrrd_header(path) if magic == b"NRRD" else read_metaimage_header(path)


def _index_times_s(header: Mapping[str, str], frames: int, path: Path) -> Float[np.ndarray, " frame"] | None:
    found = next((match for match in map(_INDEX_VALUES.match, header) if match), None)
    if found is None or header.get(f"axis {found[1]} index type", "numeric").strip().lower() != "numeric":
        return None
    key = found[0]
    words = header[key].split()
    try:
        times = np.array([float(word) for word in words])
    except ValueError as error:
        raise InputError(f"times as numbers in {path.name}", f"'{shortened(header[key])}'", "Correct the header.") from error
    if len(times) != frames:
        raise InputError(
            f"a time for each of {frames} images in {path.name}", f"{len(times)} times", "Check that the recording is complete."
        )
    return times * _seconds_per_unit(header, int(found[1]), path)


def _seconds_per_unit(header: Mapping[str, str], axis: int, path: Path) -> float:
    """Length of the unit in which an axis counts; 1 where the header says none, or one of length."""
    units = re.findall(r'"([^"]*)"', header.get("units", ""))
    unit = units[axis].strip().lower() if axis < len(units) else ""
    if not unit or mm_per_unit(unit) is not None:
        return 1.0
    if unit not in _SECONDS:
        raise InputError(f"times in s, ms, us, ns or min in {path.name}", f"the unit '{unit}'", "Correct the header.")
    return _SECONDS[unit]


def _times_s(texts: Mapping[int, str], numbers: Sequence[int]) -> Float[np.ndarray, " time"] | None:
    if not texts:
        return None
    times = np.full(len(numbers), np.nan)
    for index, number in enumerate(numbers):
        try:
            times[index] = float(texts.get(number, "nan"))
        except ValueError:
            continue
    return times if np.isfinite(times).any() else None


def _pixel_to_node(fields: Mapping[str, str], path: Path) -> Float[np.ndarray, "4 4"]:
    """Where the image's node has its pixels, in RAS."""
    steps = directions(dict(fields), path)
    to_lps = axes_of_space(fields.get("space", ""))
    to_ras = np.diag((-1.0, -1.0, 1.0)) @ (np.eye(3) if to_lps is None else to_lps)
    to_ras = to_ras * np.array(space_unit_mm(fields, path) or (1.0, 1.0, 1.0))
    placed = np.eye(4)
    if steps is None:
        return placed
    for axis, step in enumerate([step for step in steps if step is not None][:3]):
        placed[:3, axis] = to_ras @ step
    if "space origin" in fields:
        origin = numbers(fields["space origin"].strip().strip("()").replace(",", " "), 3, f"space origin in {path.name}")
        placed[:3, 3] = to_ras @ np.array(origin)
    if not placed[:3, 2].any():
        # Of a flat image, some programs write a direction of zeros across it.
        placed[:3, 2] = np.cross(placed[:3, 0], placed[:3, 1])
    if not is_invertible(placed):
        raise InputError(
            f"space directions of two sides of the images in {path.name}",
            f"'{shortened(fields['space directions'])}'",
            "Correct the header.",
        )
    return placed


def _lines_in(header: bytes) -> dict[str, str]:
    """A header's lines, as far as the first bytes of a file hold them."""
    found: dict[str, str] = {}
    for line in header.decode("latin-1").splitlines():
        key, _, value = line.replace(":=", ":", 1).partition("=" if "=" in line and ":" not in line else ":")
        found[key.strip()] = value.strip()
    return found


def _recognised_images(start: FileStart) -> bool:
    return is_image_sequence(_lines_in(nrrd.header_in(start.content)))


def _recognised_transforms(start: FileStart) -> bool:
    return is_transform_sequence(_lines_in(metaimage.header_in(start.content)))


def _read_with_files(path: Path, files: TrackingFiles) -> tuple[Sweep, ...]:
    return (read_slicer_sequence(path, files.poses, files.reference, files.calibration, files.configuration),)


SLICER_IMAGES = SweepFormat(
    Kind("slicer-sequence", "images that 3D Slicer's Sequences recorded (.seq.nrrd)", _recognised_images),
    lambda path, configuration: read_slicer_sequence(path, configuration=configuration),
    takes_configuration=True,
    read_with_files=_read_with_files,
)

SLICER_TRANSFORMS = Kind(
    "transform-sequence", "transforms that 3D Slicer's Sequences recorded, without images (.seq.mha)", _recognised_transforms
)
