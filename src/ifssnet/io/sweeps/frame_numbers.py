"""Which image each number in a header means: frames may be numbered from 0, from 1, by step, or with numbers missing."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.geometry.masks.runs import number_ranges

_MOST_RANGES = 4


def places_of(numbers: Collection[int], images: int, where: str) -> dict[int, int]:
    """The index of the image that each frame number stands for.

    Where the numbers can mean one thing only, they are taken so, with an `InputWarning` unless they count from 0:

    - as many numbers as images belong to them in their order, wherever they begin and whatever their step;
    - fewer numbers that begin with 0 count from 0, and images without a number have no pose;
    - fewer numbers, of which the last is the number of images, count from 1.

    Args:
        numbers: The frame numbers of a header.
        images: How many images there are.
        where: The file, for messages.

    Raises:
        InputError: More numbers than images, or numbers that can be read in two ways.
    """
    listed = sorted(set(numbers))
    if not listed or (len(listed) <= images and listed[0] == 0 and listed[-1] < images):
        return {number: number for number in listed}
    shown = number_ranges(listed, _MOST_RANGES)
    if len(listed) == images:
        _say(f"{where}: the frames are numbered {shown}; they were joined with the {images} images in their order")
        return {number: place for place, number in enumerate(listed)}
    if len(listed) < images and listed[0] > 0 and listed[-1] == images:
        _say(f"{where}: the frames are numbered {shown} of {images} images; they were taken to count from 1")
        return {number: number - 1 for number in listed}
    if len(listed) < images and listed[-1] < images:
        raise InputError(
            f"numbers of frames that say whether they count from 0 or from 1 in {where}",
            f"{shown} for {images} images: neither 0 nor {images} is among them",
            "Number the frames from 0, or write a line for each image.",
        )
    raise InputError(
        f"poses and images that belong together in {where}",
        f"{len(listed)} frames in the header, numbered {shown}, and {images} images",
        "Give the recording whole, as it was saved: nobody can say which image each pose belongs to.",
    )


def _say(what: str) -> None:
    warnings.warn(InputWarning(f"{what}."), stacklevel=4)
