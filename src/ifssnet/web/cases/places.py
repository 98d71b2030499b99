"""Names to folders. A case is a folder right inside the served one; nothing leads out of it."""

from __future__ import annotations

import re
from pathlib import Path

from ifssnet.core.errors import InputError

_NAME = re.compile(r"[^\W_][\w .()+-]{0,99}")
INCOMING = ".incoming"
"""Where files lie that were sent and are no case yet."""


def checked_name(name: str) -> str:
    """A name that is no path and no hidden file.

    Raises:
        InputError: It is something else.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise InputError(
            "a name of letters, digits, spaces and . - _ ( ) +, which begins with a letter or a digit",
            f"'{name[:100]}'",
            "Choose another name.",
        )
    return name


def case_folder(root: Path, name: str) -> Path:
    """The folder of a case that there is.

    Raises:
        InputError: No such case, or a link that leads out of the served folder.
    """
    folder = root / checked_name(name)
    if not folder.is_dir() or not folder.resolve().is_relative_to(root.resolve()):
        raise InputError("the name of a case in the served folder", f"'{name}'", "Choose one from the list.")
    return folder


def file_in(folder: Path, name: str) -> Path:
    """A file right inside a folder.

    Raises:
        InputError: No such file, or a link that leads out of the folder.
    """
    path = folder / checked_name(name)
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"a file of {folder.name}", f"'{name}'", "Choose one from the list.")
    return path
