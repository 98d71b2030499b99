"""What engines compiled, kept in the user's cache folder, so that the next process need not compile it again."""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

FOLDER = "IFSSNET_CACHE"
"""Environment variable: another folder for what is kept; an empty value for none."""


def cache_folder() -> Path | None:
    """The user's folder for what can be made again; None where nothing is to be kept."""
    own = os.environ.get(FOLDER)
    if own is not None:
        return Path(own) if own else None
    # Without a home there is nowhere to keep things, and everything works as well without.
    with suppress(RuntimeError):
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "ifssnet" / "Cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "ifssnet"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ifssnet"
    return None


def kept(kind: str, made_for: Sequence[str], make: Callable[[], tuple[Made, bytes]], load: Callable[[bytes], Made]) -> Made:
    """What was made before, or else what is made now, and kept.

    A file is written beside its target and moved into place, and begins with the hash of what follows: two processes may
    write the same one, and a damaged one is made again. Where nothing can be written, nothing is kept.

    Args:
        kind: The beginning of the file's name.
        made_for: Everything that the result depends on; the file is called after its hash.
        make: Make it, and say how it looks in a file.
        load: The same from a file. Whatever goes wrong there, it is made again.
    """
    folder = cache_folder()
    if folder is None:
        return make()[0]
    path = folder / f"{kind}-{hashlib.sha256(repr(tuple(made_for)).encode()).hexdigest()[:32]}.bin"
    with suppress(Exception):
        stored = path.read_bytes()
        if hashlib.sha256(stored[32:]).digest() == stored[:32]:
            return load(stored[32:])
    made, content = make()
    with suppress(OSError):
        _write(path, hashlib.sha256(content).digest() + content)
    return made


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
