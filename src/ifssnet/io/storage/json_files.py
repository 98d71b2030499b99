"""JSON files of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ifssnet.core.errors import InputError
from ifssnet.io.recognition import Kind
from ifssnet.io.storage.plain_files import read_json

LARGEST_BYTES = 1 << 30
"""An evaluation of many legs is long."""


def read_json_object(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; None where there is no file, or a broken one."""
    try:
        data = read_json(path, "a JSON file", LARGEST_BYTES)
    except InputError:
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


JSON_FILE = Kind("json", "a JSON file", recognises=lambda start: start.text.startswith((b"{", b"[")), suffixes=(".json",))
