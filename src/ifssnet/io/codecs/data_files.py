"""The files that a header names as holding its pixels: one, one a slice by a pattern, or one a slice in a list."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.header_text import decoded
from ifssnet.io.codecs.numbers import integers, shortened
from ifssnet.io.storage.existing_file import existing_file

_LONGEST_LINE = 1 << 20
_MOST_FILES = 10_000
_PATTERN = re.compile(r"^([^%]*)%(0?\d?)d([^%]*)$")


def companion(header: Path, name: str) -> Path:
    """The file that a header names as holding its pixels, which must lie in the header's folder or below.

    Where a path leads elsewhere, as it does on the computer that wrote the header, its last part counts if such a file
    lies beside the header, with a warning. Backslashes, quotes and other capitals are taken as they were meant.

    Raises:
        InputError: A name that leaves the header's folder, or no such file.
    """
    path, leaves = _companion(header, name, exact=False)
    if leaves:
        _say_elsewhere(header, name, path)
    return path


def names_many(header: Path, name: str) -> bool:
    """Whether a header names one file a slice: a pattern or a list, unless a file of that very name lies beside it."""
    words = name.split()
    return ((bool(words) and words[0].upper() == "LIST") or _is_pattern(name)) and not _names_a_file(header, name)


def files_of_slices(header: Path, name: str, stream: BinaryIO) -> tuple[Path, ...]:
    """The data files of `LIST`, one a line from where the stream stands, or of a pattern `name%03d.raw first last step`.

    Raises:
        InputError: Too many files, a pattern that cannot be read, or files that are not there.
    """
    names = _counted(header, name) if _is_pattern(name) else _listed(header, stream)
    found = [(each, *_companion(header, each, exact=True)) for each in names]
    for each, path, leaves in found:
        if leaves:
            _say_elsewhere(header, each, path)
            break
    return tuple(path for _, path, _ in found)


def _companion(header: Path, name: str, *, exact: bool) -> tuple[Path, bool]:
    """The file beside a header, and whether the header gives a path that leads elsewhere."""
    given = name.strip().strip('"')
    windows = PureWindowsPath(given)
    leaves = bool(windows.drive or windows.root or PurePosixPath(given).is_absolute() or ".." in windows.parts)
    there = None if not given or "\0" in given else file_there(header.parent, windows.name if leaves else given, exact=exact)
    if not given or "\0" in given or (leaves and there is None):
        raise InputError(
            f"a data file beside {header.name}",
            f"'{given[:80]}', which leads elsewhere",
            "Put the data file beside its header and name it there without a path.",
        )
    path = there or header.parent / given
    existing_file(path, f"the data file that {header.name} names")
    return path, leaves


def _say_elsewhere(header: Path, name: str, path: Path) -> None:
    what = f"{header.name} names the data file '{shortened(name)}', which leads elsewhere"
    warnings.warn(InputWarning(f"{what}; {path.name} beside it was taken."), stacklevel=4)


def file_there(folder: Path, name: str, *, exact: bool = False) -> Path | None:
    """A file by its name, whichever way its folders are set apart, or else the only one with other capitals or blanks around.

    Args:
        folder: Where it lies, or the folders above it do.
        name: Its name, which may have folders before it.
        exact: Whether capitals count; to look for many files otherwise would take a look at the folder for each.
    """
    for candidate in (folder / name, folder / PureWindowsPath(name).as_posix()):
        try:
            if candidate.is_file():
                return candidate
        except (OSError, ValueError):
            return None
    if exact:
        return None
    wanted = folder / PureWindowsPath(name).as_posix()
    try:
        named = wanted.name.strip().lower()
        alike = [each for each in wanted.parent.iterdir() if each.name.strip().lower() == named and each.is_file()]
    except OSError:
        return None
    return alike[0] if len(alike) == 1 else None


def _names_a_file(header: Path, name: str) -> bool:
    given = name.strip()
    if not given or "\0" in given or PurePosixPath(given).name != given or PureWindowsPath(given).name != given:
        return False
    try:
        return (header.parent / given).is_file()
    except (OSError, ValueError):
        return False


def _is_pattern(name: str) -> bool:
    return "%" in name and len(name.split()) > 2


def _listed(header: Path, stream: BinaryIO) -> Iterator[str]:
    for _ in range(_MOST_FILES):
        line = stream.readline(_LONGEST_LINE)
        if not line:
            return
        if line.strip():
            yield decoded(line)
    raise InputError(f"at most {_MOST_FILES:,} data files in {header.name}", "more", "Correct the list in the header.")


def _counted(header: Path, name: str) -> Iterator[str]:
    words = name.split()
    match = _PATTERN.match(words[0])
    if match is None:
        raise InputError(
            f"a pattern of data files such as slice%03d.raw in {header.name}", f"'{shortened(name)}'", "Correct it."
        )
    first, last, step = integers(" ".join([*words[1:4], "1"][:3]), 3, f"{words[0]}")
    if step == 0 or not 0 <= (last - first) * (1 if step > 0 else -1) < _MOST_FILES:
        raise InputError(
            f"data files counted from the first to the last in {header.name}",
            f"'{shortened(name)}'",
            "Correct first, last and step.",
        )
    before, width, after = match.groups()
    for i in range(first, last + (1 if step > 0 else -1), step):
        number = str(i).rjust(int(width or 0), "0" if width.startswith("0") else " ")
        yield f"{before}{number}{after}"
