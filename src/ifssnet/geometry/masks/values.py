"""Which values a label map holds."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Integer

from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.even_rows import is_even

_FEW = 64
"""Up to this many values are found faster one by one than by sorting all pixels."""


def values_in_use(array: Integer[np.ndarray, "z y x"]) -> tuple[int, ...]:
    """Label values that occur, background (0) left out, ascending; slice by slice, without a copy of the array."""
    found: set[int] = set()
    for plane in array:
        few, complete = _distinct_of_slice(plane)
        found.update((few if complete else np.unique(plane)).tolist())
    return tuple(sorted(found - {0}))


def counts_of_values(array: Integer[np.ndarray, "z y x"]) -> dict[int, dict[int, int]]:
    """Label value to the slices that have it, each with the number of its pixels there; background (0) left out.

    What is there is counted: a label value of four thousand million takes no more memory than one of 1.
    """
    found: dict[int, dict[int, int]] = {}
    for z, plane in enumerate(array):
        if plane.dtype.kind == "u" and plane.dtype.itemsize <= 2:
            by_value = _counted(plane, np.iinfo(plane.dtype).max + 1)
            values = np.flatnonzero(by_value)
            counts = by_value[values]
        else:
            values, counts = np.unique(plane, return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if value:
                found.setdefault(value, {})[z] = count
    return found


@no_type_check
@compiled(nogil=True)
def _counted(plane, values):
    """How many pixels of a slice have each value; rows of one value, as most are, are counted at once."""
    counts = np.zeros(values, np.int64)
    for y in range(plane.shape[0]):
        if is_even(plane[y]):
            counts[plane[y, 0]] += plane.shape[1]
        else:
            for x in range(plane.shape[1]):
                counts[plane[y, x]] += 1
    return counts


@no_type_check
@compiled()
def _distinct_of_slice(plane: Any) -> Any:
    """The values of one slice, and whether these are all: labels come in long runs and are few, or they are sorted instead."""
    seen = np.empty(_FEW, dtype=np.int64)
    count = 0
    before = np.int64(plane[0, 0]) + 1
    for y in range(plane.shape[0]):
        if np.int64(plane[y, 0]) == before and is_even(plane[y]):
            continue
        for x in range(plane.shape[1]):
            value = np.int64(plane[y, x])
            if value == before:
                continue
            before = value
            known = False
            for i in range(count):
                if seen[i] == value:
                    known = True
                    break
            if not known:
                if count == seen.size:
                    return seen, False
                seen[count] = value
                count += 1
    return seen[:count], True
