"""Sweeps as a folder of PNG frames with `poses.csv` and `calibration.toml`."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from PIL import Image

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.atomic import atomic_folder
from ifssnet.io.sweeps.frames_folder import CALIBRATION_NAME, MATRIX_COLUMNS, POSES_NAME, read_frames_folder
from ifssnet.io.sweeps.sweep_format import SweepFormat


def write_frames_folder(sweep: Sweep, folder: Path, force: bool = False) -> None:
    """Write a sweep as a folder that `read_frames_folder` and any script can read.

    The poses are those of the images in mm, calibration included, so `calibration.toml` holds the pixel's size only.

    Args:
        sweep: Frames of 8 or 16 bits without sign.
        folder: Where to; made anew.
        force: Whether to replace an existing folder.

    Raises:
        InputError: Frames of another type, or a place that cannot be written.
    """
    frames = sweep.frames
    if frames.dtype.name not in ("uint8", "uint16"):
        raise InputError("frames of 8 or 16 bits without sign", f"{frames.dtype}", "Scale the grey levels first.")
    if sweep.contours:
        warnings.warn(
            InputWarning(f"{folder.name}: a folder of frames holds no contours; write a .sw to keep them."), stacklevel=2
        )
    with atomic_folder(folder, force) as partial:
        names = [f"frame_{i:04d}.png" for i in range(len(frames))]
        for name, frame in zip(names, frames, strict=True):
            write_grey(frame, partial / name)
        width, height = sweep.pixel_spacing_uv_mm
        (partial / CALIBRATION_NAME).write_text(
            f'pixel_spacing_mm = [{width!r}, {height!r}]\nunits = "mm"\n', encoding="utf-8", newline="\n"
        )
        with (partial / POSES_NAME).open("w", encoding="utf-8", newline="") as stream:
            _write_poses(sweep, names, csv.writer(stream, lineterminator="\n").writerow)


def write_grey(frame: Shaped[np.ndarray, "v u"], path: Path) -> None:
    """One frame of 8 or 16 bits without sign as PNG."""
    Image.fromarray(np.ascontiguousarray(frame)).save(path)


def _write_poses(sweep: Sweep, names: list[str], write_row: Callable[[list[str]], object]) -> None:
    from_pixels = np.diag([1 / sweep.pixel_spacing_uv_mm[0], 1 / sweep.pixel_spacing_uv_mm[1], 1.0, 1.0])
    write_row(["frame", "time", *MATRIX_COLUMNS, "status"])
    for name, time, pose, valid in zip(names, sweep.timestamps_s, sweep.image_to_world @ from_pixels, sweep.valid, strict=True):
        numbers = [repr(float(value)) if valid else "" for value in pose.reshape(-1)]
        write_row([name, repr(float(time)) if np.isfinite(time) else "", *numbers, "OK" if valid else "INVALID"])


FRAMES_FOLDER = SweepFormat(
    Kind(
        "frames-folder",
        "a tracked sweep as a folder of frames, poses.csv and calibration.toml",
        recognises_folder=lambda listing: bool({POSES_NAME, CALIBRATION_NAME} & listing.names),
    ),
    lambda folder, _: read_frames_folder(folder),
    writers={"": write_frames_folder},
)
