"""A picture is read as a mask only where it plainly is one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.geometry.untyped import smoothed
from ifssnet.io.seeds.mask_pictures import read_mask, read_values

Y, X = np.mgrid[:60, :80].astype(np.float64)
AREA = ((Y - 30) / 12) ** 2 + ((X - 40) / 20) ** 2 < 1
SOFT = np.clip(0.5 + 20 * (1 - np.sqrt(((Y - 30) / 12) ** 2 + ((X - 40) / 20) ** 2)) / 2, 0, 1)


def written(path: Path, picture: Image.Image) -> Path:
    picture.save(path)
    return path


def rgb(colour: tuple[int, int, int], share: np.ndarray = AREA) -> np.ndarray:
    return np.rint(share[..., np.newaxis] * np.array(colour)).astype(np.uint8)


def palette() -> Image.Image:
    picture = Image.fromarray(AREA.astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 200, 30, 90])
    return picture


def transparent(colour: tuple[int, int, int] = (250, 250, 250), opacity: int = 255) -> Image.Image:
    layer = np.zeros((*AREA.shape, 4), np.uint8)
    layer[..., :3] = colour
    layer[..., 3] = opacity * AREA
    return Image.fromarray(layer)


def as_jpeg(picture: Image.Image) -> Image.Image:
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=90)
    return Image.open(io.BytesIO(held.getvalue())).convert("RGB")


MASKS = {
    "0 and 255": lambda: Image.fromarray((255 * AREA).astype(np.uint8)),
    "0 and 1": lambda: Image.fromarray(AREA.astype(np.uint8)),
    "0 and 100": lambda: Image.fromarray((100 * AREA).astype(np.uint8)),
    "one bit": lambda: Image.fromarray(AREA),
    "16 bits": lambda: Image.fromarray((40000 * AREA.astype(np.int32)).astype(np.uint16)),
    "palette": palette,
    "red on black": lambda: Image.fromarray(rgb((220, 20, 20))),
    "opaque with alpha": lambda: Image.fromarray(rgb((220, 20, 20))).convert("RGBA"),
    "painted on a transparent layer": transparent,
    "black on a transparent layer": lambda: transparent((0, 0, 0)),
    "painted with half opacity": lambda: transparent((200, 0, 0), 100),
    "grey with alpha": lambda: Image.fromarray((255 * AREA).astype(np.uint8)).convert("LA"),
}


@pytest.mark.parametrize("kind", list(MASKS))
def test_masks_are_read_to_the_pixel(tmp_path: Path, kind: str) -> None:
    assert np.array_equal(read_mask(written(tmp_path / "SOL_0040.png", MASKS[kind]()), (60, 80)), AREA)


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(np.rint(255 * SOFT).astype(np.uint8)),
        Image.fromarray(rgb((40, 200, 90), SOFT)),
        as_jpeg(Image.fromarray((255 * AREA).astype(np.uint8))),
    ],
    ids=["soft border", "soft border in colour", "saved as JPEG before"],
)
def test_soft_borders_are_cut_half_way(tmp_path: Path, picture: Image.Image) -> None:
    found = read_mask(written(tmp_path / "SOL_0040.png", picture), (60, 80))
    assert np.count_nonzero(found != AREA) < 0.03 * np.count_nonzero(AREA)


def speckle() -> np.ndarray:
    noise = smoothed(np.random.default_rng(3).random(AREA.shape), 1.0)
    return np.clip(60 + 900 * (noise - noise.mean()), 5, 200).astype(np.uint8)


def painted(colour: tuple[int, int, int], share: float = 1.0) -> Image.Image:
    image = np.repeat(speckle()[..., np.newaxis], 3, axis=2).astype(np.float64)
    image[AREA] = (1 - share) * image[AREA] + share * np.array(colour)
    return Image.fromarray(image.astype(np.uint8))


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(speckle()),
        painted((255, 0, 0)),
        painted((255, 255, 255)),
        painted((0, 255, 0), 0.4),
        painted((255, 255, 0)).convert("RGBA"),
        Image.fromarray(rgb((220, 20, 20)) + rgb((0, 200, 40), np.roll(AREA, 30, axis=0) & ~AREA)),
    ],
    ids=["an image", "painted red", "painted white", "painted half", "with alpha", "two colours"],
)
def test_other_pictures_are_refused(tmp_path: Path, picture: Image.Image) -> None:
    with pytest.raises(InputError, match=r"one tone on black; got .* different tones"):
        read_mask(written(tmp_path / "SOL_0040.png", picture), (60, 80))


def test_an_inverted_mask_is_refused_and_a_black_one_is_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="inverted"):
        read_mask(written(tmp_path / "a.png", Image.fromarray((255 * ~AREA).astype(np.uint8))), (60, 80))
    assert not read_mask(written(tmp_path / "b.png", Image.fromarray(np.zeros((60, 80), np.uint8))), (60, 80)).any()


def test_values_are_read_and_images_are_not(tmp_path: Path) -> None:
    values = AREA.astype(np.uint8) + 2 * np.roll(AREA, 30, axis=0).astype(np.uint8)
    for picture in (Image.fromarray(values), Image.merge("RGB", [Image.fromarray(values)] * 3)):
        assert np.array_equal(read_values(written(tmp_path / "slice_0040.png", picture), (60, 80)), values)
    with pytest.raises(InputError, match="grey levels"):
        read_values(written(tmp_path / "slice_0041.png", Image.fromarray(speckle())), (60, 80))
    with pytest.raises(InputError, match="in colour"):
        read_values(written(tmp_path / "slice_0042.png", Image.fromarray(rgb((9, 1, 1)))), (60, 80))


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 0)])
def test_a_white_background_is_named(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    on_white = np.where(AREA[..., np.newaxis], np.array(colour), 255).astype(np.uint8)
    with pytest.raises(InputError, match="four corners are white"):
        read_mask(written(tmp_path / "SOL_0040.png", Image.fromarray(on_white)), (60, 80))


def test_a_picture_that_is_all_transparent_is_no_empty_mask(tmp_path: Path) -> None:
    hidden = np.dstack([rgb((255, 255, 255)), np.zeros(AREA.shape, np.uint8)])
    with pytest.raises(InputError, match="all transparent and hide a picture"):
        read_mask(written(tmp_path / "SOL_0040.png", Image.fromarray(hidden)), (60, 80))
    nothing = np.zeros((60, 80, 4), np.uint8)
    assert not read_mask(written(tmp_path / "SOL_0041.png", Image.fromarray(nothing)), (60, 80)).any()


@pytest.mark.parametrize("quality", [30, 40, 60, 75, 95])
def test_jpeg_of_any_quality_is_a_mask_and_a_painted_image_is_none(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "SOL_0040.jpg"
    Image.fromarray((255 * AREA).astype(np.uint8)).save(path, quality=quality)
    assert np.count_nonzero(read_mask(path, (60, 80)) ^ AREA) <= 0.02 * np.count_nonzero(AREA)
    scan = np.random.default_rng(0).integers(0, 110, AREA.shape)
    Image.fromarray(np.where(AREA, 255, scan).astype(np.uint8)).save(path, quality=quality)
    with pytest.raises(InputError, match="painted over"):
        read_mask(path, (60, 80))
