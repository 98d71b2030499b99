"""How a kind of file or folder is recognised: by its first bytes or by the names in it, and only then by its own name."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ifssnet.core.errors import InputError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""The first bytes of a text in UTF-16."""

GZIP = b"\x1f\x8b"
"""The first bytes of a file that gzip compressed."""

_PACKED = {
    GZIP: "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
"""The first bytes of files that something else was packed into, and what packed it."""

_START_BYTES = 1 << 16
_INFLATED_BYTES = 1024
_ANY_ZLIB = 47


@dataclass(frozen=True)
class FileStart:
    """The first bytes of a file.

    Attributes:
        path: The file.
        content: Its first bytes, inflated where gzip compressed them; empty where they cannot be read.
        packed: What packed the file as a whole ("gzip", "zip"), as its first bytes say; empty where nothing did.
    """

    path: Path
    content: bytes
    packed: str = ""

    @cached_property
    def text(self) -> bytes:
        """The first bytes as UTF-8 without mark and leading blanks; empty where they hold a NUL, as text does not."""
        content = plain_start(self.content)
        return b"" if b"\0" in content else content.lstrip(b"\xef\xbb\xbf \t\r\n")


@dataclass(frozen=True)
class FolderListing:
    """The files that lie directly in a folder, hidden ones left out.

    Attributes:
        path: The folder.
        files: Its files, by name.
    """

    path: Path
    files: tuple[Path, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The files' names."""
        return frozenset(file.name for file in self.files)

    @cached_property
    def suffixes(self) -> frozenset[str]:
        """The files' suffixes, in lower case."""
        return frozenset(file.suffix.lower() for file in self.files)


@dataclass(frozen=True)
class Kind:
    """A kind of file or folder.

    Attributes:
        name: One word, as `ifss info --json` prints it.
        words: What such a file is, as a noun phrase with its article.
        recognises: Whether the first bytes of a file say that it is one; None for folders, and where bytes say nothing.
        recognises_folder: Whether the files in a folder say that it is one; None for files.
        suffixes: Names that end so stand for this kind where the bytes of a file say nothing.
        packed_by: What a file of this kind may be packed by as a whole, and is read all the same.
    """

    name: str
    words: str
    recognises: Callable[[FileStart], bool] | None = None
    recognises_folder: Callable[[FolderListing], bool] | None = None
    suffixes: tuple[str, ...] = ()
    packed_by: tuple[str, ...] = ()


def plain_start(content: bytes) -> bytes:
    """The first bytes of a file, as UTF-8 where its mark says UTF-16; the last character may be cut off."""
    return content.decode("utf-16", "ignore").encode() if content.startswith(UTF_16) else content


def start_of(path: Path) -> FileStart:
    """The first bytes of a file, which must be there."""
    packed = ""
    try:
        with path.open("rb") as stream:
            content = stream.read(_START_BYTES)
        packed = next((name for mark, name in _PACKED.items() if content.startswith(mark)), "")
        if content.startswith(GZIP):
            content = zlib.decompressobj(_ANY_ZLIB).decompress(content, _INFLATED_BYTES)
    except (OSError, zlib.error):
        content = b""
    return FileStart(path, content, packed)


def listing_of(folder: Path) -> FolderListing:
    """The files of a folder.

    Raises:
        InputError: It cannot be read.
    """
    return FolderListing(folder, tuple(entry for entry in entries_of(folder) if entry.is_file()))


def entries_of(folder: Path) -> tuple[Path, ...]:
    """The files and folders in a folder by name, hidden ones left out.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return tuple(sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")))
    except OSError as error:
        raise InputError(f"a folder {folder} that can be read", f"'{error}'", "Check its permissions.") from error
