"""Words of the command line into values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ifssnet.core.errors import InputError

if TYPE_CHECKING:
    from ifssnet.workflow.files.opener import SeedReading


def folder(path: Path | None) -> Path | None:
    """A folder that is to be made, whose name is no file's.

    Raises:
        InputError: It ends as the name of a file does.
    """
    if path is not None:
        from ifssnet.workflow.files.result_files import check_folder_name

        check_folder_name(path)
    return path


def many_legs(words: Sequence[str]) -> bool:
    """Whether the volumes of a command line are many legs: several of them, a folder of legs, or an address."""
    from ifssnet.workflow.cohorts.found_legs import is_many

    return len(words) > 1 or any(is_many(word) for word in words)


def numbers(text: str, option: str, count: int, example: str) -> tuple[float, ...]:
    """Exactly `count` numbers with commas between them.

    Raises:
        InputError: Another count, or words that are no finite numbers.
    """
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    if len(values) != count or not all(map(math.isfinite, values)):
        raise InputError(f"{count} numbers after {option}, as in {option} {example}", f"'{text}'", "Write numbers with commas.")
    return values


def spacing_xyz(text: str | None) -> tuple[float, float, float] | None:
    """`0.5` or `0.5,0.5,0.277`, in mm along x, y and z."""
    if text is None:
        return None
    if "," not in text:
        text = ",".join([text] * 3)
    x, y, z = numbers(text, "--spacing", 3, "0.5 or 0.5,0.5,0.277")
    if min(x, y, z) <= 0:
        raise InputError("a spacing above 0 mm", f"'{text}'", "Give the distance between voxels in mm.")
    return (x, y, z)


def slices(text: str | None) -> tuple[int, ...] | None:
    """`40,47` or `40-42,60` as slice indices, ascending.

    >>> slices("40-42,60")
    (40, 41, 42, 60)

    Raises:
        InputError: Something else, or more slices than any volume has.
    """
    if text is None:
        return None
    found: set[int] = set()
    for word in text.split(","):
        first, _, last = word.strip().partition("-")
        if not _is_index(first) or not _is_index(last or first) or int(last or first) < int(first):
            raise InputError("slices such as --slices 40,47 or 40-42", f"'{text[:60]}'", "Write indices from 0, with commas.")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def label_names(text: str | None) -> dict[int, str]:
    """`1=SOL,2=GM` as label value to name; nothing where nothing is given.

    >>> label_names("1=SOL, 2=GM")
    {1: 'SOL', 2: 'GM'}

    Raises:
        InputError: Something else, or a value or a name twice.
    """
    found: dict[int, str] = {}
    for word in () if text is None else text.split(","):
        value, equals, name = (part.strip() for part in word.partition("="))
        if not equals or not (value.isascii() and value.isdigit() and len(value) < 10) or int(value) == 0 or not name:
            raise InputError("names such as --names 1=SOL,2=GM", f"'{word[:60]}'", "Give each label value above 0 a name.")
        if int(value) in found or name in found.values():
            raise InputError("each label value and each name once", f"'{(text or '')[:60]}'", "Correct --names.")
        found[int(value)] = name
    return found


def seed_reading(
    names: str | None, corrections: Sequence[Path] | None, later_wins: bool, keep_outlines: bool, clean: bool
) -> SeedReading:
    """How what people drew is taken, by the options that all commands that read seeds share."""
    from ifssnet.workflow.files.opener import SeedReading

    conflicts = "later" if later_wins else "refuse"
    return SeedReading(keep_outlines, clean, tuple(corrections or ()), conflicts, label_names(names))


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6


def numbers_by_name(text: str | None) -> dict[str, float]:
    """`SOL=9,GM=6.5` as name to a number above 0; nothing where nothing is given.

    >>> numbers_by_name("SOL=9, GM=6.5")
    {'SOL': 9.0, 'GM': 6.5}

    Raises:
        InputError: Something else, or a name twice.
    """
    found: dict[str, float] = {}
    for word in () if text is None else text.split(","):
        name, _, number = (part.strip() for part in word.partition("="))
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not name or name in found or not (math.isfinite(value) and value > 0):
            raise InputError("a number above 0 for each name once, such as SOL=9,GM=6.5", f"'{word[:60]}'", "Correct it.")
        found[name] = value
    return found


def names(text: str | None) -> tuple[str, ...] | None:
    """`SOL,GM,GL` as a tuple of names."""
    if text is None:
        return None
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if not found or len(set(found)) != len(found):
        raise InputError("names with commas between them, each once", f"'{text}'", "Write for example --labels SOL,GM,GL.")
    return found
