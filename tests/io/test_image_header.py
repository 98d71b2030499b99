from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_server import mha
from ifssnet.core.errors import InputError
from ifssnet.io.volumes.image_header import read_grid

GOOD = mha(np.zeros((3, 4, 5)))


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
def test_grid_as_written(tmp_path: Path, suffix: str) -> None:
    image = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    image.SetSpacing((0.5, 0.25, 2.0))
    image.SetOrigin((10.0, -20.0, 30.0))
    image.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    sitk.WriteImage(image, str(tmp_path / f"é a{suffix}"))
    grid = read_grid(tmp_path / f"é a{suffix}")
    assert grid.shape_zyx == (3, 4, 5)
    np.testing.assert_allclose(grid.spacing_xyz_mm, (0.5, 0.25, 2.0), rtol=1e-6)
    # one step along the grid's own x axis goes half a millimetre along the patient's y
    step = grid.points_to_mm(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(step, [[10, -20, 30], [10, -19.5, 30]], atol=1e-5)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"DimSize = 5 4 3", b"DimSize = 5 4 -3"),
        (b"DimSize = 5 4 3", b"DimSize = 500000 400000 3"),
        (b"NDims = 3", b"NDims = 2"),
        (b"1 0 0 0 1 0 0 0 1", b"1 1 0 0 1 0 0 0 1"),
        (b"ElementType = MET_UCHAR", b"ElementType = MET_UCHAR\nElementNumberOfChannels = 3"),
        (b"DimSize", b"DimSiz"),
    ],
)
def test_impossible_headers_are_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    (tmp_path / "a.mha").write_bytes(GOOD.replace(old, new))
    with pytest.raises(InputError):
        read_grid(tmp_path / "a.mha")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.mha"):
        read_grid(tmp_path / "a.mha")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=5), st.integers(0, len(GOOD)))
def test_damaged_headers_raise_only_input_errors(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(GOOD)
    for place, value in flips:
        data[place] = value
    path = tmp_path_factory.mktemp("damaged") / "a.mha"
    path.write_bytes(data[:cut])
    with contextlib.suppress(InputError):
        read_grid(path)
