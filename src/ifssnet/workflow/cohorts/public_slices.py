"""`ifss dataset list` and the data sets of single slices: what there is, and what is in a folder of it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.io.codecs.pictures import read_grey
from ifssnet.io.cohorts.neuromuscular_slices import CONDITIONS, MUSCLES, LabelledSlice, find_slices
from ifssnet.io.cohorts.public_sets import PUBLIC_SETS, PublicSet


@dataclass(frozen=True)
class CheckedSlices:
    """What is in a folder of single slices.

    Attributes:
        pairs: Muscle and condition to the number of images with a mask.
        problems: What is missing or does not fit, a sentence for each.
    """

    pairs: dict[str, int]
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def public_sets() -> tuple[PublicSet, ...]:
    """The public data sets that are known."""
    return PUBLIC_SETS


def check_slices(folder: Path) -> Generator[Progress, None, CheckedSlices]:
    """Look over an unpacked DLSegMskNeuroDisease: what is missing, cannot be read, differs in size or has an empty mask.

    Raises:
        InputError: Not its layout, or two pictures of one name.
    """
    found = find_slices(folder)
    pairs = {f"{muscle}, {condition}": 0 for muscle in MUSCLES.values() for condition in CONDITIONS.values()}
    problems: list[str] = []
    for number, each in enumerate(found, start=1):
        where = f"{each.muscle}, {each.condition}"
        if problem := _problem_of(each):
            problems.append(f"{each.name} ({where}){problem}")
        else:
            pairs[where] += 1
        yield Progress("looking at the slices", number, len(found))
    there = {(each.muscle, each.condition) for each in found}
    absent = [
        f"{muscle}, {condition}: no picture is there."
        for muscle in MUSCLES.values()
        for condition in CONDITIONS.values()
        if (muscle, condition) not in there
    ]
    return CheckedSlices(pairs, (*absent, *problems))


def _problem_of(pair: LabelledSlice) -> str:
    """What is wrong with a pair, to stand after its name; empty where nothing is."""
    if pair.image is None or pair.mask is None:
        return f" has no {'image' if pair.image is None else 'mask'}."
    try:
        image, mask = read_grey(pair.image), read_grey(pair.mask)
    except InputError as error:
        return f": expected {error.expected}, got {error.received}. {error.remedy}"
    if image.shape != mask.shape:
        return f": the image has {image.shape} pixels (rows, columns), the mask {mask.shape}."
    return "" if mask.any() else ": the mask is empty."
