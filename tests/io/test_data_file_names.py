"""Names of data files that look like patterns and lists: a file of that very name comes first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.io.open import open_volume

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def headers(folder: Path, data_file: str) -> tuple[Path, Path]:
    nhdr, mhd = folder / "a.nhdr", folder / "a.mhd"
    lines = "NRRD0005\ntype: uint8\ndimension: 3\nsizes: 4 3 2\nencoding: raw\nspace: LPS\nspacings: 1 1 1\n"
    nhdr.write_text(f"{lines}data file: {data_file}\n", encoding="utf-8")
    lines = "NDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR\nElementSpacing = 1 1 1\n"
    mhd.write_text(f"{lines}ElementDataFile = {data_file}\n", encoding="utf-8")
    return nhdr, mhd


@pytest.mark.parametrize(
    "name", ["gain 50% r1.raw", "50%d 1 2.raw", "list of legs.raw", "LIST", "LIST 2", "s%02d.raw 1 2 1", "größer – 左.raw", "%"]
)
def test_a_file_of_that_very_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PIXELS.tobytes())
    for header in headers(tmp_path, name):
        assert (open_volume(header).array == PIXELS).all()


def test_patterns_and_lists_without_such_a_file(tmp_path: Path) -> None:
    for i, plane in enumerate(PIXELS, start=1):
        (tmp_path / f"s{i:02d}.raw").write_bytes(plane.tobytes())
    nhdr, mhd = headers(tmp_path, "s%02d.raw 1 2 1")
    assert (open_volume(mhd).array == PIXELS).all()
    with pytest.raises(InputError, match="one data file"):
        open_volume(nhdr)
    for header in headers(tmp_path, "list of legs.raw"):
        with pytest.raises(InputError):
            open_volume(header)
