"""Whether there is a file to read at all."""

from __future__ import annotations

from pathlib import Path

from ifssnet.core.errors import InputError


def existing_file(path: Path, what: str, *, may_be_empty: bool = False) -> int:
    """The size in bytes of a file that is there, readable and not empty.

    Args:
        path: The file.
        what: What it should be, as a noun phrase, for the message ("a MetaImage file").
        may_be_empty: Whether nothing is something that such a file may say.

    Raises:
        InputError: No such file, a folder, a device, an empty file, or no permission.
    """
    try:
        if path.is_dir():
            raise InputError(what, f"the folder {path}", "Give the file itself.")
        if not path.exists():
            raise InputError(what, f"no file at {path}", "Check the path; names are case sensitive.")
        if not path.is_file():
            raise InputError(what, f"{path}, which is no ordinary file", "Give a file on a disk.")
        with path.open("rb"):
            size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise InputError(f"{what} that can be read", f"{path} ({error})", "Check the path and its permissions.") from error
    if size == 0 and not may_be_empty:
        raise InputError(what, f"{path.name}, which is empty (0 bytes)", "Export or copy the file again.")
    return size
