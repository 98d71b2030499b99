"""Frames of any type: nothing is clipped, nothing wraps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.io.codecs.pictures import read_grey
from ifssnet.io.seeds.mask_pictures import read_values

BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    ("levels", "suffix"),
    [
        (BYTES, ".png"),
        (BYTES.astype(np.uint16) * 257, ".png"),
        (BYTES.astype(np.uint16) * 257, ".tif"),
        (BYTES.astype(np.float32) * 300.5, ".tif"),
        (BYTES.astype(np.float32) / 255, ".tif"),
        (BYTES.astype(np.int32) * 100_000 - 7, ".tif"),
    ],
)
def test_levels_are_those_of_the_file(tmp_path: Path, levels: np.ndarray, suffix: str) -> None:
    Image.fromarray(levels).save(tmp_path / f"x{suffix}")
    found = read_grey(tmp_path / f"x{suffix}")
    assert found.dtype == levels.dtype
    assert (found == levels).all()


@pytest.mark.parametrize(("dtype", "sample"), [("u2", 1), ("i2", 2), ("u4", 1), ("i4", 2)])
def test_signs_are_those_that_a_tiff_says(tmp_path: Path, dtype: str, sample: int) -> None:
    levels = np.array([[0, 1], [np.iinfo(dtype).min, np.iinfo(dtype).max]], dtype=dtype)
    (tmp_path / "x.tif").write_bytes(tiff(levels, sample))
    found = read_grey(tmp_path / "x.tif")
    assert found.dtype == levels.dtype
    assert (found == levels).all()


def tiff(levels: np.ndarray, sample: int) -> bytes:
    """A TIFF of one strip, as libraries other than Pillow write it."""
    rows, columns = levels.shape
    size = levels.itemsize
    tags = [(256, columns), (257, rows), (258, 8 * size), (259, 1), (262, 1), (273, 8), (277, 1), (278, rows)]
    tags += [(279, levels.nbytes), (339, sample)]
    entries = b"".join(np.array([tag, 3, 1, 0, value, 0], "<u2").tobytes()[:4] + entry(value) for tag, value in tags)
    start = 8 + levels.nbytes
    return b"II*\0" + start.to_bytes(4, "little") + levels.tobytes() + len(tags).to_bytes(2, "little") + entries + bytes(4)


def entry(value: int) -> bytes:
    return (1).to_bytes(4, "little") + value.to_bytes(4, "little")


def test_fractions_become_the_bytes_that_they_stand_for(tmp_path: Path) -> None:
    Image.fromarray(BYTES.astype(np.float32) / 255).save(tmp_path / "x.tif")
    volume = Volume(read_grey(tmp_path / "x.tif")[np.newaxis], Grid((1, 16, 16), (1.0, 1.0, 1.0)))
    assert (on_grey_scale(volume)[0].array[0] == BYTES).all()


def test_several_pages_and_nan_are_refused(tmp_path: Path) -> None:
    pages = [Image.fromarray(BYTES), Image.fromarray(255 - BYTES)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match=r"one image in .*: got 2|one image"):
        read_grey(tmp_path / "pages.tif")
    Image.fromarray(np.where(BYTES == 3, np.nan, BYTES).astype(np.float32)).save(tmp_path / "nan.tif")
    with pytest.raises(InputError, match="1 pixels that are NaN"):
        read_grey(tmp_path / "nan.tif")


def test_label_values_of_floats_are_not_clipped(tmp_path: Path) -> None:
    values = np.zeros((16, 16), dtype=np.float32)
    values[2:5] = 300
    Image.fromarray(values).save(tmp_path / "x.tif")
    assert set(np.unique(read_values(tmp_path / "x.tif", (16, 16)))) == {0, 300}
    Image.fromarray(values + 0.5).save(tmp_path / "y.tif")
    with pytest.raises(InputError, match="whole label values"):
        read_values(tmp_path / "y.tif", (16, 16))
