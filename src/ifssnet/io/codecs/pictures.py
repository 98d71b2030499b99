"""Single pictures as grey levels."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.existing_file import existing_file

PICTURES = (".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".pgm")
"""Suffixes of the pictures that are read."""

_BITS, _SAMPLE_FORMAT, _SIGNED = 258, 339, 2
"""TIFF's tags of how many bits a level has, and whether it has a sign (TIFF 6.0, sections 8 and 19)."""


def read_grey(file: Path) -> Shaped[np.ndarray, "v u"]:
    """One image file as grey levels, in the type that the file has; colours and palettes become 8 bits.

    Whatever is compounded from levels of other types comes to 0 to 255 by the rules of `ifssnet.geometry.grey_levels`.

    Raises:
        InputError: The file cannot be read as an image, holds several, or levels that are no numbers.
    """
    existing_file(file, "an image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                if (count := int(getattr(image, "n_frames", 1))) > 1:
                    raise InputError(f"one image in {file}", f"{count}", "Save each of them as a file of its own.")
                levels = levels_of(image)
                levels = np.asarray(image.convert("L")) if levels is None else levels
    except InputError:
        raise
    except Exception as error:  # Pillow's plug-ins raise whatever their parsers meet
        raise InputError("a readable image", f"{file} ({error})", "Check that the file was copied whole.") from error
    if levels.dtype.kind == "f" and (bad := int((~np.isfinite(levels)).sum())):
        raise InputError(f"grey levels in {file}", f"{bad:,} pixels that are NaN or infinite", "Export the image again.")
    return levels


def levels_of(image: Image.Image) -> Shaped[np.ndarray, "v u"] | None:
    """The levels of a picture with more than 8 bits, in the type that the file has; None of any other picture."""
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode == "F":
        return np.asarray(image).astype(np.float32)
    if image.mode != "I":
        return None
    # Pillow holds everything else in 32 bits with a sign.
    levels = np.asarray(image).astype(np.int32)
    tags: Any = getattr(image, "tag_v2", None)
    if tags is None:
        return levels.astype(np.uint16) if levels.min(initial=0) >= 0 and levels.max(initial=0) < 1 << 16 else levels
    signed = tags.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED
    if tags.get(_BITS, (32,))[0] == 16:
        return levels.astype(np.int16 if signed else np.uint16)
    return levels if signed else levels.view(np.uint32)


PICTURE = Kind(
    "image",
    "a single picture (PNG, JPEG, TIFF)",
    recognises=lambda start: start.content.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")),
)

MASKS_FOLDER = Kind(
    "masks-folder", "a folder of PNG masks", recognises_folder=lambda listing: bool(set(PICTURES) & set(listing.suffixes))
)
