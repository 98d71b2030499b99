from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ifssnet.core.errors import InputError
from ifssnet.io.storage.atomic import _move_all, atomic_folder, atomic_path, atomic_paths


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_there_until_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "leg é.seg.nrrd"
    with atomic_path(target) as partial:
        assert partial.parent == tmp_path
        assert partial.name.endswith(".seg.nrrd")
        partial.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert names(tmp_path) == [target.name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_goes_wrong_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "x.mha"
    target.write_bytes(b"old")

    def fail() -> None:
        with atomic_path(target, force=True) as partial:
            partial.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["x.mha"]


def test_an_existing_target_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "x.mha"
    target.write_bytes(b"old")
    with pytest.raises(InputError, match="--force"), atomic_path(target):
        pass
    with atomic_path(target, force=True) as partial:
        partial.write_bytes(b"new")
    assert target.read_bytes() == b"new"


def test_of_two_files_none_comes_into_place_when_the_second_is_missing(tmp_path: Path) -> None:
    first, second = tmp_path / "x.json", tmp_path / "x.nii.gz"
    first.write_bytes(b"old names")
    with pytest.raises(InputError), atomic_paths([first, second], force=True) as (a, _):
        a.write_bytes(b"new names")
    assert first.read_bytes() == b"old names"
    assert names(tmp_path) == ["x.json"]


def test_when_the_second_move_fails_the_first_is_taken_back(tmp_path: Path) -> None:
    first, second, new, gone = (tmp_path / name for name in ("x.json", "x.nii.gz", "new", "gone"))
    for path in (first, second):
        path.write_bytes(b"old")
    new.write_bytes(b"new")
    with pytest.raises(FileNotFoundError):
        _move_all([new, gone], [first, second])
    assert first.read_bytes() == second.read_bytes() == b"old"
    assert names(tmp_path) == ["x.json", "x.nii.gz"]


@pytest.mark.parametrize("place", ["missing/x.mha", "file/x.mha"])
def test_a_folder_that_is_none_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="folder"), atomic_path(tmp_path / place):
        pass


@pytest.mark.posix
def test_what_is_flushed_to_the_disk_is_open_for_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to flush a file that is open for reading only."""
    import fcntl

    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: modes.append(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE))
    with atomic_path(tmp_path / "x.mha") as partial:
        partial.write_bytes(b"x")
    assert modes == [os.O_RDWR]


@pytest.mark.posix
def test_a_folder_or_a_device_is_no_target(tmp_path: Path) -> None:
    for target in (tmp_path, Path("/dev/null")):
        with pytest.raises(InputError), atomic_path(target, force=True):
            pass
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a file system that nobody may write to")
def test_a_place_that_nobody_may_write_to_is_told() -> None:
    with pytest.raises(InputError, match="unchanged"), atomic_path(Path("/sys/kernel/x.mha")) as partial:
        partial.write_bytes(b"x")


@pytest.mark.posix
def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real.mha", tmp_path / "link.mha"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with atomic_path(link, force=True) as partial:
        partial.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


FULL_DISK = """
import resource, sys, warnings
from pathlib import Path
import numpy as np
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.save import save
array = np.random.default_rng(0).integers(0, 255, (20, 64, 64), dtype=np.uint8)
grid = Grid(array.shape)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
for suffix in (".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz", ".seg.nrrd"):
    labels = LabelMap(array, grid, {1: "SOL"})
    for thing in (labels, Volume(array, grid)):
        try:
            save(thing, Path(sys.argv[1]) / f"x{suffix}")
        except InputError as error:
            assert suffix == ".seg.nrrd" or "x" in error.expected, error
        else:
            raise SystemExit(f"{suffix} was written")
"""


@pytest.mark.posix
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of files stands for the disk: writing stops midway in the same place.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert names(tmp_path) == []


def test_a_folder_comes_whole_and_goes_only_for_its_like(tmp_path: Path) -> None:
    target = tmp_path / "masks"
    with atomic_folder(target) as partial:
        (partial / "a.png").write_bytes(b"1")
        assert not target.exists()
    with pytest.raises(InputError, match="--force"), atomic_folder(target):
        pass
    with atomic_folder(target, force=True) as partial:
        (partial / "b.png").write_bytes(b"2")
    assert names(target) == ["b.png"]
    (target / "thesis.tex").write_bytes(b"years")
    with pytest.raises(InputError, match="thesis"), atomic_folder(target, force=True) as partial:
        (partial / "c.png").write_bytes(b"3")
    assert names(target) == ["b.png", "thesis.tex"]
    with pytest.raises(RuntimeError), atomic_folder(target, force=True) as partial:
        raise RuntimeError
    assert names(tmp_path) == ["masks"]
