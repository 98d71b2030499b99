"""Fetch a large file over HTTP: resumed where it broke, never in place before its hash is right.

Beside the target lie, while it is on its way, `<target>.partial` (the bytes so far) and `<target>.partial.json` (which
version of the file on the server they belong to). Both survive an interruption and go once the target is whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress

BLOCK_BYTES = 1 << 20
_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Retry:
    """How stubborn a download is.

    Attributes:
        attempts: Connections in a row that may fail; one that brought at least a block of bytes starts the count anew.
        first_wait_s: Pause after the first failure; each further one is twice as long.
        longest_wait_s: Upper bound of a pause.
        timeout_s: Silence of the server that counts as a failure.
        sleep: Waits; a test gives one that does not.
    """

    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    timeout_s: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def wait(self, failures: int) -> None:
        """Pause after that many failures in a row."""
        self.sleep(min(self.longest_wait_s, self.first_wait_s * 2 ** (failures - 1)))


@dataclass(frozen=True)
class _Version:
    """What tells one version of a file on a server from another."""

    url: str
    etag: str | None
    modified: str | None
    total: int | None

    @property
    def validator(self) -> str | None:
        """What `If-Range` may carry: a strong ETag or a date (RFC 9110, 13.1.5)."""
        if self.etag is not None and not self.etag.startswith("W/"):
            return self.etag
        return self.modified


class _Broken(Exception):
    """A failure that another attempt may heal."""


def partial_of(target: Path) -> Path:
    """Where the bytes of an unfinished download lie."""
    return target.with_name(target.name + ".partial")


def remote_size(url: str, retry: Retry | None = None) -> int | None:
    """Size in bytes of a file on a server; None when the server does not say.

    Raises:
        InputError: The server cannot be reached or does not have the file.
    """
    retry = retry or Retry()
    for failures in range(1, retry.attempts + 1):
        try:
            with _answer(url, {}, retry.timeout_s) as answer:
                return _content_length(answer)
        except _Broken as broken:
            if failures == retry.attempts:
                raise _unreachable(url, broken) from broken
            retry.wait(failures)
    raise AssertionError("unreachable: the last attempt returns or raises")


def download(url: str, target: Path, sha256: str, retry: Retry | None = None) -> Generator[Progress, None, Path]:
    """Bring a file here and put it in place once its hash is right.

    A partial file of an earlier run is continued by HTTP Range when the server still has the same version of the file
    (ETag or date by If-Range); a server that ignores Range, or has a new version, makes it start again. A file that was
    continued and then has the wrong hash is fetched once more from its beginning.

    Args:
        url: Where the file is.
        target: Where it is to be; replaced only when the new file is whole.
        sha256: Its hash, in hexadecimal digits.
        retry: How often and how patiently to try again.

    Yields:
        Bytes done of bytes in all (0 when the server does not say), while fetching and while checking.

    Returns:
        The target.

    Raises:
        InputError: The server cannot be reached, does not have the file, or has another one than the hash says (which
            is removed); or the target cannot be written. Bytes fetched before a broken connection stay for the next run.
    """
    retry = retry or Retry()
    partial = partial_of(target)
    try:
        continued = yield from _fetch(url, partial, retry)
        received = yield from hash_file(partial, f"checking {target.name}")
        if received != sha256 and continued:
            _forget(partial)
            yield from _fetch(url, partial, retry)
            received = yield from hash_file(partial, f"checking {target.name}")
        if received != sha256:
            size = partial.stat().st_size
            _forget(partial)
            raise InputError(
                f"{target.name} with the sha256 {sha256}",
                f"{size:,} bytes with the sha256 {received} from {url}",
                "They were removed. Try again later; if it stays so, the server's file is not the published one.",
            )
        partial.replace(target)
        _forget(partial)
    except OSError as error:
        raise InputError(
            f"room to write {target}", f"'{error.strerror or error}'", "Free the disk or choose another folder; start again."
        ) from error
    return target


def hash_file(path: Path, stage: str) -> Generator[Progress, None, str]:
    """The sha256 of a file, in hexadecimal digits."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            yield Progress(stage, done, total)
    return digest.hexdigest()


def _fetch(url: str, partial: Path, retry: Retry) -> Generator[Progress, None, bool]:
    """Bring the partial file to its full length; returns whether it was put together from several answers."""
    failures = 0
    while True:
        before = _size(partial)
        try:
            return (yield from _attempt(url, partial, retry.timeout_s))
        except _Broken as broken:
            failures = 1 if _size(partial) - before >= BLOCK_BYTES else failures + 1
            if failures >= retry.attempts:
                raise _unreachable(url, broken, _size(partial)) from broken
            retry.wait(failures)


def _attempt(url: str, partial: Path, timeout_s: float) -> Generator[Progress, None, bool]:
    have, known = _size(partial), _recall(partial)
    if known is None or known.url != url:
        have = 0
    if known is not None and have > 0 and have == known.total:
        return True
    headers: dict[str, str] = {}
    if known is not None and have > 0:
        headers["Range"] = f"bytes={have}-"
        if known.validator is not None:
            headers["If-Range"] = known.validator
    with _answer(url, headers, timeout_s) as answer:
        offered = _version(url, answer)
        if answer.status_code == 206 and known is not None and _continues(answer, offered, known, have):
            mode, offered = "ab", known
        elif answer.status_code == 200:
            mode, have = "wb", 0
        else:
            # A range that does not fit what we have (416 included): the file changed, or the server miscounts.
            _forget(partial)
            raise _Broken(f"the answer {answer.status_code} to a request for the rest of the file")
        with partial.open(mode) as file:
            # Emptied first, described second: a kill in between leaves no bytes under the wrong description.
            _remember(partial, offered)
            yield Progress(f"fetching {_file_name(partial)}", have, offered.total or 0)
            for block in answer.iter_raw():
                file.write(block)
                have += len(block)
                yield Progress(f"fetching {_file_name(partial)}", have, offered.total or 0)
    if offered.total is not None and have != offered.total:
        if have > offered.total:
            _forget(partial)
        raise _Broken(f"{have:,} of {offered.total:,} bytes")
    return mode == "ab"


def _continues(answer: httpx.Response, offered: _Version, known: _Version, have: int) -> bool:
    """Whether a partial answer starts where we stopped, in the same version of the file."""
    matched = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("content-range", "").strip())
    if matched is None or int(matched[1]) != have:
        return False
    same_total = matched[3] == "*" or known.total is None or int(matched[3]) == known.total
    same_etag = offered.etag is None or offered.etag == known.etag
    return same_total and same_etag


@contextmanager
def _answer(url: str, headers: dict[str, str], timeout_s: float) -> Generator[httpx.Response, None, None]:
    """The server's answer, its body unread; every failure sorted into those that may pass and those that will not."""
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=timeout_s) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity", **headers}) as answer,
        ):
            if answer.status_code in _TRY_LATER:
                raise _Broken(f"the answer {answer.status_code} {answer.reason_phrase}")
            if answer.status_code not in (200, 206, 416):
                raise InputError(
                    f"the file {url}",
                    f"the server's answer {answer.status_code} {answer.reason_phrase}",
                    "Check the address (--base-url), or look on the data set's page whether it has moved.",
                )
            yield answer
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise InputError("an address that starts with https:// or http://", f"{url} ({error})", "Check --base-url.") from error
    except httpx.HTTPError as error:
        raise _Broken(str(error) or type(error).__name__) from error


def _version(url: str, answer: httpx.Response) -> _Version:
    return _Version(url, answer.headers.get("etag"), answer.headers.get("last-modified"), _content_length(answer))


def _content_length(answer: httpx.Response) -> int | None:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _file_name(partial: Path) -> str:
    return partial.name.removesuffix(".partial")


def _notes(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def _remember(partial: Path, version: _Version) -> None:
    fresh = partial.with_name(partial.name + ".json.new")
    fresh.write_text(json.dumps(asdict(version)), encoding="utf-8", newline="\n")
    fresh.replace(_notes(partial))


def _recall(partial: Path) -> _Version | None:
    """The version that the partial file belongs to; None when that is unknown, so that nothing is continued blindly."""
    try:
        found = json.loads(_notes(partial).read_text(encoding="utf-8"))
        url, total = found["url"], found["total"]
        etag, modified = found["etag"], found["modified"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    texts_right = isinstance(url, str) and all(text is None or isinstance(text, str) for text in (etag, modified))
    if not texts_right or not (total is None or isinstance(total, int)):
        return None
    return _Version(url, etag, modified, total)


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _notes(partial).unlink(missing_ok=True)


def _unreachable(url: str, broken: _Broken, kept: int = 0) -> InputError:
    remedy = f"The {kept:,} bytes so far are kept: run the same command again to go on." if kept else "Check the network."
    return InputError(f"the whole of {url}", f"a connection that failed again and again ({broken})", remedy)
