"""JSON files of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from ifssnet.io.recognition import Kind


def read_json_object(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; None where there is no file, or a broken one."""
    try:
        data: object = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


JSON_FILE = Kind("json", "a JSON file", recognises=lambda start: start.text.startswith((b"{", b"[")), suffixes=(".json",))
