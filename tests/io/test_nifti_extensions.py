from __future__ import annotations

import struct
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.nifti_extensions import LARGEST_CARRIED, extensions_of, header_lines

VOLUME = Volume(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), Grid((2, 3, 4), (1.0, 1.0, 2.0)), {"Ours": "é"})
FOREIGN = [(4, b"<AFNI_attributes>\xff\xfe</AFNI_attributes>"), (6, b"a comment of another program"), (44, bytes(range(256)))]


def with_extensions(path: Path, extensions: list[tuple[int, bytes]]) -> Path:
    image = nib.nifti1.Nifti1Image(np.transpose(VOLUME.array), np.eye(4))
    for code, content in extensions:
        image.header.extensions.append(nib.nifti1.Nifti1Extension(code, content))
    nib.save(image, path)
    return path


def extensions_in(path: Path) -> list[tuple[int, bytes]]:
    return [
        (each.get_code(), bytes(each.content).rstrip(b"\0")) for each in nib.nifti1.Nifti1Image.load(path).header.extensions
    ]


@pytest.mark.parametrize("between", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_those_of_other_programs_are_carried_along(tmp_path: Path, between: str) -> None:
    first = open_volume(with_extensions(tmp_path / "foreign.nii.gz", FOREIGN))
    save(first, tmp_path / f"between{between}")
    save(open_volume(tmp_path / f"between{between}"), tmp_path / "last.nii")
    assert [each for each in extensions_in(tmp_path / "last.nii") if each[1][:8] != b'{"ifss_h'] == FOREIGN


def test_our_lines_stand_beside_them(tmp_path: Path) -> None:
    foreign = open_volume(with_extensions(tmp_path / "foreign.nii", FOREIGN)).header
    save(Volume(VOLUME.array, VOLUME.grid, {**VOLUME.header, **foreign}), tmp_path / "both.nii.gz")
    read = open_volume(tmp_path / "both.nii.gz")
    assert read.header["Ours"] == "é"
    assert len(extensions_in(tmp_path / "both.nii.gz")) == 4
    labels = open_labels(tmp_path / "both.nii.gz")
    assert labels.header.items() >= foreign.items()


@pytest.mark.parametrize(("extensions", "words"), [([(40, bytes(LARGEST_CARRIED + 1))], r"code 40 \(524,\d+ bytes\)")])
def test_what_is_too_large_is_said(tmp_path: Path, extensions: list[tuple[int, bytes]], words: str) -> None:
    with pytest.warns(InputWarning, match=words):
        read = open_volume(with_extensions(tmp_path / "large.nii", [*extensions, FOREIGN[0]]))
    assert [key for key in read.header if "extension" in key] == ["nifti_extension_1"]


def test_a_damaged_one_is_said_and_the_image_read() -> None:
    damaged = bytes(4) + b"\1\0\0\0" + struct.pack("<2i", 16, 4) + b"whole   " + struct.pack("<2i", 4096, 4) + b"cut"
    with pytest.warns(InputWarning, match="said to have 4,096 bytes, of 11"):
        assert list(header_lines(damaged, 4, "<", "leg.nii")) == ["nifti_extension_0"]
    with pytest.warns(InputWarning, match="said to have -3 bytes"):
        header_lines(b"\1\0\0\0" + struct.pack(">2i", -3, 4), 0, ">", "leg.nii")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1).filter(lambda code: code != 6), st.binary(max_size=200)), max_size=5)
)
def test_any_content_comes_back(extensions: list[tuple[int, bytes]]) -> None:
    packed = b"\1\0\0\0"
    for code, content in extensions:
        filled = content + bytes(-(len(content) + 8) % 16)
        packed += struct.pack("<2i", len(filled) + 8, code) + filled
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines = header_lines(packed, 0, "<", "leg.nii")
    tables = sum(b"<LabelTable" in content for _, content in extensions)
    assert len(lines) == len(extensions) - tables
    assert b"\1\0\0\0" + extensions_of(lines, ()) == packed


def test_lines_that_are_none_stay_lines() -> None:
    for value in ("", "x AAAA", "44 no base 64!", f"{2**40} AAAA"):
        assert b"ifss_header" in extensions_of({"nifti_extension_0": value}, ())
