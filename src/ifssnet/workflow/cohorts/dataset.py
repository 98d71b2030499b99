"""Bring LEG-3D-US here: what it needs, then fetch, check and unpack archive by archive, restartable at any moment.

A hidden folder `.leg-3d-us` in the data set's own keeps, for each archive that is unpacked, the list of its files with
their sizes, and members on their way from an archive to their place.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ifssnet.core.cohort import Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.io.cohorts import leg_3d_us as leg3dus
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.cohorts.leg_3d_us import Archive
from ifssnet.io.plain_data import plain, structure
from ifssnet.io.storage.plain_files import read_json
from ifssnet.io.transfer.archive import UnpackLimits, unpack
from ifssnet.io.transfer.download import Retry, download, hash_file, partial_of, remote_size

RECORDS = ".leg-3d-us"
GIGABYTE = 1e9


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder, or of the nearest folder above it that exists."""
    return shutil.disk_usage(next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())).free


@dataclass(frozen=True)
class Source:
    """Where the archives come from.

    Attributes:
        base_url: Folder on the server.
        archives: Which files, with their hashes.
        limits: What an archive may grow to.
        retry: How patient a download is.
        free_bytes: Room on the disk of a folder.
    """

    base_url: str = leg3dus.BASE_URL
    archives: tuple[Archive, ...] = leg3dus.ARCHIVES
    limits: UnpackLimits = field(default_factory=UnpackLimits)
    retry: Retry = field(default_factory=Retry)
    free_bytes: Callable[[Path], int] = field(default=free_bytes, repr=False)

    def url(self, archive: Archive) -> str:
        """Where one archive is."""
        return f"{self.base_url.rstrip('/')}/{archive.file_name}"


@dataclass(frozen=True)
class Record:
    """What an unpacked archive put in place.

    Attributes:
        sha256: The archive's hash.
        files: Size in bytes by path relative to the data set's folder.
        ignored: Entries of the archive that belong to no case.
    """

    sha256: str
    files: Mapping[str, int]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What fetching would take.

    Attributes:
        root: The data set's folder.
        source: Where the archives come from.
        archives: The archives that are still to be fetched or unpacked.
        fetch_bytes: Bytes still to come over the network; None when the server does not say.
        archive_bytes: Size of the archives that are still to be unpacked; None when the server does not say.
        disk_bytes: Room that is needed at least, counting an archive as big unpacked as packed; the exact number is known,
            and checked, once an archive is here. None when the server does not say.
        free_bytes: Room that there is.
        keep_archives: Whether the zip files stay.
    """

    root: Path
    source: Source
    archives: tuple[Archive, ...]
    fetch_bytes: int | None
    archive_bytes: int | None
    disk_bytes: int | None
    free_bytes: int
    keep_archives: bool

    @property
    def terms(self) -> tuple[str, ...]:
        """What a person has to know before anything is fetched: the licence, what to cite, what the data are, their sizes."""
        return (
            f"LEG-3D-US. Licence: {leg3dus.LICENCE}.",
            "Cite, whenever you publish with it:",
            *(f"  {reference}" for reference in leg3dus.CITATION),
            *leg3dus.FACTS,
            *leg3dus.NOTES,
            f"From {self.source.base_url} into {self.root}: {', '.join(archive.file_name for archive in self.archives)}.",
            self._sizes(),
        )

    def _sizes(self) -> str:
        z, y, x = leg3dus.TYPICAL_SHAPE_ZYX
        stored_raw = 2 * leg3dus.PUBLISHED_CASES * z * y * x / GIGABYTE
        if self.fetch_bytes is None or self.disk_bytes is None:
            need = "The server does not say how much there is to fetch."
        else:
            need = f"{_gigabytes(self.fetch_bytes)} to fetch; at least {_gigabytes(self.disk_bytes)} of disk needed."
        return (
            f"{need} {_gigabytes(self.free_bytes)} free. Unpacked, all three splits may take some {stored_raw:.0f} GB if their "
            "images are not compressed; that is checked before each archive is unpacked."
        )


def _gigabytes(count: int) -> str:
    return f"{count / GIGABYTE:.2f} GB" if count >= GIGABYTE / 100 else f"{count:,} bytes"


def plan_fetch(root: Path, source: Source, keep_archives: bool = False) -> Plan:
    """Ask the server for the sizes of what is missing, and the disk for room.

    Raises:
        InputError: The server cannot be reached or lacks a file, or the disk is too small.
    """
    if root.exists() and not root.is_dir():
        raise InputError("a folder for the data set", f"the file {root}", "Choose another path.")
    missing = tuple(archive for archive in source.archives if not is_in_place(root, archive))
    sizes: list[int | None] = []
    here = 0
    for archive in missing:
        packed = root / archive.file_name
        if packed.is_file():
            sizes.append(packed.stat().st_size)
            here += packed.stat().st_size
        else:
            sizes.append(remote_size(source.url(archive), source.retry))
            partial = partial_of(packed)
            here += partial.stat().st_size if partial.exists() else 0
    free = source.free_bytes(root)
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return Plan(root, source, missing, None, None, None, free, keep_archives)
    total = sum(known)
    # Archives come and go one by one, so without keeping them there is never more than the largest beside the images.
    disk = max(0, total + (total if keep_archives else max(known, default=0)) - here)
    if disk > free:
        raise InputError(
            f"at least {disk:,} bytes free on the disk of {root}",
            f"{free:,} bytes",
            "Free the disk, or choose a folder on another one.",
        )
    return Plan(root, source, missing, max(0, total - here), total, disk, free, keep_archives)


def fetch(plan: Plan) -> Generator[Progress, None, Cohort]:
    """Fetch, check and unpack what is missing. Stopped at any moment, it goes on from there when called again.

    Yields:
        Bytes done of a stage, in bytes.

    Raises:
        InputError: From the network, a hash, an archive or the disk; what is whole by then stays in place.
    """
    records = plan.root / RECORDS
    try:
        records.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"a folder that can be written at {plan.root}", f"'{error.strerror or error}'", "Choose another folder."
        ) from error
    for archive in plan.archives:
        packed = plan.root / archive.file_name
        if packed.is_file():
            yield from _check_hash(packed, archive)
        else:
            yield from download(plan.source.url(archive), packed, archive.sha256, plan.source.retry)

        def wanted(name: str, split: str = archive.split) -> PurePosixPath | None:
            place = leg3dus.place_of(PurePosixPath(name).parts, split)
            return None if place is None else place.path

        staging = records / f"unpacking-{packed.stem}"
        unpacked = yield from unpack(packed, plan.root, wanted, staging, plan.source.limits)
        if not unpacked.sizes:
            raise InputError(
                f"cases as <PATIENT>/x<N>.mha and masksX<N>.mha in {packed}",
                f"{len(unpacked.ignored)} other entries ({', '.join(unpacked.ignored[:3])} ...)",
                "The archive's layout has changed: unpack it by hand into train, val and test, and report this.",
            )
        _write_record(plan.root, archive, Record(archive.sha256, unpacked.sizes, unpacked.ignored))
        if not plan.keep_archives:
            with suppress(OSError):
                packed.unlink()
    return open_cohort(plan.root)


def read_record(root: Path, archive: Archive) -> Record | None:
    """What an archive put in place; None when it was not unpacked here, or in another version."""
    try:
        record = structure(
            Record, read_json(_record_path(root, archive), "a record of an archive"), archive.file_name, ignore_unknown=True
        )
    except InputError:
        return None
    return record if record.sha256 == archive.sha256 else None


def missing_files(root: Path, record: Record) -> tuple[str, ...]:
    """Files of an archive that are no longer there, or no longer as long as they were."""
    return tuple(
        path
        for path, size in sorted(record.files.items())
        if not (root / path).is_file() or (root / path).stat().st_size != size
    )


def is_in_place(root: Path, archive: Archive) -> bool:
    """Whether an archive was unpacked here and all of its files are still there."""
    record = read_record(root, archive)
    return record is not None and not missing_files(root, record)


def _check_hash(packed: Path, archive: Archive) -> Generator[Progress, None, None]:
    try:
        received = yield from hash_file(packed, f"checking {packed.name}")
        if received == archive.sha256:
            return
        aside = packed.with_name(f"{packed.name}.wrong-hash")
        packed.replace(aside)
    except OSError as error:
        raise InputError(f"{packed} to be readable", f"'{error.strerror or error}'", "Check its permissions.") from error
    raise InputError(
        f"{packed.name} with the sha256 {archive.sha256}",
        f"a file with the sha256 {received}",
        f"It was moved to {aside}. Run the same command again to fetch the right one.",
    )


def _record_path(root: Path, archive: Archive) -> Path:
    return root / RECORDS / f"{archive.file_name}.json"


def _write_record(root: Path, archive: Archive, record: Record) -> None:
    path = _record_path(root, archive)
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_text(json.dumps(plain(record), indent=1), encoding="utf-8", newline="\n")
        fresh.replace(path)
    except OSError as error:
        raise InputError(f"room to write {path}", f"'{error.strerror or error}'", "Free the disk and start again.") from error
