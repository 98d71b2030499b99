"""How a DICOM file begins (PS3.10, 7.1): a preamble of 128 bytes and "DICM"; some programs leave out one of them or both.

What is left then are the elements, group 0002 or 0008 first. They are taken for DICOM where several in a row make sense.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from ifssnet.core.errors import InputError, InputWarning

_MARK, _PREAMBLE = b"DICM", bytes(128)
_LOOKED_AT = 1 << 12
_ENOUGH, _MOST = 4, 40
"""How many elements in a row tell that a file is DICOM, and how many are looked at."""
_UID_ROOT = b"1.2.840.10008."
"""What every UID of the standard starts with."""
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_FIRST_GROUPS = (0x0002, 0x0008)

Order = Literal["little", "big"]


def starts_as_dicom(content: bytes) -> bool:
    """Whether the first bytes of a file are those of DICOM, with or without a preamble."""
    return content[128:132] == _MARK or content.startswith(_MARK) or _is_bare(content[:_LOOKED_AT])


def is_dicom(file: Path) -> bool:
    """Whether a file says of itself that it is DICOM."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return starts_as_dicom(stream.read(_LOOKED_AT))
    except OSError:
        return False


def with_preamble(content: bytes, name: str) -> bytes:
    """The bytes of a file as the standard has them, with the preamble that it may lack.

    Raises:
        InputError: Not DICOM.
    """
    if content[128:132] == _MARK:
        return content
    if content.startswith(_MARK):
        return _PREAMBLE + content
    if _is_bare(content[:_LOOKED_AT]):
        return _PREAMBLE + _MARK + content
    remedy = "Export the image again as DICOM, or give it under the name of the format that it has."
    raise InputError(f"a DICOM file: {name}", "one with neither the mark DICM nor elements of DICOM at its start", remedy)


def say_without_preamble(files: Sequence[Path], where: str) -> None:
    """Remark on files that begin without a preamble and were read none the less."""
    bare = 0
    for file in files:
        with file.open("rb") as stream:
            bare += stream.read(132)[128:] != _MARK
    if bare:
        what = "begins" if len(files) == 1 else f"has {bare:,} files that begin"
        said = f"{where} {what} without DICOM's preamble; read as DICOM by the elements."
        warnings.warn(InputWarning(said), stacklevel=3)


def _is_bare(content: bytes) -> bool:
    """Whether elements of DICOM stand at the very start: enough of them, and in the order of their tags."""
    order: Order = "big" if content[:1] == b"\0" else "little"
    if len(content) < 8 or int.from_bytes(content[:2], order) not in _FIRST_GROUPS:
        return False
    found = list(islice(_elements(content, order), _MOST))
    tags = [tag for tag, _, _ in found]
    if tags != sorted(set(tags)):
        return False
    named = any(value.startswith(_UID_ROOT) for _, _, value in found)
    return named or (len(found) >= _ENOUGH and all(explicit for _, explicit, _ in found))


def _elements(content: bytes, order: Order) -> Iterator[tuple[int, bool, bytes]]:
    """Tag, whether the kind of value is written down, and value, until one makes no sense or the bytes end."""
    at = 0
    while at + 8 <= len(content):
        group, element = (int.from_bytes(content[at + i : at + i + 2], order) for i in (0, 2))
        representation, start = content[at + 4 : at + 6], at + 8
        explicit = representation in _SHORT or representation in _LONG
        if representation in _LONG:
            length, start = int.from_bytes(content[at + 8 : at + 12], order), at + 12
        elif explicit:
            length = int.from_bytes(content[at + 6 : at + 8], order)
        else:
            length = int.from_bytes(content[at + 4 : at + 8], order)
        if group % 2 or not group or start + length > len(content):
            return
        yield group << 16 | element, explicit, content[start : start + length]
        at = start + length
