from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.metaimage import read_metaimage, write_metaimage
from ifssnet.io.volumes.metaimage import read_metaimage_volume

PIXELS = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
HEAD = {"NDims": "3", "DimSize": "4 3 2", "ElementType": "MET_USHORT", "ElementSpacing": "1 2 3"}


def put(path: Path, pixels: bytes, data_file: str = "LOCAL", **fields: str) -> Path:
    lines = HEAD | fields | {"ElementDataFile": data_file}
    path.write_bytes("".join(f"{key} = {value}\n" for key, value in lines.items()).encode() + pixels)
    return path


def test_pixels_and_place_by_hand(tmp_path: Path) -> None:
    # The grid's x axis points to LPS +y, its y axis to -x: rows of TransformMatrix are the axes.
    path = put(
        tmp_path / "é x.mha", PIXELS.tobytes(), TransformMatrix="0 1 0 -1 0 0 0 0 1", Offset="10 20 30", Comment="kept = so"
    )
    volume = read_metaimage_volume(path)
    assert volume.array.tolist() == PIXELS.tolist()
    assert volume.grid.spacing_xyz_mm == (1, 2, 3)
    assert volume.grid.points_to_mm(np.array([[1.0, 1.0, 1.0]])).tolist() == [[10 - 2, 20 + 1, 30 + 3]]
    assert dict(volume.header) == {"Comment": "kept = so"}
    itk = sitk.ReadImage(str(path))
    assert itk.TransformIndexToPhysicalPoint((1, 1, 1)) == (8.0, 21.0, 33.0)


@pytest.mark.parametrize("key", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
def test_big_endian_becomes_native(tmp_path: Path, key: str) -> None:
    array = read_metaimage(put(tmp_path / "x.mha", PIXELS.astype(">u2").tobytes(), **{key: "True"})).array
    assert array.dtype == np.uint16
    assert array.dtype.isnative
    assert (array == PIXELS).all()


@pytest.mark.parametrize(
    ("names", "skip"), [(["a.raw"], 0), (["a.raw"], -1), (["s0.raw", "s1.raw"], 0), (["s0.raw", "s1.raw"], 5)]
)
def test_data_files(tmp_path: Path, names: list[str], skip: int) -> None:
    parts = np.array_split(PIXELS, len(names))
    for name, part in zip(names, parts, strict=True):
        (tmp_path / name).write_bytes(b"#" * (7 if skip == -1 else skip) + part.tobytes())
    listed = len(names) > 1
    pixels = ("\n".join(names) + "\n").encode() if listed else b""
    path = put(tmp_path / "x.mhd", pixels, "LIST" if listed else names[0], HeaderSize=str(skip))
    assert (read_metaimage(path).array == PIXELS).all()
    if listed:
        pattern = put(tmp_path / "y.mhd", b"", "s%d.raw 0 1 1", HeaderSize=str(skip))
        assert (read_metaimage(pattern).array == PIXELS).all()


def test_pixels_as_text(tmp_path: Path) -> None:
    text = " ".join(str(value) for value in PIXELS.ravel()).encode()
    assert (read_metaimage(put(tmp_path / "x.mha", text, BinaryData="False")).array == PIXELS).all()
    for change in ({"CompressedData": "True"}, {"HeaderSize": "4"}):
        with pytest.raises(InputError, match="text alone"):
            read_metaimage(put(tmp_path / "x.mha", text, "LOCAL", BinaryData="False", **change))


@pytest.mark.parametrize("name", ["../a.raw", "/etc/passwd", "..\\a.raw", "C:\\a.raw", "sub/../../a.raw", "missing.raw", "."])
def test_data_files_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.raw").write_bytes(PIXELS.tobytes())
    (tmp_path / "in" / "sub").mkdir(parents=True)
    with pytest.raises(InputError):
        read_metaimage(put(tmp_path / "in" / "x.mhd", b"", name))


@pytest.mark.parametrize(
    "change",
    [
        {"DimSize": "4 3 3"}, {"DimSize": "4 3"}, {"DimSize": "4 -3 2"}, {"DimSize": "0 3 2"}, {"NDims": "11"}, {"NDims": "x"},
        {"ElementType": "MET_STRING"}, {"BinaryData": "False"}, {"CompressedData": "True"}, {"HeaderSize": "1"},
        {"HeaderSize": "-2"},
    ],
)  # fmt: skip
def test_lies_are_refused(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(InputError):
        read_metaimage(put(tmp_path / "x.mha", PIXELS.tobytes(), **change))


@pytest.mark.parametrize(
    "change",
    [
        {"ElementSpacing": "1 0 1"}, {"ElementSpacing": "1 -1 1"}, {"ElementSpacing": "1 nan 1"}, {"Offset": "1 2"},
        {"TransformMatrix": "1 0.1 0 0 1 0 0 0 1"}, {"TransformMatrix": "0 0 0 0 0 0 0 0 0"}, {"DistanceUnits": "ell"},
    ],
)  # fmt: skip
def test_impossible_places_are_refused(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"x\.mha"):
        read_metaimage_volume(put(tmp_path / "x.mha", PIXELS.tobytes(), **change))


def test_what_is_doubtful_is_said(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match="more than"):
        read_metaimage(put(tmp_path / "x.mha", PIXELS.tobytes() + b"???"))
    packed = zlib.compress(PIXELS.tobytes())
    with pytest.warns(InputWarning, match="CompressedDataSize is 7"):
        image = read_metaimage(put(tmp_path / "x.mha", packed, CompressedData="True", CompressedDataSize="7"))
    assert (image.array == PIXELS).all()
    with pytest.warns(InputWarning, match="orthonormal"):
        grid = read_metaimage_volume(put(tmp_path / "x.mha", PIXELS.tobytes(), TransformMatrix="1 0.0004 0 0 1 0 0 0 1")).grid
    direction = np.array(grid.direction)
    assert np.allclose(direction.T @ direction, np.eye(3), atol=1e-12)


def test_colour_two_dimensions_and_units(tmp_path: Path) -> None:
    grey = np.repeat(PIXELS[..., np.newaxis], 3, axis=-1)
    volume = read_metaimage_volume(put(tmp_path / "x.mha", grey.tobytes(), ElementNumberOfChannels="3", DistanceUnits="um"))
    assert (volume.array == PIXELS).all()
    assert volume.grid.spacing_xyz_mm == pytest.approx((1e-3, 2e-3, 3e-3))
    flat = {"NDims": "2", "DimSize": "4 3", "ElementSpacing": "1 2"}
    with pytest.warns(InputWarning, match="one slice"):
        one = read_metaimage_volume(put(tmp_path / "x.mha", PIXELS[0].tobytes(), **flat))
    assert one.grid.spacing_xyz_mm == (1, 2, 1)
    four = {
        "NDims": "4",
        "DimSize": "4 3 2 1",
        "ElementSpacing": "1 2 3 9",
        "TransformMatrix": "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
    }
    assert read_metaimage_volume(put(tmp_path / "x.mha", PIXELS.tobytes(), **four)).array.shape == (2, 3, 4)


@pytest.mark.parametrize("compress", [False, True])
def test_every_line_survives_with_a_foreign_alphabet(tmp_path: Path, compress: bool) -> None:
    fields = {"Seq_Frame0000_ProbeToTrackerTransform": "1 0 0 0", "Ключ": "значение", "Empty": "", "Break": "a\nb"}
    write_metaimage(tmp_path / "x.mha", fields, PIXELS, compress)
    image = read_metaimage(tmp_path / "x.mha")
    assert (image.array == PIXELS).all()
    assert {key: image.fields[key] for key in fields} == fields | {"Break": "a b"}
    (tmp_path / "latin.mha").write_bytes((tmp_path / "x.mha").read_bytes().replace("Ключ".encode(), b"Cl\xe9"))
    assert "Clé" in read_metaimage(tmp_path / "latin.mha").fields


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["SpinePhantomFreehand.igs.mha", "vtkVolumeReconstructorTestNNLATEvolumeRef.mha"])
def test_real_files_read_as_itk_reads_them(shared_data: Path, tmp_path: Path, name: str) -> None:
    path = shared_data / "plus" / "TestImages" / name
    image = read_metaimage(path)
    assert (image.array == sitk.GetArrayFromImage(sitk.ReadImage(str(path)))).all()
    write_metaimage(tmp_path / "again.mha", image.fields, image.array, True)
    again = read_metaimage(tmp_path / "again.mha")
    assert (again.array == image.array).all()
    assert {key: text for key, text in again.fields.items() if key.startswith("Seq_")} == {
        key: text for key, text in image.fields.items() if key.startswith("Seq_")
    }
