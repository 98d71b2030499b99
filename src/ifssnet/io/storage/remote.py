"""Files behind an address that fsspec reads, as s3://bucket/legs: listed, and fetched where they are needed."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.io.storage.atomic import atomic_path

_URL = re.compile(r"[a-z][a-z0-9+.-]+://.+", re.IGNORECASE)
_OF_CONTENT = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified", "updated", "created")


@dataclass(frozen=True)
class RemoteFile:
    """A file that is somewhere else.

    Attributes:
        url: Its address.
        version: What changes with its content: its size, with the store's hash or the time of its last change.
    """

    url: str
    version: str

    def fetch(self, target: Path) -> None:
        """Copy it to a file, which comes into place when it is whole.

        Raises:
            InputError: It cannot be read, or not be written.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        system, path = _system(self.url)
        with atomic_path(target, force=True) as partial:
            try:
                system.get_file(path, str(partial))
            except Exception as error:
                raise unreadable(self.url, error) from error


def is_url(text: str) -> bool:
    """Whether a text is an address and no path.

    >>> [is_url(text) for text in ("s3://bucket/legs", "legs", "/data/legs", "C:/legs")]
    [True, False, False, False]
    """
    return _URL.fullmatch(text) is not None


def listed(url: str) -> dict[PurePosixPath, RemoteFile]:
    """The files below an address, by their path from there.

    Raises:
        InputError: fsspec or its part for this kind of address is not installed, or nothing can be read there.
    """
    system, root = _system(url)
    try:
        found: dict[str, dict[str, Any]] = system.find(root, detail=True)
    except Exception as error:
        raise unreadable(url, error) from error
    if not found:
        raise InputError(f"files below {url}", "none", "Check the address.")
    files: dict[PurePosixPath, RemoteFile] = {}
    for path, facts in sorted(found.items()):
        content = next((str(facts[name]) for name in _OF_CONTENT if facts.get(name)), "")
        address = system.unstrip_protocol(path)
        files[PurePosixPath(path).relative_to(root.rstrip("/"))] = RemoteFile(address, f"{facts.get('size')} {content}")
    return files


def unreadable(url: str, error: Exception) -> InputError:
    """What is said of an address that cannot be read."""
    words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    remedy = "Check the address, the network and the credentials, on every machine that reads it."
    return InputError(f"files that can be read at {url}", f"'{words}'", remedy)


def _system(url: str) -> tuple[Any, str]:
    """Fsspec's file system of an address, and the path in it."""
    if find_spec("fsspec") is None:
        raise InputError("fsspec, for addresses like this one", f"'{url}' without it", f"Run: {install_command('cluster')}")
    try:
        return importlib.import_module("fsspec.core").url_to_fs(url)
    except ImportError as error:
        kind = url.partition(":")[0]
        raise InputError(f"what fsspec needs for {kind}://", f"'{error}'", "Install it, on every machine.") from error
    except Exception as error:
        raise unreadable(url, error) from error
