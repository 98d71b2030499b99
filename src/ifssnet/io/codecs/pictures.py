"""Single pictures as grey levels."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.existing_file import existing_file

PICTURES = (".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".pgm")
"""Suffixes of the pictures that are read."""


def read_grey(file: Path) -> Shaped[np.ndarray, "v u"]:
    """One image file as grey levels: 8 bits, or 16 where the file has them.

    Raises:
        InputError: The file cannot be read as an image.
    """
    existing_file(file, "an image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                if image.mode.startswith(("I;16", "I")):
                    return np.asarray(image).astype(np.uint16)
                return np.asarray(image.convert("L"))
    except Exception as error:  # Pillow's plug-ins raise whatever their parsers meet
        raise InputError("a readable image", f"{file} ({error})", "Check that the file was copied whole.") from error


PICTURE = Kind(
    "image",
    "a single picture (PNG, JPEG, TIFF)",
    recognises=lambda start: start.content.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")),
)

MASKS_FOLDER = Kind("masks-folder", "a folder of PNG masks", recognises_folder=lambda listing: ".png" in listing.suffixes)
