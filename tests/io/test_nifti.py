from __future__ import annotations

import gzip
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.nifti import read_nifti_volume

PIXELS = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
AFFINE_RAS = np.array([[0, -3.0, 0, 10], [2, 0, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1]])


def put(path: Path, affine: np.ndarray | None = AFFINE_RAS, qform: np.ndarray | None = None, unit: str = "mm") -> Path:
    image = nib.Nifti1Image(PIXELS.transpose(), None)
    image.header.set_xyzt_units(unit)
    image.header.set_zooms((2, 3, 4))
    image.set_sform(affine, 0 if affine is None else 1)
    image.set_qform(qform, 0 if qform is None else 1)
    nib.save(image, path)
    return path


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_ras_becomes_lps(tmp_path: Path, suffix: str) -> None:
    # Voxel (1, 1, 1) lies at RAS (10 - 3, 20 + 2, 30 + 4): LPS (-7, -22, 34).
    volume = read_nifti_volume(put(tmp_path / f"é x{suffix}"))
    assert (volume.array == PIXELS).all()
    assert volume.array.dtype == np.int16
    assert volume.grid.spacing_xyz_mm == (2, 3, 4)
    assert volume.grid.points_to_mm(np.ones((1, 3)))[0].tolist() == [-7, -22, 34]


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1), ("meter", 1000), ("micron", 0.001), ("unknown", 1)])
def test_units(tmp_path: Path, unit: str, factor: float) -> None:
    grid = read_nifti_volume(put(tmp_path / "x.nii", unit=unit)).grid
    assert grid.spacing_xyz_mm == pytest.approx((2 * factor, 3 * factor, 4 * factor))
    assert grid.origin_xyz_mm == pytest.approx((-10 * factor, -20 * factor, 30 * factor))


def test_which_of_the_forms(tmp_path: Path) -> None:
    assert read_nifti_volume(put(tmp_path / "x.nii", None, AFFINE_RAS)).grid.matches(
        read_nifti_volume(put(tmp_path / "y.nii")).grid
    )
    with pytest.warns(InputWarning, match="no orientation"):
        assert read_nifti_volume(put(tmp_path / "z.nii", None)).grid == Grid((2, 3, 4), (2.0, 3.0, 4.0))
    sheared = AFFINE_RAS.copy()
    sheared[0, 0] = 1.0
    with pytest.warns(InputWarning, match="qform was taken"):
        read_nifti_volume(put(tmp_path / "s.nii", sheared, AFFINE_RAS))
    with pytest.raises(InputError, match="right angles"):
        read_nifti_volume(put(tmp_path / "t.nii", sheared))


def test_slope_and_intercept(tmp_path: Path) -> None:
    image = nib.Nifti1Image(PIXELS.transpose(), AFFINE_RAS)
    image.header.set_slope_inter(0.5, -3)
    image.header["scl_slope"], image.header["scl_inter"] = 0.5, -3
    block = image.header.binaryblock[:108] + np.float32(352).tobytes() + np.array([0.5, -3], "f4").tobytes()
    content = block + image.header.binaryblock[120:344] + b"n+1\0" + bytes(4) + PIXELS.tobytes()
    (tmp_path / "x.nii").write_bytes(content)
    volume = read_nifti_volume(tmp_path / "x.nii")
    assert volume.array.dtype == np.float32
    assert (volume.array == PIXELS * 0.5 - 3).all()


def test_nifti_2_big_endian_and_a_wrong_name(tmp_path: Path) -> None:
    two = nib.Nifti2Image(PIXELS.transpose(), AFFINE_RAS)
    nib.save(two, tmp_path / "x.nii")
    assert (open_volume(tmp_path / "x.nii").array == PIXELS).all()
    big = nib.Nifti1Image(PIXELS.astype(">i2").transpose(), AFFINE_RAS, nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "big.nii")
    volume = open_volume(tmp_path / "big.nii")
    assert (volume.array == PIXELS).all()
    assert volume.array.dtype.isnative
    (tmp_path / "packed.mha").write_bytes(gzip.compress((tmp_path / "x.nii").read_bytes()))
    assert (open_volume(tmp_path / "packed.mha").array == PIXELS).all()


@pytest.mark.parametrize("change", [(40, 0), (40, 9), (42, 0xFF), (43, 0x7F), (70, 32), (108, 0x7F), (344, 0)])
def test_lies_are_refused(tmp_path: Path, change: tuple[int, int]) -> None:
    content = bytearray(put(tmp_path / "x.nii").read_bytes())
    content[change[0]] = change[1]
    if change[0] in (42, 108):
        content[change[0] + 1] = 0xFF if change[0] == 42 else 0x7F
        content[change[0] + 3] = 0xFF if change[0] == 108 else content[change[0] + 3]
    (tmp_path / "x.nii").write_bytes(bytes(content))
    with pytest.raises(InputError):
        read_nifti_volume(tmp_path / "x.nii")


def test_names_lie_beside(tmp_path: Path) -> None:
    grid = Grid((2, 3, 4))
    labels = LabelMap((PIXELS % 3).astype(np.uint8), grid, {1: "Soléaire", 2: "GM"}, {1: (1, 2, 3)})
    save(labels, tmp_path / "leg.nii.gz")
    assert json.loads((tmp_path / "leg.json").read_text(encoding="utf-8")) == {
        "labels": {"1": "Soléaire", "2": "GM"},
        "colors": {"1": [1, 2, 3]},
    }
    found = open_labels(tmp_path / "leg.nii.gz")
    assert dict(found.names) == {1: "Soléaire", 2: "GM"}
    assert dict(found.colors) == {1: (1, 2, 3)}
    with pytest.raises(InputError, match="exists"):
        save(labels, tmp_path / "leg.nii")
    assert not (tmp_path / "leg.nii").exists()
    (tmp_path / "leg.json").write_text('{"labels": {"background": 0, "SOL": 1, "GM": 2}}', encoding="utf-8")
    assert dict(open_labels(tmp_path / "leg.nii.gz").names) == {1: "SOL", 2: "GM"}
    (tmp_path / "leg.json").write_text("[1", encoding="utf-8")
    with pytest.raises(InputError, match=r"leg\.json"):
        open_labels(tmp_path / "leg.nii.gz")


def test_nibabel_reads_what_was_written(tmp_path: Path) -> None:
    direction = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    volume = Volume(
        PIXELS, Grid((2, 3, 4), (2.0, 3.0, 4.0), (-10.0, -20.0, 30.0), direction), {"a": "ü" * 50, "nifti_descrip": "d"}
    )
    for name in ("x.nii", "x.nii.gz"):
        save(volume, tmp_path / name)
        image = nib.load(tmp_path / name)
        assert isinstance(image, nib.Nifti1Image)
        assert (np.asanyarray(image.dataobj) == PIXELS.transpose()).all()
        assert (image.affine == volume.grid.index_to_mm * np.array([[-1], [-1], [1], [1]])).all()
        assert dict(open_volume(tmp_path / name).header) == dict(volume.header)


@pytest.mark.parametrize("packed", [False, True])
def test_a_pair_is_read_by_either_file(tmp_path: Path, packed: bool) -> None:
    nib.save(nib.Nifti1Pair(PIXELS.transpose(), AFFINE_RAS), tmp_path / "leg.img")
    whole = read_nifti_volume(put(tmp_path / "x.nii"))
    if packed:
        (tmp_path / "leg.img.gz").write_bytes(gzip.compress((tmp_path / "leg.img").read_bytes()))
        (tmp_path / "leg.img").unlink()
    for name in ["leg.hdr"] if packed else ["leg.hdr", "leg.img"]:
        volume = open_volume(tmp_path / name)
        assert (volume.array == PIXELS).all()
        assert volume.grid == whole.grid
    next(tmp_path.glob("leg.img*")).unlink()
    with pytest.raises(InputError, match=r"leg\.img beside leg\.hdr"):
        open_volume(tmp_path / "leg.hdr")


def test_analyze_says_no_left_and_right(tmp_path: Path) -> None:
    nib.save(nib.AnalyzeImage(PIXELS.transpose(), AFFINE_RAS), tmp_path / "leg.img")
    for name in ("leg.hdr", "leg.img"):
        with pytest.raises(InputError, match=r"Analyze 7\.5, which does not"):
            open_volume(tmp_path / name)


def test_what_follows_a_packed_file_is_left_out(tmp_path: Path) -> None:
    packed = put(tmp_path / "x.nii.gz").read_bytes()
    for rest in (bytes(100), b"junk"):
        (tmp_path / "x.nii.gz").write_bytes(packed + rest)
        assert (open_volume(tmp_path / "x.nii.gz").array == PIXELS).all()
