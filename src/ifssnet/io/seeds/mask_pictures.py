"""Pictures that are masks, told from pictures of something else: what is plainly a mask is read, all else is refused.

A mask has a background, black or transparent, and one other tone. A soft border between the two, as paint programs and JPEG
leave it, is cut half way. A picture with many grey levels, an image that was painted over, several colours in a file of one
muscle, and an inverted mask are no masks.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int32, Integer, Shaped
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.geometry.untyped import dilated_plane
from ifssnet.io.codecs.pictures import levels_of
from ifssnet.io.storage.existing_file import existing_file

NEAR = 0.15
"""A tone within this share of the range from the background or the foreground is theirs."""

BORDER_PX = 2
"""The largest width of a soft border, on either side."""

JPEG_BLOCK_PX, JPEG_NEAR = 8, 0.35
"""JPEG rings within a block of the border; a tone within this share there is still that of its side."""

MOST_SOFT, MOST_SOFT_INSIDE = 0.25, 0.75
"""A soft border takes at most this share of the picture, and of the mask."""

NEARLY_WHOLE = 1e-3
"""How far from a whole number a label value may be."""

MOST_VALUES = 64
"""More different label values than anybody draws on a slice."""

_REMEDY = "Save a mask: one muscle in one tone, all else black or transparent."


def read_mask(path: Path, shape_yx: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    """One muscle's mask.

    Raises:
        InputError: A picture that cannot be read, has another size, or is not plainly a mask.
    """
    pixels, alpha, rings = _pixels(path, shape_yx)
    colours = pixels.astype(np.float64)
    if alpha is not None and alpha.min() < 255:
        # What is painted on a transparent layer is the mask, in whatever colour.
        if alpha.min() == 0 < alpha.max():
            return _cut(alpha.astype(np.float64)[..., np.newaxis], path)
        if alpha.max() < 128 and pixels.min() != pixels.max():
            what = f"{path.name}, whose pixels are all transparent and hide a picture"
            raise InputError("a mask that can be seen", what, "Save it without transparency.")
        if alpha.max() > 127 and (alpha < 128).any():
            return _cut(alpha.astype(np.float64)[..., np.newaxis], path)
        colours *= (alpha > 127)[..., np.newaxis]
    return _cut(colours, path, rings)


def read_values(path: Path, shape_yx: tuple[int, int]) -> Integer[np.ndarray, "y x"]:
    """Label values, in grey or by palette index.

    Raises:
        InputError: A picture that cannot be read, has another size, is in colour, or has more grey levels than labels.
    """
    with _opened(path, shape_yx) as image:
        levels = levels_of(image)
        if levels is not None:
            values: Int32[np.ndarray, "y x"] = _whole(levels, path)
        elif image.mode in ("L", "P", "1"):
            values = np.asarray(image).astype(np.int32)
        else:
            rgb = np.asarray(image.convert("RGB"))
            if not (np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2])):
                raise InputError(
                    "label values in grey or by palette", f"{path.name} in colour", "Save label values, not colours."
                )
            values = rgb[..., 0].astype(np.int32)
    found = np.unique(values)
    if len(found) > MOST_VALUES:
        what = f"{len(found)} grey levels in {path.name}, as an image or a mask with a soft border has"
        raise InputError(f"at most {MOST_VALUES} label values", what, "Save label values without smoothing, as PNG.")
    return values


def _whole(levels: Shaped[np.ndarray, "y x"], path: Path) -> Int32[np.ndarray, "y x"]:
    """Levels of any type as label values, where they are whole numbers that labels can be."""
    values = np.rint(np.nan_to_num(levels.astype(np.float64), nan=-1, posinf=-1, neginf=-1))
    if (np.abs(values - levels) > NEARLY_WHOLE).any() or values.min(initial=0) < 0 or values.max(initial=0) >= 2**31:
        raise InputError(f"whole label values from 0 on in {path.name}", f"{levels.dtype} values that are none", _REMEDY)
    return values.astype(np.int32)


def _cut(tones: Float[np.ndarray, "y x channel"], path: Path, rings: bool = False) -> Bool[np.ndarray, "y x"]:
    """A picture of two tones, cut half way between them; one that `rings` was stored as JPEG."""
    level = np.asarray(np.abs(tones).max(axis=-1), dtype=np.float64)
    if not level.any():
        return np.zeros(tones.shape[:2], dtype=bool)
    corners = tones[[0, 0, -1, -1], [0, -1, 0, -1]]
    if (tones != tones[0, 0]).any() and (corners == corners[0]).all() and corners[0].min() > 0.5 * level.max():
        raise InputError(
            f"a black or transparent background in {path.name}",
            "a picture whose four corners are white or grey, as in an inverted mask or a drawing on paper",
            "Invert it, or make its background black.",
        )
    foreground = _commonest(tones[level > 0.5 * level.max()])
    reach = float(np.linalg.norm(foreground))
    along = tones @ foreground / reach**2
    aside = np.linalg.norm(tones - along[..., np.newaxis] * foreground, axis=-1) / reach
    mask = np.asarray(along > 0.5, dtype=bool)
    plain = (aside < NEAR) & ((along < NEAR) | (along > 1 - NEAR))
    border = _around(mask, BORDER_PX) & _around(~mask, BORDER_PX)
    odd = ~plain & ~(border & (aside < 2 * NEAR))
    if rings:
        near = _around(mask, JPEG_BLOCK_PX) & _around(~mask, JPEG_BLOCK_PX) & (aside < 2 * NEAR)
        odd &= ~(near & (np.minimum(np.abs(along), np.abs(1 - along)) < JPEG_NEAR))
    # Where most tones are between, as in speckle, a border is everywhere.
    if (~plain).mean() > MOST_SOFT or (~plain & mask).sum() > MOST_SOFT_INSIDE * mask.sum():
        odd = ~plain
    if odd.any():
        raise InputError(
            f"a mask in {path.name}: one tone on black",
            f"{_tones(tones)} different tones, {np.count_nonzero(odd):,} pixels of which are neither, as in an image that was "
            "painted over",
            _REMEDY,
        )
    corners = mask[[0, 0, -1, -1], [0, -1, 0, -1]]
    if corners.all():
        raise InputError(
            f"a black or transparent background in {path.name}",
            "a picture whose four corners are marked, as in an inverted mask",
            "Invert it.",
        )
    return np.asarray(mask, dtype=bool)


def _commonest(tones: Float[np.ndarray, "pixel channel"]) -> Float[np.ndarray, " channel"]:
    step = max(float(tones.max()) / 64, 1e-6)
    found, counts = np.unique(np.round(tones / step), axis=0, return_counts=True)
    return np.asarray(found[counts.argmax()] * step, dtype=np.float64)


def _tones(tones: Float[np.ndarray, "y x channel"]) -> int:
    return len(np.unique(tones.reshape(-1, tones.shape[-1]), axis=0))


def _around(mask: Bool[np.ndarray, "y x"], reach: int) -> Bool[np.ndarray, "y x"]:
    return dilated_plane(mask, 2 * reach + 1)


def _opened(path: Path, shape_yx: tuple[int, int]) -> Image.Image:
    existing_file(path, "a readable mask")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with path.open("rb") as stream:
                image = Image.open(io.BytesIO(stream.read()))
            if image.size != (shape_yx[1], shape_yx[0]):
                raise InputError(
                    f"a mask of {shape_yx[1]} x {shape_yx[0]} pixels, as the volume's slices",
                    f"{image.size[0]} x {image.size[1]} in {path.name}",
                    "Check that the masks belong to this volume.",
                )
            image.load()
    except InputError:
        raise
    except Exception as error:  # Pillow's plug-ins raise whatever their parsers meet
        raise InputError("a readable mask", f"{path.name} ({error})", "Save it as PNG again.") from error
    return image


def _pixels(
    path: Path, shape_yx: tuple[int, int]
) -> tuple[Shaped[np.ndarray, "y x channel"], Integer[np.ndarray, "y x"] | None, bool]:
    """Colours, one or three channels, opacity where the picture has any, and whether it is JPEG."""
    with _opened(path, shape_yx) as image:
        rings = image.format == "JPEG"
        if image.mode in ("I", "I;16", "I;16B", "F", "L", "1"):
            return np.asarray(image)[..., np.newaxis], None, rings
        rgba = np.asarray(image.convert("RGBA"))
        return rgba[..., :3], rgba[..., 3], rings
