"""The names that programs give to a tracked probe, and chains of transforms that break only because two of them differ."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = frozenset({"probe", "transducer", "scanhead", "us", "ultrasound"})
_BEFORE = re.compile(r"^(us|ultrasound)(?=.)")

Key = tuple[str, str]


def is_probe(name: str) -> bool:
    """Whether a coordinate frame is the probe's by its name; a number tells probes apart, and so is no such name.

    >>> [is_probe(name) for name in ("Probe", "US_Transducer", "Stylus", "Probe2")]
    [True, True, False, False]
    """
    plain = re.sub(r"[\W_]", "", name).lower()
    return plain in _NAMES or _BEFORE.sub("", plain) in _NAMES


def beside(image: str, constant: Iterable[Key]) -> set[str]:
    """The coordinate frames that constant transforms join to the image, itself included."""
    edges, found, waiting = list(constant), {image}, [image]
    while waiting:
        here = waiting.pop()
        there = {end if start == here else start for start, end in edges if here in (start, end)} - found
        waiting += there
        found |= there
    return found


def gap_of(image: str, constant: Iterable[Key], tracked: Iterable[Key]) -> tuple[list[str], list[str]]:
    """Where a chain breaks: the frames that the calibration reaches, and those that the tracker follows; none if they meet."""
    fixed, followed = beside(image, constant), {name for key in tracked for name in key}
    if len(fixed) == 1 or not followed or fixed & followed:
        return [], []
    return sorted(fixed - {image}), sorted(followed)


def one_probe(image: str, constant: Iterable[Key], tracked: Iterable[Key]) -> Key | None:
    """Two names of one probe, between which a chain breaks; None where it breaks elsewhere or more than two could be meant."""
    calibrated, followed = gap_of(image, constant, tracked)
    here, there = [name for name in calibrated if is_probe(name)], [name for name in followed if is_probe(name)]
    return (here[0], there[0]) if len(here) == len(there) == 1 else None
