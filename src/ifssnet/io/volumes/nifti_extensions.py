"""Extensions of a NIfTI header: our header lines, tables of labels, and those of other programs, which are carried along.

An extension is its size, a code that says whose it is, and bytes that nobody else understands. Header lines that NIfTI has
no field for travel as JSON in a comment (code 6).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import warnings
from collections.abc import Iterator, Mapping

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.storage.plain_files import parse_json, table_of
from ifssnet.io.volumes.label_names import HEADER_KEY as LABELS_KEY
from ifssnet.io.volumes.label_tables import table_in_extension

FOREIGN_KEY = re.compile(r"^nifti_extension_\d{1,3}$")
"""Header lines that hold another program's extension: its code, and its bytes in base64."""

LARGEST_CARRIED = 1 << 19
"""Bytes of an extension that still fit into one header line of every format that we write."""

MOST_CARRIED = 50
_COMMENT = 6
_HEADER_KEY = "ifss_header"
_LEAST_BYTES = 16


def header_lines(prefix: bytes, at: int, order: str, where: str) -> dict[str, str]:
    """The header lines that extensions hold: ours, names of labels out of a table, and other extensions as they are.

    What cannot be carried along is said.

    Args:
        prefix: The file up to its pixels.
        at: Where the header ends.
        order: The header's byte order, `<` or `>`.
        where: What the file is called in a remark.
    """
    found: dict[str, str] = {}
    foreign: list[tuple[int, bytes]] = []
    for code, content in _extensions(prefix, at, order, where):
        if code == _COMMENT and (ours := _our_lines(content)) is not None:
            found |= ours
        elif (table := table_in_extension(content)) is not None:
            found.setdefault(LABELS_KEY, table)
        else:
            foreign.append((code, content))
    for number, (code, content) in enumerate(foreign):
        if len(content) > LARGEST_CARRIED or number >= MOST_CARRIED:
            _say_dropped(where, f"of code {code} ({len(content):,} bytes)")
        else:
            found[f"nifti_extension_{number}"] = f"{code} {base64.b64encode(content).decode('ascii')}"
    return found


def extensions_of(header: Mapping[str, str], texts: tuple[str, ...]) -> bytes:
    """The extensions to write: one of ours with all header lines, then those of other programs.

    Args:
        header: Header lines.
        texts: Names of the header's own fields, which hold their lines (`nifti_descrip` ...).
    """
    own = {f"nifti_{name}" for name in texts}
    foreign = {key: read for key, value in header.items() if FOREIGN_KEY.match(key) and (read := _foreign(value)) is not None}
    lines = {key: value for key, value in header.items() if key not in own and key not in foreign}
    written = b"" if not lines else _extension(_COMMENT, json.dumps({_HEADER_KEY: lines}).encode("ascii"))
    return written + b"".join(_extension(code, content) for code, content in foreign.values())


def _extensions(prefix: bytes, at: int, order: str, where: str) -> Iterator[tuple[int, bytes]]:
    if prefix[at : at + 1] in (b"", b"\0"):
        return
    at += 4
    while at + 8 <= len(prefix):
        size, code = struct.unpack(f"{order}2i", prefix[at : at + 8])
        if size == 0 and not prefix[at:].strip(b"\0"):
            return
        if size < _LEAST_BYTES or at + size > len(prefix):
            _say_dropped(where, f"that is said to have {size:,} bytes, of {len(prefix) - at:,} that there are")
            return
        yield code, prefix[at + 8 : at + size]
        at += size


def _say_dropped(where: str, which: str) -> None:
    what = f"{where}: a header extension {which} is left out; the image is whole, and what is written from it has no such part."
    warnings.warn(InputWarning(what), stacklevel=5)


def _our_lines(comment: bytes) -> dict[str, str] | None:
    """Header lines out of a comment that `extensions_of` wrote; None out of somebody else's."""
    try:
        data = parse_json(comment.rstrip(b"\0").decode("ascii"), "header lines", "a comment")
        lines = table_of(table_of(data, "a comment").get(_HEADER_KEY), "a comment")
    except (InputError, UnicodeDecodeError):
        return None
    return {key: str(value) for key, value in lines.items()}


def _foreign(line: str) -> tuple[int, bytes] | None:
    """An extension out of its header line; None where somebody wrote something else there."""
    code, _, text = line.strip().partition(" ")
    try:
        number, content = int(code[:11]), base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return (number, content) if -(2**31) <= number < 2**31 else None


def _extension(code: int, content: bytes) -> bytes:
    size = -(-(len(content) + 8) // 16) * 16
    return struct.pack("<2i", size, code) + content.ljust(size - 8, b"\0")
