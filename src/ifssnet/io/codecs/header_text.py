"""Lines of headers: what formats leave open about their bytes, and about keys that come twice."""

from __future__ import annotations

import re

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.numbers import shortened
from ifssnet.io.recognition import UTF_16

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before a text."""


_ENCODING = re.compile(r"""\s+encoding=("[^"]*"|'[^']*')""")
_SAYS_OTHER = re.compile(rb"""^\s*<\?xml[^>]{0,200}encoding=["'](?!utf-?8["'])""", re.IGNORECASE)


def text_of(raw: bytes) -> str:
    """A whole text without its byte-order mark: UTF-16 where the mark says so, else as `decoded`.

    Raises:
        UnicodeDecodeError: Bytes that are no UTF-16 behind its mark.
    """
    return (raw.decode("utf-16") if raw.startswith(UTF_16) else decoded(raw)).removeprefix(BYTE_ORDER_MARK)


def plain_xml(raw: bytes) -> bytes:
    """XML as a parser takes it: UTF-16 becomes UTF-8, whatever the declaration names, and so does Latin-1 that it calls UTF-8.

    Raises:
        UnicodeDecodeError: As `text_of`.
    """
    if not raw.startswith(UTF_16) and (_SAYS_OTHER.match(raw) or _is_utf_8(raw)):
        return raw
    declaration, end, rest = text_of(raw).partition("?>")
    if not end:
        return declaration.encode()
    return (_ENCODING.sub("", declaration[:200]) + declaration[200:] + end + rest).encode()


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def decoded(line: bytes) -> str:
    """A line as UTF-8 or, where it is none, as Latin-1, in which every byte means something."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def keep_one(lines: dict[str, str], key: str, value: str, file_name: str) -> None:
    """Put a header's value under its key; the same key may come again with the same value.

    Raises:
        InputError: The key has another value already: formats do not say which of them counts.
    """
    if (before := lines.get(key, value)) != value:
        raise InputError(
            f"one value of '{shortened(key)}' in the header of {file_name}",
            f"two, '{shortened(before)}' and '{shortened(value)}'",
            "Remove the line that is not meant.",
        )
    lines[key] = value


def one_line(text: str) -> str:
    """A value as it can be written: a line break inside it would start a new line of the header."""
    return text.replace("\r", " ").replace("\n", " ").replace("\0", " ").strip()
