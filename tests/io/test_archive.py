from __future__ import annotations

import shutil
import stat
import struct
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_server import zipped
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.io.transfer.archive import Unpacked, UnpackLimits, unpack

NOISE = np.random.default_rng(2).bytes(50_000)


def wanted(name: str) -> PurePosixPath | None:
    return PurePosixPath(name) if name.endswith(".bin") else None


def unpacked(tmp_path: Path, data: bytes, limits: UnpackLimits | None = None) -> Unpacked:
    archive, folder = tmp_path / "a.zip", tmp_path / "in" / "place"
    archive.write_bytes(data)
    folder.mkdir(parents=True, exist_ok=True)
    return drain(unpack(archive, folder, wanted, folder / ".staging", limits))


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def assert_refused(tmp_path: Path, data: bytes, match: str, limits: UnpackLimits | None = None) -> None:
    with pytest.raises(InputError, match=match):
        unpacked(tmp_path, data, limits)
    assert names_in(tmp_path) == ["a.zip"]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_wanted_members_arrive_and_others_are_counted(tmp_path: Path) -> None:
    found = unpacked(tmp_path, zipped({"a/": b"", "a/one.bin": NOISE, "two.bin": b"2", "readme.txt": b"no"}))
    assert found == Unpacked({"a/one.bin": len(NOISE), "two.bin": 1}, ("readme.txt",))
    assert names_in(tmp_path / "in") == ["place/a/one.bin", "place/two.bin"]
    assert (tmp_path / "in/place/a/one.bin").read_bytes() == NOISE
    assert not (tmp_path / "in/place/.staging").exists()


def test_progress_counts_inflated_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"one.bin": NOISE, "two.bin": b"2"}))
    heard: list[Progress] = []
    drain(unpack(tmp_path / "a.zip", tmp_path, wanted, tmp_path / ".staging"), heard.append)
    assert heard[-1] == Progress("unpacking a.zip", len(NOISE) + 1, len(NOISE) + 1)
    assert [progress.done for progress in heard] == sorted(progress.done for progress in heard)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.bin",
        "a/../../evil.bin",
        "/evil.bin",
        "//evil.bin",
        "C:/evil.bin",
        "c:evil.bin",
        "a\\..\\evil.bin",
        "a//evil.bin",
    ],
)
@pytest.mark.parametrize("suffix", ["", ".txt"])
def test_names_that_lead_outside_refuse_the_archive_even_if_unwanted(tmp_path: Path, name: str, suffix: str) -> None:
    assert_refused(tmp_path, zipped({"good.bin": b"1", name + suffix: b"2"}), "evil")


def test_name_cut_at_a_nul_is_refused(tmp_path: Path) -> None:
    data = zipped({"good.binXevil": b"1"}).replace(b"good.binXevil", b"good.bin\0evil")
    assert_refused(tmp_path, data, "evil|zip archive")


def test_link_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, zipped([(link("a.bin"), b"/etc/passwd")]), "link")
    assert_refused(tmp_path, zipped([(link("a"), b"/tmp"), ("a/one.bin", b"1")]), "link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a/one.bin", "A/ONE.bin"])
def test_duplicated_names_are_refused(tmp_path: Path, second: str) -> None:
    assert_refused(tmp_path, zipped([("a/one.bin", b"1"), (second, b"2")]), "two entries")


def test_two_members_for_one_place_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a/one.bin": b"1", "b/one.bin": b"2"}))
    with pytest.raises(InputError, match="b/one"):
        drain(unpack(tmp_path / "a.zip", tmp_path, lambda name: PurePosixPath("one.bin"), tmp_path / ".staging"))


def test_bombs_are_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    bomb = zipped({"zeros.bin": bytes(3_000_000)})
    assert_refused(tmp_path, bomb, "200 times")
    assert_refused(tmp_path, bomb, "at most 1,000,000 bytes", UnpackLimits(total_bytes=1_000_000))
    assert_refused(tmp_path, zipped({f"{i}.txt": b"" for i in range(6)}), "6 entries", UnpackLimits(entries=5))


def test_sizes_that_lie_are_found_while_writing(tmp_path: Path) -> None:
    """Both headers claim ten bytes of a member that inflates to a hundred thousand."""
    data, real = zipped({"one.bin": NOISE + NOISE}), struct.pack("<L", 100_000)
    assert data.count(real) == 2
    assert_refused(tmp_path, data.replace(real, struct.pack("<L", 10)), "read to its end")
    assert_refused(tmp_path, data.replace(real, struct.pack("<L", 200_000)), "100,000 when unpacked|read to its end")


def test_flipped_byte_leaves_nothing(tmp_path: Path) -> None:
    data = bytearray(zipped({"first.bin": b"1", "one.bin": NOISE}))
    data[len(data) // 2] ^= 0xFF
    assert_refused(tmp_path, bytes(data), "read to its end")


def test_encrypted_entry_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"one.bin": b"1"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert_refused(tmp_path, bytes(data), "encrypted")


def test_stopped_midway_nothing_is_in_place_and_the_next_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"one.bin": NOISE, "two.bin": NOISE[::-1]}))
    folder, staging = tmp_path / "place", tmp_path / "place" / ".staging"
    folder.mkdir()

    def interrupt(progress: Progress) -> None:
        if progress.done > len(NOISE):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(unpack(tmp_path / "a.zip", folder, wanted, staging), interrupt)
    assert names_in(folder) == [".staging/one.bin", ".staging/two.bin.partial"]
    (staging / "two.bin").write_bytes(NOISE)  # as long as the right one, and damaged
    drain(unpack(tmp_path / "a.zip", folder, wanted, staging))
    assert names_in(folder) == ["one.bin", "two.bin"]
    assert (folder / "two.bin").read_bytes() == NOISE[::-1]


def test_killed_while_moving_into_place_the_next_run_goes_on(tmp_path: Path) -> None:
    data = zipped({"a/one.bin": NOISE, "a/two.bin": b"2"})
    unpacked(tmp_path, data)
    folder = tmp_path / "in" / "place"
    (folder / ".staging" / "a").mkdir(parents=True)
    shutil.move(folder / "a" / "two.bin", folder / ".staging" / "a" / "two.bin")
    unpacked(tmp_path, data)
    assert names_in(folder) == ["a/one.bin", "a/two.bin"]


def test_other_content_in_place_is_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "place"
    folder.mkdir(parents=True)
    (folder / "one.bin").write_bytes(b"mine")
    with pytest.raises(InputError, match="not overwritten"):
        unpacked(tmp_path, zipped({"one.bin": b"your", "two.bin": b"2"}))
    assert names_in(folder) == ["one.bin"]
    assert (folder / "one.bin").read_bytes() == b"mine"


@pytest.mark.posix
def test_folder_in_place_that_links_elsewhere_is_refused(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "in" / "place", tmp_path / "elsewhere"
    folder.mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "a").symlink_to(elsewhere)
    with pytest.raises(InputError, match="link to elsewhere"):
        unpacked(tmp_path, zipped({"a/one.bin": b"1"}))
    assert not list(elsewhere.iterdir())


GOOD = zipped({"a/one.bin": b"1" * 100, "two.bin": NOISE[:50]})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD)), st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4))
def test_damaged_archives_raise_only_input_errors(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(GOOD)
    for place, value in flips:
        data[place] = value
    folder = tmp_path_factory.mktemp("damaged")
    try:
        unpacked(folder, bytes(data[: cut or None]))
    except InputError:
        assert names_in(folder) == ["a.zip"]
