"""Nothing half written: everything goes beside its target first and is moved into place when it is whole."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ifssnet.core.errors import InputError

_KEPT_OF_NAME = 60
"""Letters of the target's name that its partial keeps at the end: enough for suffixes, short of any name limit."""


@contextmanager
def atomic_path(target: Path, force: bool = False) -> Generator[Path]:
    """Yield a path in the target's folder, with its suffixes, that becomes the target when the block ends well.

    Args:
        target: Where the file is wanted. A link is followed: what it points to is replaced, not the link.
        force: Replace a file that is there already.

    Raises:
        InputError: The target exists (unless `force`), is no ordinary file or is read-only, its folder is missing
            or cannot be written, or the disk is full.
    """
    with atomic_paths([target], force) as (partial,):
        yield partial


@contextmanager
def atomic_paths(targets: Sequence[Path], force: bool = False) -> Generator[tuple[Path, ...]]:
    """`atomic_path` for files that belong together: all of them come into place, or none.

    They are moved in the order given, so the one that readers open first goes last.

    Raises:
        InputError: As `atomic_path`, for any of them.
    """
    real = [Path(os.path.realpath(target)) for target in targets]
    for target in real:
        _check_file(target, force)
    partials = tuple(_beside(target) for target in real)
    try:
        with _disk_errors(real[-1]):
            yield partials
            for partial in partials:
                to_disk(partial)
            _move_all(partials, real)
    finally:
        # On a disk that may not be written there is nothing to remove, and what is said of it is the error above.
        for partial in partials:
            with suppress(OSError):
                partial.unlink()


@contextmanager
def atomic_folder(target: Path, force: bool = False, also: Collection[str] = ()) -> Generator[Path]:
    """Yield a new folder beside the target that becomes the target when the block ends well.

    Args:
        target: Where the folder is wanted; an empty one may be there already.
        force: Replace a folder that is there already, once the new one is whole. Only a folder that holds nothing
            but the kinds of files that the new one holds is replaced: a slip of the hand must not cost other work.
        also: Suffixes of files that the same work writes with other options; a folder with these may be replaced too.

    Raises:
        InputError: The target exists and may not be replaced, its parent is missing or cannot be written, or the
            disk is full.
    """
    target = Path(os.path.realpath(target))
    _check_folder(target, force)
    partial, old = _beside(target), _beside(target)
    try:
        with _disk_errors(target):
            partial.mkdir()
            yield partial
            if target.exists():
                _check_replaceable(target, partial, also)
                target.replace(old)
            partial.replace(target)
    finally:
        if old.exists() and not target.exists():
            old.replace(target)
        for leftover in (partial, old):
            shutil.rmtree(leftover, ignore_errors=True)


def to_disk(path: Path) -> None:
    """Wait until a written file is on the disk, whatever happens to the machine afterwards."""
    # Windows only flushes what is open for writing.
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())


def _move_all(partials: Sequence[Path], targets: Sequence[Path]) -> None:
    # A single file is replaced in one step of the file system. With several, what was there is kept aside until the
    # last one is in place, to be put back if any of them fails.
    kept = [_beside(target) for target in targets]
    moved: list[int] = []
    try:
        for i, (partial, target) in enumerate(zip(partials, targets, strict=True)):
            if len(targets) > 1 and target.exists():
                target.replace(kept[i])
            partial.replace(target)
            moved.append(i)
    except BaseException:
        for i in moved if len(targets) > 1 else ():
            targets[i].unlink(missing_ok=True)
        for old, target in zip(kept, targets, strict=True):
            if old.exists():
                old.replace(target)
        raise
    finally:
        for old in kept:
            old.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    # The suffixes stay last, because writers choose their format by them.
    return target.with_name(f".{uuid.uuid4().hex[:12]}.partial-{target.name[-_KEPT_OF_NAME:]}")


def _check_file(target: Path, force: bool) -> None:
    with _disk_errors(target):
        _check_parent(target)
        if not target.exists():
            return
        if not target.is_file():
            what = "a folder" if target.is_dir() else "something that is no ordinary file"
            raise InputError(f"a file name to write to at {target}", what, "Choose another name.")
        _check_may_exist(target, force)
        if not os.access(target, os.W_OK):
            raise InputError(f"a file {target} that may be replaced", "a read-only one", "Choose another name.")


def _check_folder(target: Path, force: bool) -> None:
    with _disk_errors(target):
        _check_parent(target)
        if not target.exists():
            return
        if not target.is_dir():
            raise InputError(f"a folder name to write to at {target}", "a file of that name", "Choose another name.")
        if any(target.iterdir()):
            _check_may_exist(target, force)


def _check_parent(target: Path) -> None:
    if not target.parent.is_dir():
        raise InputError(f"a folder {target.parent}", "none there", "Create it, or choose another place.")


def _check_may_exist(target: Path, force: bool) -> None:
    if not force:
        raise InputError(
            f"nothing at {target} yet", "something that exists", "Add --force to replace it, or choose another name."
        )


def _check_replaceable(target: Path, partial: Path, also: Collection[str]) -> None:
    known = {path.suffix.lower() for path in partial.rglob("*") if path.is_file()} | set(also)
    others = [path.name for path in target.rglob("*") if path.is_file() and path.suffix.lower() not in known]
    if others:
        raise InputError(
            f"a folder {target} that holds only files like the new ones ({', '.join(sorted(known))})",
            f"one that also holds {others[0]}",
            "Choose another folder, or remove that one yourself.",
        )


@contextmanager
def _disk_errors(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        remedies = {
            errno.ENOSPC: "Free some space on the disk, or choose another one",
            errno.EDQUOT: "Free some of your quota, or choose another disk",
            errno.EFBIG: "Choose a place that takes files of this size",
            errno.ENAMETOOLONG: "Choose a shorter name",
        }
        remedy = remedies.get(error.errno or 0, "Choose a folder that you may write to, or free some space")
        raise InputError(
            f"a place where {target.name} can be written",
            f"'{error.strerror or error}' in {target.parent}",
            f"{remedy}; what was there before is unchanged.",
        ) from error
