"""Which volumes there are in a folder, and what was drawn on each: told by the files' kinds and by their names."""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.pictures import MASKS_FOLDER, PICTURES
from ifssnet.io.cohorts.cohort_folder import described_labels
from ifssnet.io.cohorts.nnunet import NNUNET, read_nnunet
from ifssnet.io.kinds import IMAGES, SEGMENTATIONS, SWEEPS, kind_of
from ifssnet.io.recognition import entries_of
from ifssnet.io.storage.remote import RemoteFile, is_url
from ifssnet.workflow.cohorts.leg_names import VolumesByName, is_drawn, rater_of, stem_of
from ifssnet.workflow.cohorts.remote_cohort import fetched, named_alike

SEGMENTED = "segment.json"
"""What says that a folder holds the segmentations of many legs."""

_RESULTS = (SEGMENTED, "study.json", "run.json")
"""What folders of results hold: no leg is looked for in them."""

_SWEEP_WORDS = frozenset(["igs", "seq"])
"""What PLUS and 3D Slicer put before a suffix: behind an address, names alone say what a file is."""

_DEPTH, _MOST_ENTRIES = 6, 200_000
_PATTERN = "*?["

_Role: TypeAlias = Literal["volume", "drawn", "sweep"]


@dataclass(frozen=True)
class FoundLeg:
    """One volume, and one file of what was drawn on it.

    Attributes:
        name: The path and the name of its result, without a suffix; unique.
        volume: The grey levels; None for none.
        seeds: What was drawn; None for nothing.
        rater: What the seeds' name says beside the leg's.
        labels: What label values mean, where the folder's description says.
        files: All files that are read.
        remote: Where these come from, for a leg that is not on this machine's disks.
        problem: Why it cannot be segmented; empty where it can.
    """

    name: str
    volume: Path | None = None
    seeds: Path | None = None
    rater: str = ""
    labels: Mapping[int, str] = field(default_factory=dict[int, str])
    files: tuple[Path, ...] = ()
    remote: tuple[tuple[Path, RemoteFile], ...] = ()
    problem: str = ""

    def version(self) -> list[str]:
        """What changes with the content of its files: their sizes, and the times of their last changes or the store's words."""
        if self.remote:
            return [file.version for _, file in self.remote]
        return [f"{path.name} {facts.st_size} {facts.st_mtime_ns}" for path in self.files for facts in [path.stat()]]

    @contextmanager
    def here(self) -> Generator[FoundLeg]:
        """The leg as files of this machine, which may go when the block ends.

        Raises:
            InputError: A file cannot be read.
        """
        if not self.remote:
            yield self
            return
        with fetched(self.remote) as folder:
            volume, seeds = (None if path is None else folder / path for path in (self.volume, self.seeds))
            yield replace(self, volume=volume, seeds=seeds)


@dataclass(frozen=True)
class _Image:
    """A file or a folder with a volume, seeds or a sweep.

    Attributes:
        path: Where it is.
        place: Its path below the folder that is looked through.
        role: What it is.
        files: Its files: itself, and those that belong to it.
    """

    path: Path
    place: PurePosixPath
    role: _Role
    files: tuple[Path, ...]


def is_many(word: str) -> bool:
    """Whether a word of the command line stands for many legs: an address, or a folder that is no volume itself."""
    return is_url(word) or (Path(word).is_dir() and not _is_one(Path(word)))


def _is_one(folder: Path) -> bool:
    """Whether a folder is one volume, or the masks of one."""
    kind = _kind(folder)
    if kind == NNUNET.kind.name:
        return len(read_nnunet(folder).cases) == 1
    if kind == MASKS_FOLDER.name:
        # A picture beside volumes, such as an overview, makes no masks of them.
        return all(each.suffix.lower() in PICTURES for each in entries_of(folder))
    return kind in IMAGES


def found_legs(words: Sequence[str], seeds: Path | None = None) -> tuple[FoundLeg, ...]:
    """The legs in a folder or behind an address, or several volumes, each with what was drawn on it, by name.

    A file of seeds lies beside its volume or in a folder of its own; its name begins with the volume's, or it is alone with it
    in a folder. Segmentation formats hold seeds; of other images those whose name, or whose folder's, has a word as `seeds`,
    `drawn`, `labels` or `masks`. A volume that several people drew on is one leg for each of them.

    Args:
        words: A folder, an address that fsspec reads, or volumes and folders.
        seeds: A folder with all files of seeds, or a pattern of their names such as `*-AB.seg.nrrd`; None for where they lie.

    Raises:
        InputError: Nothing there, nothing that is a volume or seeds, or a study's file, which says more than names do.
    """
    pattern = seeds.name if seeds is not None and _is_pattern(seeds) else ""
    if any(is_url(word) for word in words):
        if len(words) > 1 or (seeds is not None and not pattern):
            given = [*words, *([] if seeds is None else [f"--seeds {seeds}"])]
            raise InputError("one address, with the seeds below it", ", ".join(given)[:200], "Give the address alone.")
        return _remote_legs(words[0], pattern)
    places = [Path(word) for word in dict.fromkeys(words)]
    if missing := [place for place in places if not place.exists()]:
        raise InputError("volumes and folders that are there", f"no {missing[0]}", "Check the path.")
    root = _common(places)
    images = {image.place: image for place in places for image in _images_at(place, root)}
    drawn: list[_Image] = []
    if seeds is not None and not pattern:
        drawn = _all_drawn(seeds)
        inside = {image.path.resolve() for image in drawn}
        images = {at: each for at, each in images.items() if each.role != "drawn" and each.path.resolve() not in inside}
    labels = {key: name for place in places if place.is_dir() for key, name in described_labels(place).items()}
    legs = _legs(_only([*images.values(), *drawn], pattern), labels)
    chosen = {_place(place, root) for place in places}
    wanted = [leg for leg in legs if (drawn and leg.volume is None) or _is_wanted(leg, root, chosen)]
    return _checked(wanted, str(places[0]))


def _common(places: Sequence[Path]) -> Path:
    """The folder itself, or the one that all of several lie in.

    Raises:
        InputError: There is none.
    """
    if len(places) == 1 and is_many(str(places[0])):
        return places[0]
    try:
        return Path(os.path.commonpath([(each if is_many(str(each)) else each.parent).absolute() for each in places]))
    except ValueError as error:
        raise InputError("volumes on one disk", f"'{error}'", "Segment those of each disk by themselves.") from error


def _is_wanted(leg: FoundLeg, root: Path, chosen: set[PurePosixPath]) -> bool:
    """Whether a leg is one that was named, or lies in a folder that was: others are looked at for their names only."""
    which = leg.volume or leg.seeds
    place = PurePosixPath(leg.name) if which is None else _place(which, root)
    return bool(chosen & {place, *place.parents})


def _checked(legs: Sequence[FoundLeg], where: str) -> tuple[FoundLeg, ...]:
    if not any(leg.seeds is not None or leg.volume is not None for leg in legs):
        raise InputError(
            f"volumes with seeds beside them in {where}, as leg.mha and leg.seeds.seg.nrrd",
            "none",
            "Name a folder of volumes, and --seeds FOLDER where the seeds lie elsewhere.",
        )
    return tuple(sorted(legs, key=lambda leg: leg.name))


def _is_pattern(seeds: Path) -> bool:
    return any(sign in seeds.name for sign in _PATTERN) and not seeds.exists()


def _remote_legs(url: str, pattern: str) -> tuple[FoundLeg, ...]:
    with named_alike(url) as (root, files):
        labels = described_labels(root)
        legs = _legs(_only(list(_images_at(root, root)), pattern), labels)
        _checked(legs, url)

        def below(path: Path) -> Path:
            return Path(_place(path, root))

        return tuple(
            replace(
                leg,
                volume=None if leg.volume is None else below(leg.volume),
                seeds=None if leg.seeds is None else below(leg.seeds),
                files=(),
                remote=tuple((below(path), files[_place(path, root)]) for path in leg.files),
            )
            for leg in sorted(legs, key=lambda leg: leg.name)
        )


def _place(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(path.absolute().relative_to(root.absolute()).as_posix())


def _images_at(place: Path, root: Path) -> list[_Image]:
    if is_many(str(place)):
        if (place / "study.toml").is_file():
            raise InputError(
                f"volumes and seeds that names tell apart in {place}",
                "a study.toml, which says more",
                "Run ifss study, which segments and measures all legs of it.",
            )
        return [image for folder in _folders(place) for image in _images_in(folder, root)]
    return _images_in(place.parent, root)


def _all_drawn(folder: Path) -> list[_Image]:
    """Whatever lies in a folder of seeds."""
    if not folder.is_dir() or _is_one(folder):
        raise InputError(
            "a folder with the seeds of every leg, or a pattern of their names as '*-AB.seg.nrrd'",
            f"{folder}",
            "Name the folder; one file of seeds belongs to one volume.",
        )
    found = [image for each in _folders(folder) for image in _images_in(each, folder)]
    return [replace(image, role="drawn") for image in found if image.role != "sweep"]


def _only(images: Sequence[_Image], pattern: str) -> list[_Image]:
    """The same, with those seeds alone whose name fits a pattern."""
    if not pattern:
        return list(images)
    fits = {image.place for image in images if fnmatch.fnmatch(image.place.name, pattern)}
    return [
        replace(image, role="drawn") if image.place in fits else image
        for image in images
        if image.place in fits or image.role != "drawn"
    ]


def _folders(root: Path) -> Iterator[Path]:
    """A folder and those in it that hold neither results nor one volume; each once, however links lead to it.

    Raises:
        InputError: Deeper or more than legs lie.
    """
    seen, been = 0, set[Path]()
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        if (real := folder.resolve()) in been:
            continue
        been.add(real)
        yield folder
        for each in entries_of(folder):
            seen += 1
            if seen > _MOST_ENTRIES:
                raise InputError(f"at most {_MOST_ENTRIES:,} files below {root}", "more", "Name the folder of the legs.")
            if (
                depth < _DEPTH
                and each.is_dir()
                and is_many(str(each))
                and not any((each / name).is_file() for name in _RESULTS)
            ):
                waiting.append((each, depth + 1))


def _images_in(folder: Path, root: Path) -> list[_Image]:
    """What lies directly in a folder."""
    entries = [each for each in entries_of(folder) if not (each.is_dir() and is_many(str(each)))]
    roles: dict[Path, _Role | None] = {each: _role(each, _place(each, root)) for each in entries}
    return [
        _Image(each, _place(each, root), role, _files_of(each, [other for other in entries if roles[other] is None]))
        for each, role in roles.items()
        if role is not None
    ]


def _role(path: Path, place: PurePosixPath) -> _Role | None:
    kind = "" if ".seen." in path.name else _kind(path)
    if kind in SWEEPS or (kind in IMAGES and _SWEEP_WORDS & set(path.name.lower().split("."))):
        return "sweep"
    if kind in SEGMENTATIONS or kind == MASKS_FOLDER.name:
        return "drawn"
    if kind in IMAGES:
        return "drawn" if is_drawn(place) else "volume"
    return None


def _kind(path: Path) -> str:
    """What a file or a folder is; empty for what is not known."""
    try:
        return kind_of(path)
    except InputError:
        return ""


def _files_of(path: Path, others: Sequence[Path]) -> tuple[Path, ...]:
    """A file with those beside it that it cannot be read without, such as the voxels of a header; a folder's files."""
    if path.is_dir():
        return tuple(sorted(each for each in path.rglob("*") if each.is_file()))
    return (path, *(each for each in others if each.is_file() and each.name.startswith(f"{stem_of(path)}.")))


def _legs(images: Sequence[_Image], labels: Mapping[int, str]) -> list[FoundLeg]:
    volumes = {image.place: image for image in images if image.role == "volume"}
    by_name = VolumesByName(list(volumes))
    legs: list[FoundLeg] = []
    drawn_on = Counter[PurePosixPath]()
    pairs: list[tuple[_Image, _Image]] = []
    for image in (image for image in images if image.role == "drawn"):
        fit = by_name.of(image.place)
        if len(fit) == 1:
            drawn_on[PurePosixPath(fit[0])] += 1
            pairs.append((volumes[PurePosixPath(fit[0])], image))
        elif volumes or len(fit) > 1:
            names = " and ".join(sorted(str(each) for each in fit)[:3]) or "none of the volumes"
            problem = f"which volume it belongs to is not said: by its name, {names}"
            legs.append(FoundLeg(str(image.place), seeds=image.path, problem=problem))
        else:
            legs.append(FoundLeg(_name(image.place), seeds=image.path, labels=labels, files=image.files))
    for volume, image in pairs:
        rater = rater_of(image.place, volume.place)
        name = _name(volume.place) + (f"-{rater}" if rater and drawn_on[volume.place] > 1 else "")
        files = (*volume.files, *image.files)
        legs.append(FoundLeg(name, volume.path, image.path, rater, labels, files))
    legs += [
        FoundLeg(_name(place), image.path, problem="nothing was drawn: by its name, no file of seeds belongs to it")
        for place, image in volumes.items()
        if not drawn_on[place]
    ]
    return [*_apart(legs), *_sweeps_alone(images)]


def _name(place: PurePosixPath) -> str:
    return str(place.with_name(stem_of(place)))


def _apart(legs: Sequence[FoundLeg]) -> Iterator[FoundLeg]:
    """Two drawings whose results would have one name are none of them: which counts cannot be known."""
    names = Counter(leg.name.casefold() for leg in legs if not leg.problem)
    for leg in legs:
        if leg.problem or names[leg.name.casefold()] == 1:
            yield leg
        else:
            twins = [other for other in legs if other.name.casefold() == leg.name.casefold()]
            what = ", ".join(sorted({each.name for other in twins for each in (other.volume, other.seeds) if each is not None}))
            yield replace(leg, problem=f"{what} have one name for their results; rename one, or choose with --seeds 'PATTERN'")


def _sweeps_alone(images: Sequence[_Image]) -> list[FoundLeg]:
    """Folders with sweeps that were not compounded yet."""
    volumes = {image.place.parent for image in images if image.role == "volume"}
    folders = sorted({image.place.parent for image in images if image.role == "sweep"} - volumes)
    problem = "sweeps without a volume: compound them first, or run ifss study"
    return [FoundLeg(str(folder), problem=problem) for folder in folders]
