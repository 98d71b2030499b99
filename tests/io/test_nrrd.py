from __future__ import annotations

import bz2
import gzip
import warnings
from collections.abc import Callable
from pathlib import Path

import nrrd
import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.nrrd import read_nrrd, read_nrrd_raw, write_nrrd
from ifssnet.io.volumes.nrrd import read_nrrd_volume

PIXELS = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
HEAD = {
    "type": "short",
    "dimension": "3",
    "sizes": "4 3 2",
    "endian": "little",
    "encoding": "raw",
    "space": "left-posterior-superior",
    "space directions": "(0,2,0) (-3,0,0) (0,0,4)",
    "space origin": "(10,20,30)",
}


def put(path: Path, pixels: bytes = PIXELS.tobytes(), pairs: str = "", /, **fields: str) -> Path:
    lines = {key: value for key, value in (HEAD | {k.replace("_", " "): v for k, v in fields.items()}).items() if value}
    path.write_bytes(("NRRD0005\n" + "".join(f"{k}: {v}\n" for k, v in lines.items()) + pairs + "\n").encode() + pixels)
    return path


@pytest.mark.parametrize(
    ("space", "corner"),
    [
        ("left-posterior-superior", [7, 22, 34]), ("LPS", [7, 22, 34]), ("RAS", [-7, -22, 34]),
        ("right-anterior-superior", [-7, -22, 34]), ("left-anterior-superior", [7, -22, 34]),
        ("right-posterior-superior", [-7, 22, 34]), ("LPI", [7, 22, -34]), ("RAIT", [-7, -22, -34]),
        ("PLS", [22, 7, 34]), ("superior-anterior-right", [-34, -22, 7]),
    ],
)  # fmt: skip
def test_every_space_becomes_lps(tmp_path: Path, space: str, corner: list[float]) -> None:
    # Voxel (1, 1, 1) lies at (10, 20, 30) + (0, 2, 0) + (-3, 0, 0) + (0, 0, 4) = (7, 22, 34) of the file's own space.
    volume = read_nrrd_volume(put(tmp_path / "x.nrrd", space=space))
    assert volume.array.tolist() == PIXELS.tolist()
    assert volume.grid.spacing_xyz_mm == (2, 3, 4)
    assert volume.grid.points_to_mm(np.ones((1, 3)))[0] == pytest.approx(corner)


@pytest.mark.parametrize(
    ("change", "spacing", "said"),
    [
        ({"space": ""}, (2, 3, 4), "no space"),
        ({"space": "scanner-xyz"}, (2, 3, 4), "scanner-xyz"),
        ({"space_directions": "", "space": "LPS", "spacings": "1 2 3"}, (1, 2, 3), None),
        ({"space_directions": "", "space": "LPS"}, (1, 1, 1), "1 mm"),
        ({"space_directions": "", "space": "LPS", "spacings": "2 3 NaN"}, (2, 3, 1), "no spacing along z"),
        ({"space_units": '"um" "um" "um"'}, (0.002, 0.003, 0.004), None),
        ({"space_units": '"mm" "" ""'}, (2, 3, 4), None),
    ],
)
def test_what_is_missing_is_assumed_aloud(
    tmp_path: Path, change: dict[str, str], spacing: tuple[float, ...], said: str | None
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grid = read_nrrd_volume(put(tmp_path / "x.nrrd", **change)).grid
    assert grid.spacing_xyz_mm == pytest.approx(spacing)
    assert [str(said) in str(w.message) for w in caught] == ([True] if said else [])


@pytest.mark.parametrize("at_a_time", [None, 1, 7])
@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("gz", gzip.compress), ("bzip2", bz2.compress)])
def test_encodings_members_and_skips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, pack: Callable[[bytes], bytes], at_a_time: int | None
) -> None:
    if at_a_time:
        # A member may end just where what was read ends.
        monkeypatch.setattr("ifssnet.io.codecs.pixels._DEFLATED", at_a_time)
        monkeypatch.setattr("ifssnet.io.codecs.pixels._INFLATED", at_a_time)
    data = PIXELS.astype(">i2").tobytes()
    path = put(tmp_path / "x.nrrd", pack(b"###" + data[:10]) + pack(data[10:]), encoding=encoding, endian="big", byte_skip="3")
    array = read_nrrd(path).array
    assert array.dtype == np.int16
    assert (array == PIXELS).all()


def test_detached_pixels_with_skips(tmp_path: Path) -> None:
    (tmp_path / "a b.raw").write_bytes(b"line\nline\n##" + PIXELS.tobytes())
    path = put(tmp_path / "x.nhdr", b"", data_file="a b.raw", line_skip="2", byte_skip="2")
    assert (read_nrrd(path).array == PIXELS).all()
    assert (read_nrrd(put(tmp_path / "y.nhdr", b"", data_file="a b.raw", byte_skip="-1")).array == PIXELS).all()
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="leads elsewhere"):
        read_nrrd(put(tmp_path / "sub" / "x.nhdr", b"", data_file="../a b.raw"))


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": "4 3 3"}, {"sizes": "4 3"}, {"sizes": "4 -3 2"}, {"dimension": "0"}, {"type": "block"}, {"encoding": "ascii"},
        {"encoding": "gzip"}, {"endian": ""}, {"endian": "middle"}, {"space_directions": "(0,0,0) (-3,0,0) (0,0,4)"},
        {"space_directions": "(0,2,0) (-3,0,0)"}, {"space_directions": "(0,2,0) (0,3,0) (0,0,4)"}, {"byte_skip": "-2"},
        {"space_units": '"ell" "ell" "ell"'}, {"space_origin": "(1,2)x"},
    ],
)  # fmt: skip
def test_lies_are_refused(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(InputError):
        read_nrrd_volume(put(tmp_path / "x.nrrd", **change))


def test_an_axis_of_colours(tmp_path: Path) -> None:
    grey = np.repeat(PIXELS[..., np.newaxis], 3, axis=-1)
    four = {"dimension": "4", "sizes": "3 4 3 2", "space_directions": "none " + HEAD["space directions"]}
    four["kinds"] = "RGB-color domain domain domain"
    assert (read_nrrd_volume(put(tmp_path / "x.nrrd", grey.tobytes(), **four)).array == PIXELS).all()
    grey[0, 0, 0] = (100, 0, 0)
    with pytest.warns(InputWarning, match="luminance"):
        assert read_nrrd_volume(put(tmp_path / "x.nrrd", grey.tobytes(), **four)).array[0, 0, 0] == 30


# pynrrd writes the date in a way that Python 3.12 calls deprecated.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("compress", [False, True])
def test_pairs_and_fields_survive_and_pynrrd_reads_them(tmp_path: Path, compress: bool) -> None:
    pairs = {"Segment0_Name": "Soléaire", "line": "a\nb\\n", "equals": "a:=b"}
    write_nrrd(tmp_path / "x.nrrd", {"content": "leg", **pairs}, PIXELS, compress)
    header, array = read_nrrd_raw(tmp_path / "x.nrrd")
    assert (array == PIXELS).all()
    assert {key: header[key] for key in (*pairs, "content")} == {**pairs, "content": "leg"}
    theirs, their_header = nrrd.read(str(tmp_path / "x.nrrd"), index_order="C")
    assert (theirs == PIXELS).all()
    assert their_header["content"] == "leg"
    nrrd.write(str(tmp_path / "y.nrrd"), PIXELS, {"encoding": "gzip" if compress else "raw", "k": "v"}, index_order="C")
    header, array = read_nrrd_raw(tmp_path / "y.nrrd")
    assert (array == PIXELS).all()
    assert header["k"] == "v"


DECIMALS = " ".join(map(str, PIXELS.ravel())).encode()


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("ascii", DECIMALS), ("text", DECIMALS.replace(b" ", b",\n")), ("TXT", DECIMALS.replace(b"7", b"7.0") + b"\n"),
        ("hex", PIXELS.tobytes().hex(" ").encode()), ("hex", PIXELS.tobytes().hex().upper().encode() + b"\r\n"),
    ],
)  # fmt: skip
def test_pixels_as_text(tmp_path: Path, encoding: str, pixels: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifssnet.io.codecs.text_pixels._PIECE", 5)
    path = put(tmp_path / "x.nrrd", pixels, encoding=encoding, endian="little" if encoding == "hex" else "")
    assert read_nrrd(path).array.tolist() == PIXELS.tolist()


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("ascii", DECIMALS[:-3] + b"   "), ("ascii", DECIMALS.replace(b"7", b"x")), ("ascii", DECIMALS.replace(b"7", b"7.5")),
        ("ascii", DECIMALS.replace(b"7", b"70000")), ("ascii", b"1" * 900), ("hex", b"0g" * 48), ("hex", b"0 " * 50),
    ],
)  # fmt: skip
def test_text_that_is_not_the_pixels_is_refused(tmp_path: Path, encoding: str, pixels: bytes) -> None:
    with pytest.raises(InputError):
        read_nrrd(put(tmp_path / "x.nrrd", pixels, encoding=encoding))


@pytest.mark.parametrize("encoding", ["ascii", "hex"])
def test_more_text_than_the_pixels_is_said(tmp_path: Path, encoding: str) -> None:
    pixels = (DECIMALS if encoding == "ascii" else PIXELS.tobytes().hex().encode()) + b" 12"
    with pytest.warns(InputWarning, match="more than"):
        assert (read_nrrd(put(tmp_path / "x.nrrd", pixels, encoding=encoding)).array == PIXELS).all()


@pytest.mark.parametrize(
    ("centers", "spacing", "first", "said"),
    [
        ("cell cell cell", (2, 3, 4), (1, 1.5, 102), None),
        ("node node cell", (8 / 3, 4.5, 4), (0, 0, 102), None),
        ("", (2, 3, 4), (1, 1.5, 102), "faces"),
    ],
)
def test_the_ends_of_axes_say_the_spacing(
    tmp_path: Path, centers: str, spacing: tuple[float, ...], first: tuple[float, ...], said: str | None
) -> None:
    ends = {"axis_mins": "0 0 100", "axis_maxs": "8 9 108", "space": "LPS"}
    path = put(tmp_path / "x.nrrd", space_directions="", space_origin="", centers=centers, **ends)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grid = read_nrrd_volume(path).grid
    assert [said in str(w.message) for w in caught if said] == ([True] if said else [])
    assert grid.spacing_xyz_mm == pytest.approx(spacing)
    assert grid.origin_xyz_mm == pytest.approx(first)
    other = put(tmp_path / "y.nrrd", space_directions="", space_origin="", centers="cell cell cell", spacings="2 3 5", **ends)
    with pytest.raises(InputError, match="axis mins"):
        read_nrrd_volume(other, labels=True)


@pytest.mark.parametrize("ends", [{"axis_mins": "0 0 9"}, {"axis_mins": "0 0 x"}, {"centers": "cell cell middle"}])
def test_ends_of_axes_that_cannot_be_meant_are_refused(tmp_path: Path, ends: dict[str, str]) -> None:
    said = {"axis_mins": "0 0 0", "axis_maxs": "8 9 8", "centers": "cell cell cell"} | ends
    with pytest.raises(InputError):
        read_nrrd_volume(put(tmp_path / "x.nrrd", space_directions="", space_origin="", space="LPS", **said))
