"""Which file of seeds belongs to which volume, by their names alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath
from typing import TypeAlias

from ifssnet.io.cohorts.leg_3d_us import is_labels_name
from ifssnet.io.kinds import FORMATS, kind

DRAWN_WORDS = frozenset(
    [
        *("seg", "seeds", "seed", "drawn", "annotated", "annotation", "annotations", "label", "labels", "labelstr", "labelsts"),
        *("mask", "masks", "segmentation", "segmentations", "roi", "rois"),
    ]
)
"""Words in the name of a file or a folder that say that it holds what somebody drew."""

IMAGE_WORDS = frozenset(
    ["volume", "volumes", "vol", "image", "images", "img", "imagestr", "imagests", "grey", "gray", "us", "0000"]
)
"""Words in a name that say no more than that the file holds grey levels."""

_Words: TypeAlias = tuple[str, ...]

_SUFFIXES = sorted({suffix for each in FORMATS for suffix in kind(each).suffixes} | {".nii.gz"}, key=len, reverse=True)


def stem_of(path: PurePath) -> str:
    """A file's name without the suffixes of its format.

    >>> [stem_of(PurePath(name)) for name in ("P1/leg.2.nii.gz", "leg.seg.nrrd", "P1.left")]
    ['leg.2', 'leg.seg', 'P1.left']
    """
    lower = path.name.lower()
    suffix = next((each for each in _SUFFIXES if lower.endswith(each)), "")
    return path.name[: len(path.name) - len(suffix)]


def is_drawn(path: PurePath) -> bool:
    """Whether a name, or that of a folder, says that somebody drew what is in the file.

    >>> [is_drawn(PurePath(name)) for name in ("P1-seeds.mha", "masksX1.mha", "seeds/P1.mha", "P1.mha", "mask-study/P1.mha")]
    [True, True, True, False, False]
    """
    stem = stem_of(path)
    in_folder = any(set(words) <= DRAWN_WORDS for part in path.parts[:-1] if (words := _words(part)))
    return bool(DRAWN_WORDS & set(_words(stem))) or is_labels_name(stem) or in_folder


def words_of(path: PurePath) -> _Words:
    """The words of a path and its name that tell legs apart, in lower case.

    >>> words_of(PurePath("images/P01/x1.mha")), words_of(PurePath("P01/masksX1.mha"))
    (('p01', 'x1'), ('p01', 'x1'))
    """
    parts = [*path.parts[:-1], stem_of(path)]
    plain = [part[5:] if is_labels_name(part) else part for part in parts]
    return tuple(word for part in plain for word in _words(part) if word not in DRAWN_WORDS | IMAGE_WORDS)


class VolumesByName:
    """Volumes that files of seeds are looked up in.

    A file of seeds belongs to the volume whose words its own begin with, the more the better: those of the volume's path and
    name, or of the name alone. It also belongs to the only volume of its folder, or of the folder that it is named after.

    >>> legs = VolumesByName([PurePath("P1.mha"), PurePath("P1-2.mha"), PurePath("a/x1.mha"), PurePath("b/x1.mha")])
    >>> [len(legs.of(PurePath(name))) for name in ("P1-2-seeds.nrrd", "P3.seg.nrrd", "x1.seg.nrrd", "b.seg.nrrd")]
    [1, 0, 2, 1]
    """

    def __init__(self, volumes: Sequence[PurePath]) -> None:
        self._by_name, self._by_folder = defaultdict[_Words, list[PurePath]](list), defaultdict[_Words, list[PurePath]](list)
        for volume in volumes:
            for key in {words_of(volume), words_of(PurePath(volume.name))}:
                self._by_name[key].append(volume)
            self._by_folder[_folder_words(volume)].append(volume)

    def of(self, drawn: PurePath) -> list[PurePath]:
        """The volumes that a file of seeds belongs to; none, or several where its name does not say which."""
        said, folder = words_of(drawn), _folder_words(drawn)
        numbered = is_labels_name(stem_of(drawn))
        for length in range(len(said), 0, -1):
            found = self._by_name.get(said[:length], [])
            # What lies deeper than a volume is not of its folder.
            if not found and not numbered and len(folder) <= length:
                found = self._by_folder.get(said[:length], [])
            if found:
                return found
        return []


def rater_of(drawn: PurePath, volume: PurePath) -> str:
    """Who drew, as far as the file's name says more than whose leg it is.

    >>> rater_of(PurePath("P1-seeds-AB.nrrd"), PurePath("P1.mha")), rater_of(PurePath("P1.seg.nrrd"), PurePath("P1.mha"))
    ('AB', '')
    """
    own = set(words_of(volume))
    stem = stem_of(drawn)
    words = re.split(r"[^\w]+|_", stem[5:] if is_labels_name(stem) else stem)
    return "-".join(word for word in words if word and word.lower() not in own | DRAWN_WORDS | IMAGE_WORDS)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^\w]+|_", text.lower()) if word]


def _folder_words(path: PurePath) -> _Words:
    return words_of(path.parent / "x")[:-1]
