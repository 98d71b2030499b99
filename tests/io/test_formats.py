"""The table of formats: what a file says of itself decides, and every format that a room describes is on the table."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import pkgutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ifssnet.io
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.sweep import Sweep
from ifssnet.io.kinds import FORMATS, KINDS, format_of, kind
from ifssnet.io.recognition import Kind
from ifssnet.io.save import SUFFIXES, WRITERS, save, save_sweep
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.volumes.volume_format import CaseFolder, VolumeFormat

LABELS = LabelMap(np.eye(4, 5, dtype=np.uint8)[None].repeat(3, axis=0), Grid((3, 4, 5)), {1: "SOL"})
SWEEP = Sweep(
    frames=np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    image_to_world=np.stack([np.eye(4), np.eye(4)]),
    timestamps_s=np.array([0.0, 0.1]),
    pixel_spacing_uv_mm=(1.0, 1.0),
    valid=np.array([True, True]),
)


def test_every_format_that_a_module_describes_is_on_the_table_once() -> None:
    described: list[object] = []
    for module in pkgutil.walk_packages(ifssnet.io.__path__, "ifssnet.io."):
        found = vars(importlib.import_module(module.name)).values()
        described += [each for each in found if isinstance(each, VolumeFormat | CaseFolder | SweepFormat | Kind)]
    assert {id(each) for each in described} == {id(each) for each in FORMATS}
    assert len(KINDS) == len(FORMATS)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_written_file_is_recognised_under_any_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    save(LABELS, path)
    strange = path.rename(tmp_path / "strange.xyz")
    found = format_of(strange)
    assert isinstance(found, VolumeFormat)
    assert WRITERS[suffix] in found.writers


@pytest.mark.parametrize(
    ("each", "suffix"), [(each, suffix) for each in FORMATS if isinstance(each, SweepFormat) for suffix in each.writers]
)
def test_a_written_sweep_is_recognised_under_any_name(tmp_path: Path, each: SweepFormat, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    save_sweep(SWEEP, path)
    strange = path.rename(tmp_path / "strange.xyz")
    assert format_of(strange) is each


def test_longer_suffixes_are_tried_before_those_that_they_end_in() -> None:
    for i, suffix in enumerate(SUFFIXES):
        assert not any(later.endswith(suffix) for later in SUFFIXES[i + 1 :])


def test_a_file_that_says_nothing_is_what_its_name_says(tmp_path: Path) -> None:
    suffixes = {suffix: kind(each).name for each in FORMATS for suffix in kind(each).suffixes}
    assert set(suffixes) >= {".mha", ".nii.gz", ".nrrd", ".dcm", ".sw", ".sxi", ".stl", ".json", ".xml"}
    for suffix, name in suffixes.items():
        (tmp_path / f"x{suffix}").write_bytes(b"\0\1\2\3")
        with warnings.catch_warnings():
            warnings.simplefilter("error", InputWarning)
            assert kind(format_of(tmp_path / f"x{suffix}")).name == name


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_refused_by_what_packed_it(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    """NIfTI alone may be packed by gzip; whatever the name says, nobody hears of a broken header."""
    save(LABELS, tmp_path / f"x{suffix}")
    packed = tmp_path / f"x{suffix}.packed"
    packed.write_bytes(pack((tmp_path / f"x{suffix}").read_bytes()))
    if suffix == ".nii" and pack is gzip.compress:
        assert kind(format_of(packed)).name == "nifti"
        return
    if suffix == ".nii.gz" and pack is gzip.compress:
        return
    with pytest.raises(InputError, match=r"(gzip|bzip2|xz) packed as a whole"):
        format_of(packed)


def test_an_archive_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "leg.nrrd", "w") as archive:
        archive.writestr("leg.nrrd", "NRRD0005")
    with pytest.raises(InputError, match="zip packed as a whole"):
        format_of(tmp_path / "leg.nrrd")


def test_a_name_of_a_dicom_object_says_which_command_writes_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ifss convert leg\.seg\.nrrd leg\.dcm"):
        save(LabelMap(np.ones((2, 2, 2), np.uint8), Grid((2, 2, 2), (1.0, 1.0, 1.0)), {1: "SOL"}), tmp_path / "leg.dcm")
