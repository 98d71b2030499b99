"""Stradwin and Stradview recordings: a text `.sw` and its pixels, with the contours that an expert drew.

Lengths in the file are cm and become mm. A pixel's place in the room is
isocentre . pose of the frame . calibration . ((u + 0.5) x scale, (v + 0.5) y scale, 0).

Contours are "in pixels of that frame": their numbers are read as pixel coordinates like (u, v) above, so a corner at
(10, 20) is the centre of the pixel in column 10 of row 20, counted from 0. Nothing is added or taken away on reading or
writing. Frames are counted from 0 too.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.findings import Finding
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.codecs.header_text import text_of
from ifssnet.io.codecs.numbers import integers, numbers, shortened
from ifssnet.io.recognition import FileStart
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.sweeps.frame_count import check_frames
from ifssnet.io.sweeps.lost_poses import without_lost
from ifssnet.io.sweeps.stradwin_images import Lines, is_true, read_frames
from ifssnet.io.sweeps.stradwin_pose import CM, ORIGIN, Six, pixels_to_image, pose_matrix

CALIBRATION_KEYS = ("RES_XTRANS", "RES_YTRANS", "RES_ZTRANS", "RES_AZIMUTH", "RES_ELEVATION", "RES_ROLL")
ISOCENTRE_KEYS = tuple(key.replace("RES_", "RES_ISOCENTRE_") for key in CALIBRATION_KEYS)
_LARGEST_TEXT = 1 << 28
"""Bytes of poses and contours; 100,000 frames take 10 MiB."""
_ONCE = (
    "RES_BUF_FRAMES", "RES_BUF_WIDTH", "RES_BUF_HEIGHT", "RES_BUF_RF", "RES_BUF_DOPPLER", "RES_BUF_DICOM", "RES_POS_REC",
    "RES_XSCALE", "RES_YSCALE", "RES_BIN_IM_FILENAME", "RES_DICOM_FRAME_LIST", "RES_INVERT_BSCAN",
)  # fmt: skip
"""Lines that say one thing of the whole recording."""

_NUMBERS = ("RES_XSCALE", "RES_YSCALE", "IM", "CONT", "LANDMARK")
"""Lines of numbers that may have decimals, beside those of the calibration."""

_FIRST_LINES = re.compile(rb"^\s*(RES_[A-Z_]+|IM|OBJECT|CONT|LANDMARK)\b", re.MULTILINE)


def is_stradwin(start: FileStart) -> bool:
    """Whether a text has lines as Stradwin writes them."""
    return _FIRST_LINES.search(start.text[:4096]) is not None


def read_stradwin(path: Path) -> Sweep:
    """Read a `.sw` file and the images that it names.

    Args:
        path: The `.sw` file.

    Returns:
        The sweep with its contours; its header carries every line but the contours, key to value, the values of a
        repeated key joined by line breaks.

    Raises:
        InputError: Not a Stradwin file, raw radio-frequency or Doppler data, no recorded positions, images that are
            missing or too short, or a value that cannot be used.
    """
    lines = _read_lines(path)
    _refuse_unreadable(lines, path)
    frames, width, height = (_whole(lines, key, path) for key in ("RES_BUF_FRAMES", "RES_BUF_WIDTH", "RES_BUF_HEIGHT"))
    check_frames(frames, path.name)
    spacing = (CM * _length(lines, "RES_XSCALE", path), CM * _length(lines, "RES_YSCALE", path))
    times, poses, valid = _poses(lines, frames, path)
    names, colors = read_objects(lines)
    calibration = pose_matrix(six(lines, CALIBRATION_KEYS, path)) @ pixels_to_image(spacing)
    isocentre = pose_matrix(six(lines, ISOCENTRE_KEYS, path))
    valid, lost = without_lost(poses, valid, "The pose")
    if not valid.any():
        raise InputError(f"at least one pose in {path.name}", f"none in {frames} lines IM", "Record the sweep again.")
    images = read_frames(path, lines, (frames, height, width))
    return Sweep(
        frames=images,
        image_to_world=isocentre @ poses @ calibration,
        timestamps_s=times,
        pixel_spacing_uv_mm=spacing,
        valid=valid,
        contours=_contours(lines, frames, path),
        names=names,
        colors=colors,
        header=MappingProxyType({key: "\n".join(values) for key, values in lines.items() if key != "CONT"}),
        findings=(*_about_calibration(lines), *lost),
    )


def lines_of(header: Mapping[str, str]) -> Lines:
    """A sweep's header as the lines that it was read from."""
    return {key: value.split("\n") for key, value in header.items()}


def six(lines: Lines, keys: tuple[str, ...], path: Path) -> Six:
    """x, y, z in cm and three angles in degrees; those that the file leaves out are 0."""
    x, y, z, azimuth, elevation, roll = (
        numbers(lines[key][-1], 1, f"{key} in {path.name}")[0] if key in lines else value
        for key, value in zip(keys, ORIGIN, strict=True)
    )
    return x, y, z, azimuth, elevation, roll


def frame_pose(text: str, where: str) -> tuple[float, Six]:
    """Time and pose out of what follows `IM`; anything behind the seven numbers is left alone."""
    time, x, y, z, azimuth, elevation, roll = numbers(" ".join(text.split()[:7]), 7, where)
    return time, (x, y, z, azimuth, elevation, roll)


def read_objects(lines: Lines) -> tuple[dict[int, str], dict[int, tuple[int, int, int]]]:
    """Names and colours of the objects by number."""
    names: dict[int, str] = {}
    colors: dict[int, tuple[int, int, int]] = {}
    for text in lines.get("OBJECT", []):
        number, name, color = read_object(text)
        if number is None:
            warnings.warn(InputWarning(f"the object '{shortened(text)}' has no number and is left out."), stacklevel=2)
            continue
        if name:
            names[number] = name
        if color is not None:
            colors[number] = color
    return names, colors


def read_object(text: str) -> tuple[int | None, str | None, tuple[int, int, int] | None]:
    """Number, name and colour out of what follows `OBJECT`, of either age; None for what cannot be read.

    Newer: `number solid r g b alpha rough metal name`. Older ones lack some of the numbers, and may end in the object's.

    >>> read_object("2 1 236 97 155 1 0.3 0 left gastrocnemius")
    (2, 'left gastrocnemius', (236, 97, 155))
    """
    words = text.split()
    leading = min(8, next((i for i, word in enumerate(words) if _number(word) is None), len(words)))
    number, name, color = _number(words[0]) if words else None, " ".join(words[leading:]), None
    if leading < 8 and len(words) > leading + 1 and words[-1].isdecimal():
        number, name = float(words[-1]), " ".join(words[leading:-1])
    elif leading >= 5:
        channels = [_number(word) or 0.0 for word in words[2:5]]
        scale = 255.0 if max(channels) <= 1 and any(value % 1 for value in channels) else 1.0
        red, green, blue = (int(min(max(round(scale * value), 0), 255)) for value in channels)
        color = (red, green, blue)
    whole = int(number) if number is not None and number % 1 == 0 else None
    return whole, name or None, color


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _read_lines(path: Path) -> dict[str, list[str]]:
    if (size := existing_file(path, "a Stradwin file")) > _LARGEST_TEXT:
        remedy = "Give the .sw file itself; its images lie in another one."
        raise InputError(f"a Stradwin file of at most {_LARGEST_TEXT >> 20} MiB", f"{path.name} of {size >> 20:,} MiB", remedy)
    try:
        text = text_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError("a readable Stradwin file", f"{path} ({error})", "Check the path and its permissions.") from error
    lines: dict[str, list[str]] = {}
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        key, *value = line.split(maxsplit=1)[:2] or [""]
        if key:
            lines.setdefault(key, []).append(value[0].strip() if value else "")
    _decimal_points(lines, path)
    for key in (*_ONCE, *CALIBRATION_KEYS, *ISOCENTRE_KEYS):
        if len(values := list(dict.fromkeys(lines.get(key, [])))) > 1:
            raise InputError(
                f"one {key} in {path.name}", f"'{shortened(values[0])}' and '{shortened(values[1])}'", "Remove the wrong line."
            )
    return lines


def _decimal_points(lines: dict[str, list[str]], path: Path) -> None:
    """Write numbers with a point where a program wrote all of them with a decimal comma; blanks stand between numbers.

    Raises:
        InputError: Commas and points in one file.
    """
    keys = [key for key in (*_NUMBERS, *CALIBRATION_KEYS, *ISOCENTRE_KEYS) if key in lines]
    with_comma = next((value for key in keys for value in lines[key] if "," in value), None)
    if with_comma is None:
        return
    if (with_point := next((value for key in keys for value in lines[key] if "." in value), None)) is not None:
        raise InputError(
            f"one decimal sign in the numbers of {path.name}",
            f"'{shortened(with_comma)}' and '{shortened(with_point)}'",
            "Write all with a point.",
        )
    warnings.warn(InputWarning(f"{path.name}: commas in its numbers were taken as decimal points."), stacklevel=3)
    for key in keys:
        lines[key] = [value.replace(",", ".") for value in lines[key]]


def _refuse_unreadable(lines: Lines, path: Path) -> None:
    if "RES_BUF_FRAMES" not in lines:
        raise InputError(
            "a Stradwin file, which says RES_BUF_FRAMES", f"{path.name} without it", "Give a .sw file that Stradwin wrote."
        )
    for key, what in (("RES_BUF_RF", "radio-frequency data"), ("RES_BUF_DOPPLER", "Doppler data in colour")):
        if is_true(lines, key):
            raise InputError(
                "B-mode images", f"{path.name} with {what} ({key} true)", "Such data cannot be read: save B-mode images."
            )
    if "RES_POS_REC" in lines and not is_true(lines, "RES_POS_REC"):
        raise InputError(
            "recorded positions", f"{path.name} without any (RES_POS_REC false)", "Use a recording with a position sensor."
        )
    if is_true(lines, "RES_INVERT_BSCAN"):
        warnings.warn(
            InputWarning(
                f"{path.name} is displayed upside down (RES_INVERT_BSCAN true): its rows are kept as they are stored."
            ),
            stacklevel=2,
        )


def _whole(lines: Lines, key: str, path: Path) -> int:
    value = integers(_value(lines, key, path), 1, f"{key} in {path.name}")[0]
    if value < 1:
        raise InputError(f"{key} of at least 1", f"{value} in {path.name}", "Check that the file is complete.")
    return value


def _length(lines: Lines, key: str, path: Path) -> float:
    value = numbers(_value(lines, key, path), 1, f"{key} in {path.name}")[0]
    if value <= 0:
        raise InputError(f"{key} above 0 cm", f"{value} in {path.name}", "Calibrate the recording in Stradwin first.")
    return value


def _value(lines: Lines, key: str, path: Path) -> str:
    if key not in lines:
        raise InputError(f"a line {key}", f"{path.name} without one", "Check that the file is complete.")
    return lines[key][-1]


def _about_calibration(lines: Lines) -> list[Finding]:
    """A warning where the file leaves numbers of the calibration out: they count as 0, and the probe is not where it was."""
    missing = [key for key in CALIBRATION_KEYS if key not in lines]
    if not missing:
        return []
    what = f"The file has no {', '.join(missing)}; they were taken as 0, as of images that start at the position sensor"
    return [Finding("warning", f"{what}.", "Calibrate the probe in Stradwin, or copy these lines from a calibrated recording.")]


def _poses(
    lines: Lines, frames: int, path: Path
) -> tuple[Float[np.ndarray, " frame"], Float[np.ndarray, "frame 4 4"], Bool[np.ndarray, " frame"]]:
    """Times, poses, and which of them were recorded: NaN stand for a frame in which the sensor was lost."""
    pose_lines = lines.get("IM", [])
    if len(pose_lines) != frames:
        raise InputError(
            f"a line IM with the pose of each of {frames} frames",
            f"{len(pose_lines)} in {path.name}",
            "Check that the file is complete.",
        )
    recorded = np.array(["nan" not in text.lower() for text in pose_lines])
    if not recorded.all():
        lost = int((~recorded).sum())
        warnings.warn(
            InputWarning(f"{path.name}: {lost} of {frames} frames have no pose (NaN); they are left out."), stacklevel=3
        )
    read = [
        frame_pose(re.sub("nan", "0", text, flags=re.IGNORECASE), f"time and pose of frame {i} in {path.name}")
        for i, text in enumerate(pose_lines)
    ]
    return np.array([time for time, _ in read]), np.stack([pose_matrix(pose) for _, pose in read]), recorded


def _contours(lines: Lines, frames: int, path: Path) -> tuple[Contour, ...]:
    found: list[Contour] = []
    for i, text in enumerate(lines.get("CONT", [])):
        where = f"contour {i} in {path.name}"
        words = text.split()
        if len(words) < 5 or len(words) % 2 == 0:
            raise InputError(f"object, frame, closed and pairs x y for {where}", f"'{shortened(text)}'", "Correct the line.")
        words[2] = {"true": "1", "false": "0"}.get(words[2].lower(), words[2])
        label, frame, closed = integers(" ".join(words[:3]), 3, where)
        if not 0 <= frame < frames:
            raise InputError(f"a frame from 0 to {frames - 1} for {where}", f"frame {frame}", "Correct the line.")
        points = np.array(numbers(" ".join(words[3:]), len(words) - 3, where)).reshape(-1, 2)
        found.append(Contour(label, frame, points, bool(closed)))
    return tuple(found)
