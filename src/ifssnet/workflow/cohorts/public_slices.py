"""`ifss dataset list` and the data sets of single slices: what there is, and what is in a folder of it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.progress import Progress
from ifssnet.io.codecs.pictures import read_grey
from ifssnet.io.cohorts.neuromuscular_slices import find_slices
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
    """Look over an unpacked DLSegMskNeuroDisease: pairs, sizes, masks that are empty.

    Raises:
        InputError: Not its layout, or a picture that cannot be read.
    """
    found = find_slices(folder)
    pairs: dict[str, int] = {}
    problems: list[str] = []
    for number, each in enumerate(found, start=1):
        where = f"{each.muscle}, {each.condition}"
        pairs.setdefault(where, 0)
        if each.image is None or each.mask is None:
            problems.append(f"{each.name} ({where}) has no {'image' if each.image is None else 'mask'}.")
        else:
            image, mask = read_grey(each.image), read_grey(each.mask)
            if image.shape != mask.shape:
                problems.append(
                    f"{each.name} ({where}): the image has {image.shape} pixels (rows, columns), the mask {mask.shape}."
                )
            elif not mask.any():
                problems.append(f"{each.name} ({where}): the mask is empty.")
            else:
                pairs[where] += 1
        yield Progress("looking at the slices", number, len(found))
    return CheckedSlices(pairs, tuple(problems))
