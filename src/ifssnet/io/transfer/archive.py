"""Unpack a zip archive that came from elsewhere: only what is wanted, nowhere but inside one folder, no more than agreed.

First every entry's name and declared size is looked at, and one bad entry refuses the whole archive before a byte is
written. Then the wanted members are inflated into a staging folder, each counted while it is written and checked
against its CRC. Last, when all of them are whole, they are moved into place. A kill at any moment leaves either a
staging folder, from which the next run goes on, or files in place that are whole.
"""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress

BLOCK_BYTES = 1 << 20
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may grow to.

    Attributes:
        entries: Entries in all, folders and unwanted ones included.
        total_bytes: Inflated size of the wanted members together.
        ratio: Inflated size of the wanted members over the archive's own. Label maps alone deflate by several hundred,
            volumes by about three, so together they stay far below; a bomb of zeros reaches a thousand.
    """

    entries: int = 20_000
    total_bytes: int = 200 * 2**30
    ratio: float = 200.0


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive.

    Attributes:
        sizes: Size in bytes of every file, by its path relative to the folder.
        ignored: Names of entries that were not wanted and not written, folders left out.
    """

    sizes: dict[str, int]
    ignored: tuple[str, ...]


def unpack(
    archive: Path,
    folder: Path,
    wanted: Callable[[str], PurePosixPath | None],
    staging: Path,
    limits: UnpackLimits | None = None,
) -> Generator[Progress, None, Unpacked]:
    """Unpack the wanted members of a zip archive into a folder.

    A file that is in place already with the same content stays; one with other content is never overwritten.

    Args:
        archive: The zip file.
        folder: Where the members go.
        wanted: Takes an entry's name to its path relative to `folder`, or to None when it is to be ignored.
        staging: A folder on the same disk for members on their way; gone afterwards.
        limits: What the archive may grow to.

    Yields:
        Bytes inflated of bytes in all.

    Raises:
        InputError: Not a zip archive or a damaged one, an entry that would land outside the folder (absolute, "..",
            drive letter, backslash, link), duplicated entries, an archive beyond the limits or the disk, or a file of
            that name with other content in place.
    """
    limits = limits or UnpackLimits()
    with _readable(archive), zipfile.ZipFile(archive) as opened:
        members, ignored = _choose(archive, opened.infolist(), wanted, limits)
        total = sum(info.file_size for info in members.values())
        _refuse_bomb(archive, total, limits)
        missing = [path for path in members if not (folder / path).exists() and not (staging / path).exists()]
        _refuse_small_disk(folder, sum(members[path].file_size for path in missing))
        done, to_move = 0, list[PurePosixPath]()
        try:
            for path, info in members.items():
                in_place, staged = folder / path, staging / path
                if in_place.exists() or in_place.is_symlink():
                    _refuse_other_content(in_place, info)
                elif not (staged.exists() and staged.stat().st_size == info.file_size and _crc(staged) == info.CRC):
                    for written in _inflate(archive, opened, info, staged):
                        yield Progress(f"unpacking {archive.name}", done + written, total)
                to_move.append(path)
                done += info.file_size
                yield Progress(f"unpacking {archive.name}", done, total)
        except (InputError, OSError, *_BROKEN):
            shutil.rmtree(staging, ignore_errors=True)
            raise
    with _readable(archive):
        _move_into_place(to_move, staging, folder)
    return Unpacked({str(path): info.file_size for path, info in members.items()}, ignored)


def _choose(
    archive: Path,
    entries: list[zipfile.ZipInfo],
    wanted: Callable[[str], PurePosixPath | None],
    limits: UnpackLimits,
) -> tuple[dict[PurePosixPath, zipfile.ZipInfo], tuple[str, ...]]:
    """Members to write by where they go, and names of entries to ignore; one bad entry refuses the archive."""
    if len(entries) > limits.entries:
        raise _refused(archive, f"at most {limits.entries:,} entries", f"{len(entries):,} entries")
    members: dict[PurePosixPath, zipfile.ZipInfo] = {}
    names: set[str] = set()
    ignored: list[str] = []
    for info in entries:
        _refuse_bad_entry(archive, info)
        # As the most forgetful file system would compare them: without case, with composed accents.
        key = unicodedata.normalize("NFC", info.filename).casefold().rstrip("/")
        if key in names:
            raise _refused(archive, "entries with names of their own", f"two entries '{info.filename}'")
        names.add(key)
        path = None if info.is_dir() else wanted(info.filename)
        if path is None:
            if not info.is_dir():
                ignored.append(info.filename)
            continue
        if path in members:
            raise _refused(archive, f"one entry for {path}", f"'{members[path].filename}' and '{info.filename}'")
        members[path] = info
    return members, tuple(ignored)


def _refuse_bad_entry(archive: Path, info: zipfile.ZipInfo) -> None:
    # `filename` is what zipfile made of it (cut at a NUL, say); the name as it stands in the archive is what counts.
    name = info.orig_filename
    parts = name.rstrip("/").split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or re.match(r"[A-Za-z]:", name):
        raise _refused(archive, "entries with relative names", f"the entry {name!r}")
    if any(part in ("", ".", "..") for part in parts):
        raise _refused(archive, "entries that stay inside their folder", f"the entry {name!r}")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(archive, "plain files and folders only", f"a link or device '{name}'")
    if info.flag_bits & _ENCRYPTED:
        raise _refused(archive, "entries that are not encrypted", f"the encrypted entry '{name}'")


def _refuse_bomb(archive: Path, total: int, limits: UnpackLimits) -> None:
    if total > limits.total_bytes:
        raise _refused(archive, f"at most {limits.total_bytes:,} bytes when unpacked", f"{total:,} bytes")
    packed = archive.stat().st_size
    if total > limits.ratio * packed:
        received = f"{total:,} bytes out of {packed:,}"
        raise _refused(archive, f"at most {limits.ratio:g} times the archive's size when unpacked", received)


def _refuse_small_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{needed:,} bytes free on the disk of {folder} to unpack",
            f"{free:,} bytes",
            "Free the disk, or choose another folder; then run the same command again.",
        )


def _refuse_other_content(path: Path, info: zipfile.ZipInfo) -> None:
    if not path.is_file() or path.is_symlink() or path.stat().st_size != info.file_size or _crc(path) != info.CRC:
        raise InputError(
            f"{path} as it is in the archive, or nothing there",
            "something else of that name",
            "Move it elsewhere and run the same command again: it is not overwritten.",
        )


def _inflate(archive: Path, opened: zipfile.ZipFile, info: zipfile.ZipInfo, staged: Path) -> Iterator[int]:
    """Write one member and tell the bytes so far; the declared size holds, or the archive is refused."""
    staged.parent.mkdir(parents=True, exist_ok=True)
    partial = staged.with_name(staged.name + ".partial")
    written = 0
    with opened.open(info) as source, partial.open("wb") as sink:
        while block := source.read(BLOCK_BYTES):
            written += len(block)
            if written > info.file_size:
                raise _refused(archive, f"{info.file_size:,} bytes in '{info.filename}'", "more when unpacked")
            sink.write(block)
            yield written
    if written != info.file_size:
        raise _refused(archive, f"{info.file_size:,} bytes in '{info.filename}'", f"{written:,} when unpacked")
    partial.replace(staged)


def _move_into_place(paths: list[PurePosixPath], staging: Path, folder: Path) -> None:
    root = folder.resolve()
    for path in paths:
        staged, target = staging / path, folder / path
        if not staged.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(root):
            raise InputError(
                f"a folder inside {folder}", f"{target.parent}, a link to elsewhere", "Move the link away and start again."
            )
        staged.replace(target)
    shutil.rmtree(staging, ignore_errors=True)


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            crc = zlib.crc32(block, crc)
    return crc


_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # an encrypted entry
    ValueError,
    OverflowError,
)


@contextmanager
def _readable(archive: Path) -> Generator[None, None, None]:
    """Everything that a damaged archive or a disk makes zipfile raise, as one InputError."""
    try:
        yield
    except _BROKEN as error:
        raise _refused(archive, "a zip archive that can be read to its end", str(error) or type(error).__name__) from error
    except OSError as error:
        place = error.filename or archive
        raise InputError(
            f"{place} to be readable, and room to unpack it",
            f"'{error.strerror or error}'",
            "Free the disk or check the folder.",
        ) from error


def _refused(archive: Path, expected: str, received: str) -> InputError:
    return InputError(
        f"{archive.name} to hold {expected}", received, "Nothing of it was put in place. Remove this archive and fetch it anew."
    )
