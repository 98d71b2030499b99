"""Sweeps and their contours as Stradwin and Stradview read them: a `.sw` and its `.sxi`.

What a sweep's header still says truly is written as it was read, so that reading and writing again changes nothing:
a line `IM`, `OBJECT` or a calibration keeps its words as long as they stand for the same value.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.muscles import color_of
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.atomic import atomic_paths
from ifssnet.io.sweeps.stradwin import (
    CALIBRATION_KEYS,
    ISOCENTRE_KEYS,
    frame_pose,
    is_stradwin,
    lines_of,
    read_object,
    read_stradwin,
    six,
)
from ifssnet.io.sweeps.stradwin_images import Lines
from ifssnet.io.sweeps.stradwin_pose import CM, pixels_to_image, pose_matrix, pose_numbers
from ifssnet.io.sweeps.sweep_format import SweepFormat

_KEY = re.compile(r"[A-Z][A-Z0-9_]*")
_SAME_MM = 1e-6
_RIGID_TOLERANCE_MM = 0.05


def write_stradwin(sweep: Sweep, path: Path, force: bool = False) -> None:
    """Write a sweep as a `.sw` and a `.sxi` of the same name.

    Stradwin knows rigid poses and one pixel size: a calibration that shears or scales, as PLUS has them, is replaced by
    the nearest rigid one, with a warning that says by how many mm a pixel moves when that is more than 0.05 mm.

    Args:
        sweep: Frames of 8 bits, all valid.
        path: The `.sw` file.
        force: Whether to replace existing files.

    Raises:
        InputError: Frames that are not 8 bits, frames without a valid pose, or a place that cannot be written.
    """
    if path.suffix.lower() != ".sw":
        raise InputError("a name that ends in .sw", f"{path.name}", "Name the output so.")
    frames = _eight_bits(sweep)
    if not sweep.valid.all():
        raise InputError(
            "a valid pose for every frame, as Stradwin cannot mark one as invalid",
            f"{int((~sweep.valid).sum())} of {len(frames)} invalid",
            "Drop the invalid frames first.",
        )
    text = "\n".join(_text_lines(sweep, path)) + "\n"
    images = path.with_suffix(".sxi")
    with atomic_paths([images, path], force) as (partial_images, partial):
        partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        with partial_images.open("wb") as stream:
            stream.write(np.ascontiguousarray(frames).data)


def _eight_bits(sweep: Sweep) -> UInt8[np.ndarray, "frame v u"]:
    frames = sweep.frames
    if frames.dtype == np.uint8:
        return frames
    if np.issubdtype(frames.dtype, np.integer) and frames.size and int(frames.min()) >= 0 and int(frames.max()) <= 255:
        return frames.astype(np.uint8)
    raise InputError(
        "frames of 8 bits (0 to 255), the only ones that Stradwin knows", f"{frames.dtype}", "Scale the grey levels first."
    )


def _text_lines(sweep: Sweep, path: Path) -> list[str]:
    header = {key: values for key, values in lines_of(sweep.header).items() if _KEY.fullmatch(key)}
    header.pop("RES_DICOM_FRAME_LIST", None)
    said = _lines_of_sweep(sweep, header, path)
    first = {key: [value] for key, value in said.items() if key not in header}
    kept = {key: [said[key]] if key in said else values for key, values in header.items()}
    kept |= {"IM": _pose_lines(sweep, header, path), "OBJECT": _object_lines(sweep, header)}
    lines = [f"{key} {value}".rstrip() for key, values in (first | kept).items() for value in values]
    return lines + [_contour_line(contour) for contour in sweep.contours]


def _lines_of_sweep(sweep: Sweep, header: Lines, path: Path) -> dict[str, str]:
    """The lines that follow from the sweep itself; scales keep their words while they are right."""
    frames, height, width = sweep.frames.shape
    said = {
        "RES_BUF_FRAMES": str(frames),
        "RES_BUF_WIDTH": str(width),
        "RES_BUF_HEIGHT": str(height),
        "RES_BUF_RF": "false",
        "RES_BUF_DICOM": "false",
        "RES_POS_REC": "true",
        "RES_BIN_IM_FILENAME": path.with_suffix(".sxi").name,
    }
    for key, spacing_mm in zip(("RES_XSCALE", "RES_YSCALE"), sweep.pixel_spacing_uv_mm, strict=True):
        before = header.get(key, [""])[-1]
        still_so = bool(before) and spacing_mm == _mm(before)
        said[key] = before if still_so else shortest(spacing_mm / CM)
    return said


def _pose_lines(sweep: Sweep, header: Lines, path: Path) -> list[str]:
    """`IM` lines that, with the header's calibration and isocentre, give the sweep's poses."""
    calibration = pose_matrix(six(header, CALIBRATION_KEYS, path)) @ pixels_to_image(sweep.pixel_spacing_uv_mm)
    isocentre = pose_matrix(six(header, ISOCENTRE_KEYS, path))
    rigid = pose_matrix(six(header, CALIBRATION_KEYS, path))
    lines_before = header.get("IM", [])
    lines: list[str] = []
    worst_mm = 0.0
    for i, (matrix, time) in enumerate(zip(sweep.image_to_world, sweep.timestamps_s, strict=True)):
        if len(lines_before) == len(sweep.frames):
            time_before, pose_before = frame_pose(lines_before[i], f"frame {i} of {path.name}")
            kept = isocentre @ pose_matrix(pose_before) @ calibration
            if time_before == time and _farthest_mm(kept, matrix, sweep) < _SAME_MM:
                lines.append(lines_before[i])
                continue
        image = _nearest_rigid(matrix @ np.linalg.inv(pixels_to_image(sweep.pixel_spacing_uv_mm)), sweep)
        pose = np.linalg.inv(isocentre) @ image @ np.linalg.inv(rigid)
        worst_mm = max(worst_mm, _farthest_mm(isocentre @ pose @ calibration, matrix, sweep))
        lines.append(" ".join(shortest(value) for value in (float(time) if np.isfinite(time) else i, *pose_numbers(pose))))
    if worst_mm > _RIGID_TOLERANCE_MM:
        warnings.warn(
            InputWarning(
                f"{path.name}: Stradwin's poses are rigid; pixels move by up to {worst_mm:.3f} mm against the sweep's."
            ),
            stacklevel=2,
        )
    return lines


def _nearest_rigid(matrix: Float[np.ndarray, "4 4"], sweep: Sweep) -> Float[np.ndarray, "4 4"]:
    """The rigid transform that keeps the image's middle in place and turns its plane and axes the least."""
    u, v = matrix[:3, 0], matrix[:3, 1]
    axes = np.column_stack([u, v, np.cross(u, v)])
    left, _, right = np.linalg.svd(axes / np.maximum(np.linalg.norm(axes, axis=0), np.finfo(np.float64).tiny))
    rigid = np.eye(4)
    rigid[:3, :3] = left @ right
    middle = np.array([sweep.frames.shape[2] / 2, sweep.frames.shape[1] / 2]) * sweep.pixel_spacing_uv_mm
    rigid[:3, 3] = matrix[:3, 3] + (matrix[:3, :2] - rigid[:3, :2]) @ middle
    return rigid


def _farthest_mm(one: Float[np.ndarray, "4 4"], other: Float[np.ndarray, "4 4"], sweep: Sweep) -> float:
    """How far apart two poses put a corner of the image at most."""
    _, height, width = sweep.frames.shape
    corners = np.array([(u, v, 0.0, 1.0) for u in (0, width - 1) for v in (0, height - 1)]).T
    return float(np.linalg.norm(((one - other) @ corners)[:3], axis=0).max())


def _object_lines(sweep: Sweep, header: Lines) -> list[str]:
    """One line an object; a line of the header stays while its name and colour hold."""
    lines: list[str] = []
    done: set[int] = set()
    for line in header.get("OBJECT", []):
        number, name, color = read_object(line)
        if number is None:
            lines.append(line)
        elif (name, color) == (sweep.names.get(number), sweep.colors.get(number)):
            lines.append(line)
            done.add(number)
    numbers = set(sweep.names) | set(sweep.colors) | {contour.label for contour in sweep.contours}
    for index, number in enumerate(sorted(numbers - done)):
        name = " ".join(sweep.names.get(number, f"object {number}").split())
        red, green, blue = sweep.colors.get(number, color_of(name, index))
        lines.append(f"{number} 1 {red} {green} {blue} 1 0.3 0 {name}")
    return lines


def _contour_line(contour: Contour) -> str:
    points: Sequence[float] = contour.points_uv_px.reshape(-1).tolist()
    return " ".join(["CONT", str(contour.label), str(contour.frame), str(int(contour.closed)), *map(shortest, points)])


def _mm(text_cm: str) -> float:
    return CM * float(text_cm)


def shortest(value: float) -> str:
    """The shortest text that reads as the same number.

    >>> shortest(0.1), shortest(12.0), shortest(1e-7)
    ('0.1', '12', '1e-07')
    """
    text = repr(float(value))
    return text.removesuffix(".0")


STRADWIN = SweepFormat(
    Kind("stradwin", "a tracked sweep of Stradwin (.sw)", recognises=is_stradwin, suffixes=(".sw", ".sxi")),
    lambda path, _: read_stradwin(path.with_suffix(".sw") if path.suffix.lower() == ".sxi" else path),
    writers={".sw": write_stradwin},
)
