"""The pixels of a Stradwin recording: raw bytes in a `.sxi`, or DICOM or image files."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.data_files import file_there
from ifssnet.io.codecs.numbers import integers
from ifssnet.io.codecs.pictures import PICTURES, read_grey
from ifssnet.io.codecs.pixels import check_memory, checked_bytes
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.volumes.dicom import read_dicom_frames

Shape = tuple[int, int, int]

Lines = Mapping[str, list[str]]
"""Key to what followed it, one text a line that began with the key."""


def read_frames(path: Path, lines: Lines, shape: Shape) -> Shaped[np.ndarray, "frame v u"]:
    """The frames that a `.sw` file promises.

    Args:
        path: The `.sw` file.
        lines: Its lines by key.
        shape: Frames, height and width as the file says.

    Raises:
        InputError: The images are missing, or other than promised.
    """
    named = lines.get("RES_BIN_IM_FILENAME", [""])[-1].strip().strip('"')
    if is_true(lines, "RES_BUF_DICOM"):
        return _image_files(path, named, lines["RES_DICOM_FRAME_LIST"][-1] if "RES_DICOM_FRAME_LIST" in lines else None, shape)
    return _raw(_beside(path, named) or _by_another_name(path, named, shape), shape)


def is_true(lines: Lines, key: str) -> bool:
    """Whether a switch is there and on."""
    return lines.get(key, ["false"])[-1].strip().lower() in ("true", "1", "yes")


def _beside(path: Path, named: str) -> Path | None:
    """Where a name in the file leads within the folder of the `.sw`; of a path of another machine, its last part counts."""
    if not named or "\0" in named:
        return None
    given = PureWindowsPath(named)
    inside = not given.drive and not given.root and ".." not in given.parts
    for name in ((given.as_posix(),) if inside else ()) + (given.name,):
        try:
            if (path.parent / name).is_dir():
                return path.parent / name
        except OSError:
            continue
        if (found := file_there(path.parent, name)) is not None:
            return found
    return None


def _by_another_name(path: Path, named: str, shape: Shape) -> Path:
    """The pixels where no file has the name that was given: of the `.sw`'s own name, else the only one that fits."""
    own = path.with_suffix(".sxi")
    found = file_there(path.parent, own.name)
    others = sorted(each for each in path.parent.iterdir() if each.suffix.lower() == ".sxi" and each.is_file())
    recordings = [each for each in path.parent.iterdir() if each.suffix.lower() == ".sw"]
    if found is None and len(others) == len(recordings) == 1 and others[0].stat().st_size == math.prod(shape):
        found = others[0]
    if found is None:
        there = ", ".join(each.name for each in others[:3])
        raise InputError(
            f"the images of the recording, {own.name}{f' or {named}' if named and named != own.name else ''}",
            f"nothing at {own}" + (f", and {there}, which may be others" if there else ""),
            "Put the .sxi file beside the .sw file, and name it there (RES_BIN_IM_FILENAME).",
        )
    if named and PureWindowsPath(named).name.lower() != found.name.lower():
        what = f"{path.name} names the images {named}, which are not there"
        warnings.warn(InputWarning(f"{what}; {found.name} beside it was taken."), stacklevel=3)
    return found


def _raw(path: Path, shape: Shape) -> Shaped[np.ndarray, "frame v u"]:
    promised = shape[0] * shape[1] * shape[2]
    try:
        found = path.stat().st_size
    except OSError as error:
        raise InputError(
            "the images of the recording", f"nothing at {path}", "Put the .sxi file beside the .sw file."
        ) from error
    if found < promised:
        raise InputError(
            f"{promised:,} bytes in {path.name} for {shape[0]} frames of {shape[2]} x {shape[1]} pixels",
            f"{found:,}",
            "Check that the file was copied whole.",
        )
    if found in (2 * promised, 3 * promised, 4 * promised):
        raise InputError(
            f"{promised:,} bytes in {path.name}, one a pixel",
            f"{found // promised} times as many, as 16 bits or colours take, or other frames",
            "Save the recording with 8-bit grey images, or correct RES_BUF_FRAMES.",
        )
    if found > promised:
        warnings.warn(
            InputWarning(f"{path.name} holds {found - promised:,} bytes more than promised; they are left out."), stacklevel=2
        )
    existing_file(path, "the images of the recording")
    check_memory(checked_bytes(shape, 1, path.name), path.name)
    try:
        with path.open("rb") as stream:
            return np.fromfile(stream, dtype=np.uint8, count=promised).reshape(shape)
    except OSError as error:
        raise InputError("readable images", f"{path} ({error})", "Check the file's permissions.") from error


def _image_files(path: Path, named: str, listed: str | None, shape: Shape) -> Shaped[np.ndarray, "frame v u"]:
    start = _beside(path, named)
    if start is None:
        raise InputError(
            "the images that RES_BIN_IM_FILENAME names",
            f"nothing at {path.parent / named}",
            "Put the images beside the .sw file.",
        )
    folder = start if start.is_dir() else start.parent
    suffix = start.suffix.lower() if start.is_file() else None
    files = sorted((file for file in folder.iterdir() if _is_image(file, suffix)), key=_natural)
    if start.is_file():
        files = files[files.index(start) :] if start in files else [start]
    images = [image for file in files for image in _read_image(file)]
    wanted = (
        range(shape[0]) if listed is None else integers(listed, len(listed.split()), f"RES_DICOM_FRAME_LIST in {path.name}")
    )
    wanted = _counted_from_0(wanted, len(images), path)
    if listed is None and len(images) > shape[0]:
        what = f"{path.name}: {len(images)} images are there for {shape[0]} poses; the first {shape[0]} were taken"
        warnings.warn(InputWarning(f"{what}."), stacklevel=3)
    if len(wanted) != shape[0] or any(not 0 <= i < len(images) for i in wanted):
        raise InputError(
            f"{shape[0]} images for the frames {list(wanted)[:3]} ... of {path.name}",
            f"{len(images)} images in {folder}",
            "Check that all images are there.",
        )
    if any(images[i].shape != shape[1:] for i in wanted):
        raise InputError(
            f"images of {shape[2]} x {shape[1]} pixels",
            f"other sizes in {folder}",
            "Check that these images belong to the .sw file.",
        )
    return np.stack([images[i] for i in wanted])


def _counted_from_0(wanted: Sequence[int], images: int, path: Path) -> Sequence[int]:
    """The numbers of images, counted from 0: a list from 1 to the number of images counts from 1."""
    if not wanted or min(wanted) != 1 or max(wanted) != images:
        return wanted
    warnings.warn(InputWarning(f"{path.name}: RES_DICOM_FRAME_LIST was taken to count the images from 1."), stacklevel=4)
    return [number - 1 for number in wanted]


def _is_image(file: Path, suffix: str | None) -> bool:
    if not file.is_file():
        return False
    if suffix is not None:
        return file.suffix.lower() == suffix
    return file.suffix.lower() in (".dcm", *PICTURES)


def _natural(file: Path) -> list[tuple[int, str]]:
    """An order in which image 9 comes before image 10."""
    parts = [part for part in re.split(r"(\d+)", file.name.lower()) if part]
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _read_image(file: Path) -> list[Shaped[np.ndarray, "v u"]]:
    """The grey frames of one file: a DICOM file may hold several."""
    if file.suffix.lower() in PICTURES:
        return [read_grey(file)]
    return list(read_dicom_frames(file))
