"""One linear transform in a file of its own, as a probe's calibration is kept: ITK's formats, or sixteen numbers.

ITK transforms (`.h5`, `.hdf5`, `.tfm`, `.txt`), as 3D Slicer writes them, speak LPS and lead *from* the parent frame: a
calibration of 0.8 mm a pixel stands there as 1.25. What is returned is the matrix that the scene shows: it leads to the
parent frame, in RAS, as the matrices of sequence files do. A text of sixteen numbers is such a matrix itself, row by row.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError, silence_below
from ifssnet.io.codecs.numbers import is_invertible, rigid_or_affine
from ifssnet.io.recognition import FileStart, Kind
from ifssnet.io.storage.existing_file import existing_file

SUFFIXES = (".h5", ".hdf5", ".tfm", ".txt")
"""Endings of the files that can hold such a transform."""

_FRAMES = re.compile(r"^(?P<start>.+?)To(?P<end>[A-Z].*?)(Transform|Sequence|Seq)*$")
_WORDS_APART = re.compile(r"[ _-]+to[ _-]+(?=[^\W_])(.)", re.IGNORECASE)

_LARGEST_BYTES = 1 << 24
_LONGEST_NAME = 256
_NUMBER = re.compile(r"[-+]?[\d.]+([eE][-+]?\d+)?")
_ITK_TEXT, _HDF5 = b"#Insight Transform File", b"\x89HDF\r\n\x1a\n"
_LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_linear_transform(path: Path) -> Float[np.ndarray, "4 4"]:
    """The matrix of a transform file, to the parent frame, in mm.

    Args:
        path: An ITK transform of any linear kind (affine, rigid, similarity, translation, several composed), with its
            centre of rotation, or a text of sixteen numbers.

    Raises:
        InputError: No such file, a format that is not known, a transform that is not linear, one that has no inverse, or
            several that are not composed.
    """
    existing_file(path, "a transform")
    if path.stat().st_size > _LARGEST_BYTES:
        raise InputError(
            f"a linear transform of at most {_LARGEST_BYTES >> 20} MiB",
            f"{path.name} of {path.stat().st_size >> 20} MiB",
            "Give the probe's calibration alone; a deformation cannot be used.",
        )
    content = path.read_bytes()
    if content.removeprefix(codecs.BOM_UTF8).startswith(_ITK_TEXT):
        _refuse_several(content, path)
        with tempfile.TemporaryDirectory(prefix="ifss-transform-") as folder:
            # ITK knows no byte-order mark.
            plain = Path(folder) / "plain.tfm"
            plain.write_bytes(content.removeprefix(codecs.BOM_UTF8))
            from_parent_lps = _itk_matrix(plain if content.startswith(codecs.BOM_UTF8) else path)
    elif content.startswith(_HDF5):
        from_parent_lps = _itk_matrix(path)
    else:
        return _sixteen_numbers(path)
    if not is_invertible(from_parent_lps):
        raise InputError("a transform that has an inverse", f"{from_parent_lps.tolist()} in {path.name}", "Calibrate again.")
    return _LPS_RAS @ np.linalg.inv(from_parent_lps) @ _LPS_RAS


def named_frames(name: str) -> tuple[str, str] | None:
    """The two coordinate frames in a transform's name; None where the name has no such form, or names several pairs.

    What programs and people put before and behind, apart from the name by a sign that is no letter, is left out.

    >>> named_frames("ImageToProbe"), named_frames("ProbeToTrackerTransform"), named_frames("calibration")
    (('Image', 'Probe'), ('Probe', 'Tracker'), None)
    >>> named_frames("leg 2-ProbeToTracker-Sequence_1"), named_frames("image_to_probe (new)")
    (('Probe', 'Tracker'), ('Image', 'Probe'))
    """
    if len(name) > _LONGEST_NAME:
        return None
    words = re.split(r"[\W_]+", _WORDS_APART.sub(lambda match: f"To{match[1].upper()}", name))
    found = {(_capital(match["start"]), match["end"]) for match in map(_FRAMES.match, words) if match}
    return found.pop() if len(found) == 1 else None


def is_exactly(name: str, frames: tuple[str, str]) -> bool:
    """Whether a name is that of the two coordinate frames and nothing else."""
    return name.removesuffix("Transform") == "To".join(frames)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def constants_of(path: Path) -> dict[tuple[str, str], Float[np.ndarray, "4 4"]]:
    """A calibration file as a constant transform; its name says between which frames it leads, else from image to probe.

    Raises:
        InputError: As `read_linear_transform`.
    """
    return {named_frames(path.name.split(".")[0]) or ("Image", "Probe"): read_linear_transform(path)}


def refuse_other_constants(
    own: Mapping[tuple[str, str], Float[np.ndarray, "4 4"]],
    others: Mapping[tuple[str, str], Float[np.ndarray, "4 4"]],
    path: Path,
) -> None:
    """Refuse a transform that a file says differently from the PLUS configuration.

    Raises:
        InputError: It names both.
    """
    for key, matrix in own.items():
        if key in others and not np.allclose(matrix, others[key], rtol=1e-4, atol=1e-4):
            raise InputError(
                f"one transform {key[0]}To{key[1]}",
                f"another one in {path.name} than in the configuration ({matrix.tolist()} and {others[key].tolist()})",
                "Leave out the one that is not meant.",
            )


def _sixteen_numbers(path: Path) -> Float[np.ndarray, "4 4"]:
    try:
        content = path.read_bytes()
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unknown(path) from error
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "%", "//"))]
    bare = re.sub(r"[\[\]();]", " ", " ".join(lines))
    words = bare.split()
    if len(words) == 16 and not any("." in word for word in words):
        # Commas stand for decimal points only where nothing is between numbers but blanks.
        return rigid_or_affine(" ".join(word.rstrip(",").replace(",", ".") for word in words), path.name)
    words = bare.replace(",", " ").split()
    if len(words) == 12 and all(_NUMBER.fullmatch(word) for word in words):
        raise InputError(f"sixteen numbers in {path.name}", "twelve", "Add the last row, 0 0 0 1.")
    if len(words) != 16:
        raise _unknown(path)
    return rigid_or_affine(" ".join(words), path.name)


def _refuse_several(content: bytes, path: Path) -> None:
    """ITK would read the first of several transforms that are not composed, and say nothing."""
    kinds = re.findall(rb"(?m)^Transform:[ \t]*(\w+)", content)
    if len(kinds) > 1 and not kinds[0].startswith(b"Composite"):
        raise InputError(
            f"one transform in {path.name}", f"{len(kinds)}, which are not composed into one", "Save the calibration by itself."
        )


def _unknown(path: Path) -> InputError:
    return InputError(
        "an ITK transform (.h5, .tfm, .txt, as 3D Slicer saves it) or a text of sixteen numbers, row by row",
        f"{path.name}, which is neither",
        "Save the transform from 3D Slicer as .h5 or .tfm.",
    )


def _itk_matrix(path: Path) -> Float[np.ndarray, "4 4"]:
    """The matrix as the file has it: LPS, from the parent frame; the centre of rotation is taken into account."""
    import SimpleITK

    try:
        # SimpleITK carries no types.
        with silence_below():
            transform: Any = cast("Any", SimpleITK).ReadTransform(str(path))
    except RuntimeError as error:
        raise InputError("a whole ITK transform", f"{path.name}, which ITK cannot read", "Save it again.") from error
    if transform.GetDimension() != 3 or not transform.IsLinear():
        raise InputError(
            "a linear transform in three dimensions",
            f"{path.name} with a {transform.GetName()} in {transform.GetDimension()} dimensions",
            "Give a rigid or an affine transform; in 3D Slicer, harden or replace the deformation.",
        )
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    for axis, unit in enumerate(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))):
        matrix[:3, axis] = np.array(transform.TransformPoint(unit)) - origin
    matrix[:3, 3] = origin
    if not np.isfinite(matrix).all():
        raise InputError("finite numbers in a transform", f"others in {path.name}", "Save it again.")
    return matrix


def _is_itk_transform(start: FileStart) -> bool:
    return start.content.startswith((_ITK_TEXT, _HDF5))


LINEAR_TRANSFORM = Kind("transform", "a transform as ITK and 3D Slicer save it (.h5, .tfm)", _is_itk_transform)
