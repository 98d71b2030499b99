"""A cohort behind an address: known by its names, read a leg at a time where the leg is worked on."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ifssnet.core.cohort import Case, Cohort
from ifssnet.io.cohorts.cohort_folder import DESCRIPTION, NNUNET_DESCRIPTION, open_cohort
from ifssnet.io.storage.remote import RemoteFile, is_url, listed
from ifssnet.workflow.files.provenance import source


@dataclass(frozen=True)
class LegFiles:
    """Where a leg's files are.

    Attributes:
        case: The leg. Where it is somewhere else, the paths start at the cohort's address.
        remote: The volume and the labels that are somewhere else; empty for a leg on this machine's disks.
    """

    case: Case
    remote: tuple[tuple[Path, RemoteFile], ...] = ()

    def versions(self) -> list[str]:
        """What changes with the content of each file: its hash, or what the store says."""
        if self.remote:
            return [file.version for _, file in self.remote]
        return [source(path)["sha256"] for path in (self.case.volume_path, self.case.labels_path) if path is not None]

    @contextmanager
    def here(self, *, volume: bool = True) -> Generator[Case]:
        """The leg as files of this machine, which may go when the block ends.

        Args:
            volume: Whether the volume is wanted too.
        """
        if not self.remote:
            yield self.case
            return
        wanted = [(path, file) for path, file in self.remote if volume or path != self.case.volume_path]
        with fetched(wanted) as folder:
            own = (None if path is None else folder / path for path in (self.case.volume_path, self.case.labels_path))
            yield replace(self.case, **dict(zip(("volume_path", "labels_path"), own, strict=True)))


def cohort_at(place: Path | str) -> tuple[Cohort, dict[str, LegFiles]]:
    """A cohort in a folder or behind an address, and each leg's files by `split/name`.

    Raises:
        InputError: No cohort there, or none that can be read.
    """
    if not is_url(str(place)):
        cohort = open_cohort(Path(place))
        return cohort, {f"{case.split}/{case.name}": LegFiles(case) for case in cohort.cases}
    with named_alike(str(place)) as (root, files):
        cohort = open_cohort(root)
        cases = [_from_root(case, root) for case in cohort.cases]
    legs = {f"{case.split}/{case.name}": LegFiles(case, _remote(case, files)) for case in cases}
    return replace(cohort, root=Path(root.name), cases=tuple(cases)), legs


@contextmanager
def fetched(files: Iterable[tuple[Path, RemoteFile]]) -> Generator[Path]:
    """A folder of this machine with files that are somewhere else, which goes when the block ends.

    Args:
        files: The path of each below that folder, and where it comes from.

    Raises:
        InputError: One cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="ifssnet-") as folder:
        for path, file in files:
            file.fetch(Path(folder) / path)
        yield Path(folder)


@contextmanager
def named_alike(url: str) -> Generator[tuple[Path, dict[PurePosixPath, RemoteFile]]]:
    """A folder of files with the names of those behind an address, and nothing in them: many legs are known by their names.

    Descriptions of cohorts are fetched. The folder goes when the block ends.

    Raises:
        InputError: Nothing can be read there.
    """
    files = listed(url)
    with tempfile.TemporaryDirectory(prefix="ifssnet-") as folder:
        root = Path(folder) / PurePosixPath(url).name
        for path, file in files.items():
            target = root / path
            if path.name in (DESCRIPTION, NNUNET_DESCRIPTION):
                file.fetch(target)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                # An empty file is refused before its name is looked at; this byte begins no format.
                target.write_bytes(b"\0")
        yield root, files


def _from_root(case: Case, root: Path) -> Case:
    volume, labels = (None if path is None else path.relative_to(root) for path in (case.volume_path, case.labels_path))
    return replace(case, volume_path=volume, labels_path=labels)


def _remote(case: Case, files: dict[PurePosixPath, RemoteFile]) -> tuple[tuple[Path, RemoteFile], ...]:
    paths = (path for path in (case.volume_path, case.labels_path) if path is not None)
    return tuple((path, files[PurePosixPath(path.as_posix())]) for path in paths)
