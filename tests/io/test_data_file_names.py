"""Names of data files that look like patterns and lists: a file of that very name comes first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.cli.main import main
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.open import open_volume
from ifssnet.io.save import save

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def headers(folder: Path, data_file: str) -> tuple[Path, Path]:
    nhdr, mhd = folder / "a.nhdr", folder / "a.mhd"
    lines = "NRRD0005\ntype: uint8\ndimension: 3\nsizes: 4 3 2\nencoding: raw\nspace: LPS\nspacings: 1 1 1\n"
    nhdr.write_text(f"{lines}data file: {data_file}\n", encoding="utf-8")
    lines = "NDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR\nElementSpacing = 1 1 1\n"
    mhd.write_text(f"{lines}ElementDataFile = {data_file}\n", encoding="utf-8")
    return nhdr, mhd


@pytest.mark.parametrize(
    "name",
    [
        "gain 50% r1.raw",
        "50%d 1 2.raw",
        "list of legs.raw",
        "LIST",
        "LIST 2",
        "s%02d.raw 1 2 1",
        "größer – 左.raw",
        "%",
        " a.raw",
        "a b .raw",
    ],
)
def test_a_file_of_that_very_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PIXELS.tobytes())
    for header in headers(tmp_path, name):
        assert (open_volume(header).array == PIXELS).all()


def test_patterns_and_lists_without_such_a_file(tmp_path: Path) -> None:
    for i, plane in enumerate(PIXELS, start=1):
        (tmp_path / f"s{i:02d}.raw").write_bytes(plane.tobytes())
    for name in ("s%02d.raw 1 2 1", "LIST\ns01.raw\n.\\s02.raw"):
        for header in headers(tmp_path, name):
            assert (open_volume(header).array == PIXELS).all()
    for header in headers(tmp_path, "s%02d.raw 2 1 -1"):
        assert (open_volume(header).array == PIXELS[::-1]).all()
    for header in headers(tmp_path, "LIST\nC:\\x\\s01.raw\nC:\\x\\s02.raw"):
        with pytest.warns(InputWarning, match="leads elsewhere") as said:
            assert (open_volume(header).array == PIXELS).all()
        assert len(said) == 1
    for header in headers(tmp_path, "s%02d.raw 1 1 1"):
        with pytest.raises(InputError, match="2 data files"):
            open_volume(header)
    for header in headers(tmp_path, "list of legs.raw"):
        with pytest.raises(InputError):
            open_volume(header)


@pytest.mark.parametrize("name", ["C:\\Users\\me\\Bein ä.raw", "/home/me/Bein ä.raw", "../raw/Bein ä.raw"])
def test_a_path_of_another_computer_is_the_file_beside_and_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "Bein ä.raw").write_bytes(PIXELS.tobytes())
    for header in headers(tmp_path, name):
        with pytest.warns(InputWarning, match="leads elsewhere; Bein ä.raw beside it was taken"):
            assert (open_volume(header).array == PIXELS).all()
    (tmp_path / "Bein ä.raw").unlink()
    for header in headers(tmp_path, name):
        with pytest.raises(InputError, match="leads elsewhere"):
            open_volume(header)


@pytest.mark.parametrize("name", ["sub\\x.raw", ".\\sub\\x.raw", '"sub/x.raw"', "sub/X.RAW"])
def test_backslashes_quotes_and_capitals_are_taken_as_meant(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.raw").write_bytes(PIXELS.tobytes())
    for header in headers(tmp_path, name):
        assert (open_volume(header).array == PIXELS).all()


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_other_capitals_change_nothing(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "x.raw").write_bytes(PIXELS.tobytes())
    for header in headers(tmp_path, "x.raw"):
        text = header.read_bytes().replace(b"ElementSpacing", b"elementspacing").replace(b"1 1 1", b"1 1 2")
        header.write_bytes(mark + text.replace(b"\n", b"\r\n"))
        found = open_volume(header)
        assert (found.array == PIXELS).all()
        assert found.grid.spacing_xyz_mm == (1.0, 1.0, 2.0)
        assert not any("\ufeff" in key for key in found.header)


def test_a_file_whose_name_begins_with_a_dash_is_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(Volume(PIXELS, Grid(PIXELS.shape)), tmp_path / "-leg.nrrd")
    for words, code in ((["info", "-leg.nrrd", "-q"], 0), (["info", "-other.nrrd"], 2)):
        with pytest.raises(SystemExit) as stop:
            main(words)
        assert (stop.value.code or 0) == code
