"""Tables out of JSON and TOML that anybody may have written: whatever is wrong with one is an `InputError` that names it."""

from __future__ import annotations

import codecs
import json
import tomllib
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import cast

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json
from ifssnet.io.storage.existing_file import existing_file

LARGEST_BYTES = 1 << 24
"""Longer than any description of labels, cases or annotated slices."""

_DEEPEST = 64
_LARGEST_WHOLE = 2**64


def read_json(path: Path, what: str, largest_bytes: int = LARGEST_BYTES) -> Json:
    """The data of a JSON file; a byte-order mark at its start is passed over.

    Args:
        path: The file.
        what: What it should be, as a noun phrase, for errors.
        largest_bytes: Refuse a longer file unread.

    Raises:
        InputError: No such file, one that is too long, or one that is no JSON.
    """
    return parse_json(_text(path, what, largest_bytes), what, str(path))


def parse_json(text: str, what: str, where: str) -> Json:
    """The data of JSON text, as `read_json`; `where` names the place that the text comes from."""
    try:
        return _checked(cast("Json", json.loads(text)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} as JSON in {where}", f"'{_words(error)}'", "Correct or remove it.") from error


def read_toml(path: Path, what: str, largest_bytes: int = LARGEST_BYTES) -> Mapping[str, Json]:
    """The table of a TOML file; otherwise as `read_json`."""
    text = _text(path, what, largest_bytes)
    try:
        table = tomllib.loads(text)
        _checked(table)
        return table
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} as TOML in {path}", f"'{_words(error)}'", "Correct the file.") from error


def table_of(data: Json, where: str) -> Mapping[str, Json]:
    """The same data, which must be a table.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(data, Mapping):
        raise InputError(f"a table of names and values in {where}", f"{data!r}"[:80], "Correct or remove it.")
    return data


def _text(path: Path, what: str, largest_bytes: int) -> str:
    size = existing_file(path, what, may_be_empty=True)
    if size > largest_bytes:
        raise InputError(f"at most {largest_bytes:,} bytes in {path}", f"{size:,}", "Move that file away.")
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"{what} that can be read (UTF-8)", f"{path} ('{_words(error)}')", "Correct the file.") from error


def _checked(data: Json) -> Json:
    """The same data, if nothing in it is too deep or too large to be shown in a message.

    Raises:
        ValueError: It is.
    """
    level: list[Json] = [data]
    for _ in range(_DEEPEST):
        if any(isinstance(value, int) and abs(value) > _LARGEST_WHOLE for value in level):
            raise ValueError("a whole number of more than 64 bits")
        tables = (value.values() for value in level if isinstance(value, Mapping))
        lists = (value for value in level if isinstance(value, Sequence) and not isinstance(value, str))
        level = list(chain.from_iterable((*tables, *lists)))
        if not level:
            return data
    raise ValueError("tables nested too deeply")


def _words(error: Exception) -> str:
    return str(error)[:160] if not isinstance(error, RecursionError) else "tables nested too deeply"
