from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_server import mha
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import open_grid, open_volume

GOOD = mha(np.zeros((3, 4, 5)))


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
def test_grid_as_written(tmp_path: Path, suffix: str) -> None:
    image = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    image.SetSpacing((0.5, 0.25, 2.0))
    image.SetOrigin((10.0, -20.0, 30.0))
    image.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    sitk.WriteImage(image, str(tmp_path / f"é a{suffix}"))
    grid = open_grid(tmp_path / f"é a{suffix}")
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
        open_grid(tmp_path / "a.mha")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.mha"):
        open_grid(tmp_path / "a.mha")


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
        open_grid(path)


def nrrd(path: Path, *lines: str) -> Path:
    layout = ["NRRD0005", "type: uint8", "dimension: 3", "sizes: 5 4 3", "encoding: raw", *lines, "", ""]
    path.write_bytes("\n".join(layout).encode() + bytes(60))
    return path


@pytest.mark.parametrize(
    "lines",
    [
        ('units: "microns" "microns" "microns"', "spacings: 500 250 2000"),
        ("space: RAS", "space directions: (0.5,0,0) (0,0.25,0) (0,0,2)", "space origin: (1,2,3)"),
        ("space: LPS", "space directions: (5,0,0) (0,2,0) (0,0,20)", 'space units: "cm" "cm" "cm"'),
        ("space directions: (1,0,0) (0,1,0) (0,0,1)", "spacings: 2 2 2"),
        (),
    ],
)
def test_the_rules_are_those_of_the_voxels(tmp_path: Path, lines: tuple[str, ...]) -> None:
    path = nrrd(tmp_path / "a.nrrd", *lines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        assert open_grid(path) == open_volume(path).grid


def test_units_and_forms_of_nifti_and_metaimage(tmp_path: Path) -> None:
    image = nib.nifti1.Nifti1Image(np.zeros((5, 4, 3), np.uint8), np.diag([0.5, 0.25, 2.0, 1.0]))
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "m.nii.gz")
    assert open_grid(tmp_path / "m.nii.gz") == open_volume(tmp_path / "m.nii.gz").grid
    assert open_grid(tmp_path / "m.nii.gz").spacing_xyz_mm == (500.0, 250.0, 2000.0)
    (tmp_path / "cm.mha").write_bytes(GOOD.replace(b"NDims = 3", b"NDims = 3\nDistanceUnits = cm"))
    assert open_grid(tmp_path / "cm.mha") == open_volume(tmp_path / "cm.mha").grid


def test_a_label_map_that_says_two_sizes_is_refused_by_its_header(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "two.nrrd", "space directions: (1,0,0) (0,1,0) (0,0,1)", "spacings: 2 2 2")
    with pytest.raises(InputError, match="two"):
        open_grid(path, labels=True)
