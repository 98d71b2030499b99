"""Text of header lines: what formats leave open about its bytes."""

from __future__ import annotations


def decoded(line: bytes) -> str:
    """A line as UTF-8 or, where it is none, as Latin-1, in which every byte means something."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
