"""The plain fall-back for tracked sweeps: a folder that any script can write.

    sweep/
      calibration.toml     pixel_spacing_mm = [0.17, 0.17]          width and height of a pixel
                           units = "mm"                             of all lengths here and in the poses: "mm", "cm" or "m"
                           image_to_probe = [16 numbers]            optional; from the image in `units`, row by row
      poses.csv            frame,time,m00,m01 ... m33               probe to world, 4 x 4 row by row, or
                           frame,time,x,y,z,qx,qy,qz,qw             position and unit quaternion
      frame_0000.png ...   grey images of 8 or 16 bits

`frame` in `poses.csv` is a file name, or a number that stands for `frame_0000.png` and so on; pictures of other names are
found by the number that they end in, else by their order where there are as many of them as rows. A further column `status`
may say INVALID; an unknown time stays empty. Pixel (u, v), centres at whole numbers, lies at (u x width, v x height, 0)
in the image; that goes to the world by pose . image_to_probe. Without `image_to_probe` the pose is that of the image itself.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import cast

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.findings import Finding
from ifssnet.core.sweep import Sweep
from ifssnet.io.codecs.header_text import BYTE_ORDER_MARK, decoded
from ifssnet.io.codecs.numbers import is_invertible, numbers, refuse_last_row, shortened
from ifssnet.io.codecs.pictures import read_grey
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.storage.plain_files import read_toml
from ifssnet.io.sweeps.frame_count import check_frames
from ifssnet.io.sweeps.numbered_pictures import files_of_numbers, numbered_file, pictures_in
from ifssnet.io.sweeps.rigidity import rigidity_findings
from ifssnet.io.volumes.units import KNOWN_UNITS, mm_per_unit

POSES_NAME, CALIBRATION_NAME = "poses.csv", "calibration.toml"
MATRIX_COLUMNS = tuple(f"m{row}{column}" for row in range(4) for column in range(4))
QUATERNION_COLUMNS = ("x", "y", "z", "qx", "qy", "qz", "qw")

_SEPARATORS = (";", "\t", ",")
_LARGEST_FILE = 64 * 2**20


@dataclass(frozen=True, eq=False)
class _Row:
    file: str
    time_s: float
    pose: Float[np.ndarray, "4 4"]
    valid: bool
    number: int | None = None


def read_frames_folder(folder: Path) -> Sweep:
    """Read a sweep from a folder of images with `poses.csv` and `calibration.toml`.

    Raises:
        InputError: A file is missing or cannot be read, a row of the poses is wrong (its number is named), or the
            images differ in size.
    """
    spacing, scale, image_to_probe = _calibration(folder / CALIBRATION_NAME)
    rows, left_out = _with_files(folder, _poses(folder / POSES_NAME, scale))
    frames = _frames(folder, rows)
    valid = np.array([row.valid for row in rows])
    if not valid.any():
        raise InputError("at least one frame with a valid pose", f"{POSES_NAME} with none", "Record the sweep again.")
    if not valid.all():
        count = int((~valid).sum())
        warnings.warn(InputWarning(f"{folder.name}: {count} of {len(rows)} frames are INVALID and left out."), stacklevel=2)
    poses = np.stack([row.pose for row in rows])
    return Sweep(
        frames=frames,
        image_to_world=poses @ image_to_probe @ np.diag([*spacing, 1.0, 1.0]),
        timestamps_s=np.array([row.time_s for row in rows]),
        pixel_spacing_uv_mm=spacing,
        valid=valid,
        header=MappingProxyType({"frame_files": "\n".join(row.file for row in rows)}),
        findings=(*rigidity_findings(poses, valid, f"The pose in {POSES_NAME}"), *left_out),
    )


def _with_files(folder: Path, rows: list[_Row]) -> tuple[list[_Row], tuple[Finding, ...]]:
    """The rows with the pictures that they mean, and a note on pictures without a row."""
    files = files_of_numbers(folder, [row.number for row in rows if row.number is not None])
    rows = [row if row.number is None else replace(row, file=files[row.number]) for row in rows]
    used = {row.file for row in rows}
    if len(used) < len(rows):
        twice = Counter(row.file for row in rows).most_common(1)[0][0]
        raise InputError(
            f"one row for each picture in {POSES_NAME}", f"several for {twice}", "Remove those that are not meant."
        )
    left = [name for name in pictures_in(folder) if name not in used]
    if not left:
        return rows, ()
    what = f"{len(left)} of {len(left) + len(used)} pictures have no row in {POSES_NAME} and are left out."
    return rows, (Finding("note", what, "", float(len(left))),)


def _text(path: Path) -> str:
    size = existing_file(path, path.name)
    if size > _LARGEST_FILE:
        raise InputError("a small text file", f"{path} of {size:,} bytes", "Check the file.")
    try:
        content = path.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return decoded(content).removeprefix(BYTE_ORDER_MARK)
    except (OSError, ValueError) as error:
        raise InputError(f"a readable {path.name} (UTF-8)", f"{path} ({error})", "Put the file into the folder.") from error


def _calibration(path: Path) -> tuple[tuple[float, float], float, Float[np.ndarray, "4 4"]]:
    """Pixel width and height in mm, millimetres in a unit, and the image-to-probe matrix in mm."""
    existing_file(path, CALIBRATION_NAME)
    table = read_toml(path, CALIBRATION_NAME)
    for key in table.keys() - {"pixel_spacing_mm", "units", "image_to_probe"}:
        warnings.warn(InputWarning(f"{path.name}: '{key}' is not understood and has no effect."), stacklevel=2)
    unit = table.get("units", "mm")
    scale = mm_per_unit(unit) if isinstance(unit, str) else None
    if scale is None:
        raise InputError(f"units of {KNOWN_UNITS}", f"{unit!r} in {path.name}", "Correct the file.")
    width, height = _table_numbers(table.get("pixel_spacing_mm"), 2, f"pixel_spacing_mm in {path.name}")
    if min(width, height) <= 0:
        raise InputError("a pixel spacing above 0 mm", f"{width} x {height} in {path.name}", "Correct the file.")
    matrix = np.eye(4)
    if "image_to_probe" in table:
        values = _table_numbers(table["image_to_probe"], 16, f"image_to_probe in {path.name}")
        matrix = np.array(values).reshape(4, 4)
        matrix[:3, 3] *= scale
        _check_affine(matrix, f"image_to_probe in {path.name}")
    return (width, height), scale, matrix


def _table_numbers(value: object, count: int, where: str) -> tuple[float, ...]:
    """Numbers out of a TOML array, which may be an array of rows."""
    rows = cast("list[object]", value) if isinstance(value, list) else []
    flat = [item for row in rows for item in (cast("list[object]", row) if isinstance(row, list) else [row])]
    good = [float(item) for item in flat if isinstance(item, (int, float)) and not isinstance(item, bool) and abs(item) < 1e300]
    if len(flat) != count or len(good) != count:
        raise InputError(f"{count} finite numbers for {where}", shortened(f"{value!r}"), "Correct the file.")
    return tuple(good)


def _check_affine(matrix: Float[np.ndarray, "4 4"], where: str) -> None:
    refuse_last_row(matrix, where)
    if not is_invertible(matrix):
        raise InputError(f"an invertible 4 x 4 matrix for {where}", f"{matrix.tolist()}", "Correct the file.")


def _poses(path: Path, scale: float) -> list[_Row]:
    text = _text(path)
    first = text.lstrip().split("\n", 1)[0]
    separator = next((each for each in _SEPARATORS if each in first), ",")
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise InputError("a table with commas, semicolons or tabs", f"{path.name}: {error}", "Correct the file.") from error
    header = [name.strip().lower() for name in table[0]] if table else []
    columns = next((wanted for wanted in (MATRIX_COLUMNS, QUATERNION_COLUMNS) if set(wanted) <= set(header)), None)
    if columns is None or "frame" not in header:
        raise InputError(
            "a first row frame,time,m00,...,m33 or frame,time,x,y,z,qx,qy,qz,qw",
            f"'{shortened(','.join(header))}' in {path.name}",
            "Name the columns in the first row.",
        )
    check_frames(len(table) - 1, path.name)
    if "time" not in header:
        warnings.warn(InputWarning(f"{path.name} has no times."), stacklevel=3)
    table = _with_points(table, [i for i, name in enumerate(header) if name in (*columns, "time")], path)
    rows = [
        _row(dict(zip(header, cells, strict=False)), len(cells) == len(header), columns, scale, f"row {number} of {path.name}")
        for number, cells in enumerate(table[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]
    if not rows:
        raise InputError("a row for each frame", f"{path.name} with none", "Add the poses.")
    return rows


def _with_points(table: list[list[str]], numeric: list[int], path: Path) -> list[list[str]]:
    """The table with a point in its numbers, where a spreadsheet wrote decimal commas."""
    written = [cells[i] for cells in table[1:] for i in numeric if i < len(cells)]
    with_comma = next((cell for cell in written if "," in cell), None)
    if with_comma is None:
        return table
    if (with_point := next((cell for cell in written if "." in cell), None)) is not None:
        raise InputError(
            f"one decimal sign in the numbers of {path.name}", f"'{with_comma}' and '{with_point}'", "Write all with a point."
        )
    return [[cell.replace(",", ".") if i in numeric else cell for i, cell in enumerate(cells)] for cells in table]


def _row(cells: dict[str, str], complete: bool, columns: tuple[str, ...], scale: float, where: str) -> _Row:
    if not complete:
        raise InputError("as many values as the first row has names", f"{len(cells)} in {where}", "Correct the row.")
    frame = cells["frame"].strip()
    number = int(frame) if frame.isdecimal() and len(frame) < 10 else None
    file = frame if number is None else numbered_file(number)
    if not file or Path(file).name != file or "\0" in file:
        raise InputError("a number or a file in this folder", f"'{shortened(frame)}' in {where}", "Correct the row.")
    valid = cells.get("status", "OK").strip().upper() in ("OK", "")
    time_text = cells.get("time", "").strip()
    time = numbers(time_text, 1, f"time in {where}")[0] if time_text else math.nan
    if not valid:
        return _Row(file, time, np.full((4, 4), np.nan), False, number)
    values = numbers(" ".join(cells[name].strip() or "?" for name in columns), len(columns), f"the pose in {where}")
    pose = np.array(values).reshape(4, 4) if columns == MATRIX_COLUMNS else _from_quaternion(values, where)
    pose[:3, 3] *= scale
    _check_affine(pose, f"the pose in {where}")
    return _Row(file, time, pose, True, number)


def _from_quaternion(values: tuple[float, ...], where: str) -> Float[np.ndarray, "4 4"]:
    length = math.hypot(*values[3:])
    if not 0.99 < length < 1.01:
        raise InputError("a quaternion of length 1", f"length {length:.4g} in {where}", "Correct the row.")
    x, y, z, w = (value / length for value in values[3:])
    matrix = np.eye(4)
    matrix[:3, :3] = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    matrix[:3, 3] = values[:3]
    return matrix


def _frames(folder: Path, rows: list[_Row]) -> Shaped[np.ndarray, "frame v u"]:
    images = [read_grey(folder / row.file) for row in rows]
    for row, image in zip(rows, images, strict=True):
        if image.shape != images[0].shape or image.dtype != images[0].dtype:
            raise InputError(
                f"images of one size and depth, as {rows[0].file}: {images[0].shape[::-1]} {images[0].dtype}",
                f"{image.shape[::-1]} {image.dtype} in {row.file}",
                "Export the frames again.",
            )
    return np.stack(images)
