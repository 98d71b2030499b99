"""Which picture of a folder a number in a table of poses means."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.geometry.masks.runs import number_ranges
from ifssnet.io.codecs.pictures import PICTURES

_LAST_NUMBER = re.compile(r"(\d{1,9})$")
_MOST_RANGES = 4


def numbered_file(number: int) -> str:
    """The name that the writer gives a frame.

    >>> numbered_file(7)
    'frame_0007.png'
    """
    return f"frame_{number:04d}.png"


def pictures_in(folder: Path) -> list[str]:
    """The pictures of a folder, by the number that their names end in, then by name."""
    names = [each.name for each in folder.iterdir() if each.suffix.lower() in PICTURES and not each.is_dir()]
    return sorted(names, key=lambda name: (_number_of(name) is None, _number_of(name) or 0, name))


def files_of_numbers(folder: Path, numbers: Sequence[int]) -> dict[int, str]:
    """Number to picture: of the writer's name; else of the number that its name ends in; else in the order of both.

    Args:
        folder: Where the pictures lie.
        numbers: As the table of poses has them.

    Raises:
        InputError: Pictures are missing, and there are not as many of them as numbers.
    """
    exact = {number: numbered_file(number) for number in numbers}
    if all((folder / name).exists() for name in exact.values()):
        return exact
    names = pictures_in(folder)
    ends = [_number_of(name) for name in names]
    by_number = {end: name for end, name in zip(ends, names, strict=True) if end is not None}
    if len(by_number) == len(names) and set(numbers) <= set(by_number):
        return {number: by_number[number] for number in numbers}
    if len(set(numbers)) == len(names):
        shown = number_ranges(numbers, _MOST_RANGES)
        what = f"{folder.name}: the poses are numbered {shown}, the pictures {names[0]} to {names[-1]}"
        warnings.warn(InputWarning(f"{what}; {len(names)} of each were joined in their order."), stacklevel=4)
        return dict(zip(sorted(numbers), names, strict=True))
    missing = next(number for number in numbers if number not in by_number)
    raise InputError(
        f"a picture for each pose in {folder.name}, such as {numbered_file(missing)}",
        f"{len(set(numbers))} poses, numbered {number_ranges(numbers, _MOST_RANGES)}, and {len(names)} pictures",
        "Put the pictures of this recording there, or write the name of each into the column 'frame'.",
    )


def _number_of(name: str) -> int | None:
    match = _LAST_NUMBER.search(name.rsplit(".", 1)[0])
    return int(match[1]) if match else None
