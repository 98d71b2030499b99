"""Label values that slopes and floats have moved off whole numbers, and values that are no labels."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.open import open_labels
from ifssnet.io.save import save

LABELS = (np.arange(60) % 3).reshape(3, 4, 5)


@pytest.mark.parametrize("off", [1e-7, 1.5e-5, 9e-4, -9e-4])
@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_nearly_whole_values_are_rounded_with_a_remark(tmp_path: Path, off: float, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    save(Volume(LABELS * (1.0 + off / 2), Grid(LABELS.shape)), path)
    with pytest.warns(InputWarning, match="away from whole numbers; they were rounded"):
        assert np.array_equal(open_labels(path).array, LABELS)


def test_a_slope_of_the_header(tmp_path: Path) -> None:
    made = nib.Nifti1Image((LABELS.transpose() * 16383).astype(np.int16), np.eye(4))
    made.header.set_slope_inter(1 / 16383.25, 0)
    made.header.set_data_dtype(np.int16)
    raw = made.header.binaryblock + bytes(4) + (LABELS * 16383).astype("<i2").tobytes()
    (tmp_path / "x.nii").write_bytes(raw)
    with pytest.warns(InputWarning, match="rounded"):
        assert np.array_equal(open_labels(tmp_path / "x.nii").array, LABELS)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.7, r"0\.7 on 20 voxels, and other values that are none on 20"),
        (np.nan, "NaN on 20 voxels"),
        (-1.0, "-1 on 20 voxels"),
    ],
)
def test_what_is_no_label_is_named_and_counted(tmp_path: Path, value: float, said: str) -> None:
    array = np.where(LABELS == 1, value, LABELS * (0.7 if value == 0.7 else 1.0))
    save(Volume(array, Grid(LABELS.shape)), tmp_path / "x.mha")
    with pytest.raises(InputError, match=said):
        open_labels(tmp_path / "x.mha")
    save(Volume(np.where(LABELS == 1, -1, LABELS).astype(np.int16), Grid(LABELS.shape)), tmp_path / "y.mha")
    with pytest.raises(InputError, match="-1 on 20 voxels"):
        open_labels(tmp_path / "y.mha")


BALL = np.pad(np.ones((2, 3, 3), dtype=np.uint16), ((1, 1), (1, 1), (2, 2)))
TWO = BALL + np.pad(BALL[1:-1, 1:2, 2:-2], ((1, 1), (2, 2), (2, 2)))


@pytest.mark.parametrize("background", [255, 65535, 3])
@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_a_background_that_is_not_0_is_said_and_no_structure(tmp_path: Path, background: int, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    save(Volume(np.where(TWO == 0, background, TWO).astype(np.uint16), Grid(TWO.shape)), path)
    with pytest.warns(InputWarning, match=f"{background} was taken as the background"):
        found = open_labels(path)
    assert np.array_equal(found.array, TWO)
    assert dict(found.names) == {1: "1", 2: "2"}


def test_what_is_named_or_stands_beside_0_is_no_background(tmp_path: Path) -> None:
    around = np.where(TWO == 0, 7, TWO).astype(np.uint16)
    save(LabelMap(around, Grid(TWO.shape), {1: "SOL", 2: "GM", 7: "rest of the leg"}), tmp_path / "named.nii.gz")
    assert 7 in open_labels(tmp_path / "named.nii.gz").names
    around[1, 2, 3] = 0
    save(Volume(around, Grid(TWO.shape)), tmp_path / "beside.nii.gz")
    assert 7 in open_labels(tmp_path / "beside.nii.gz").names
    save(Volume(np.ones_like(TWO), Grid(TWO.shape)), tmp_path / "all.nii.gz")
    assert dict(open_labels(tmp_path / "all.nii.gz").names) == {1: "1"}
