"""Which labels of two maps are the same muscle: names decide, not numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Int, Integer
from numba import njit

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE, field_name


@dataclass(frozen=True)
class Pair:
    """One muscle in two label maps.

    Attributes:
        name: The field's name.
        value: In the first map, None where that lacks it.
        reference_value: In the second.
    """

    name: str
    value: int | None
    reference_value: int | None


def named_values(labels: LabelMap) -> Mapping[str, int]:
    """Muscle's name (`field_name`) to label value, SOL, GM and GL first; a value in use without a name is called by its number.

    Raises:
        InputError: Two labels have names for the same muscle.
    """
    values = sorted({*labels.names, *values_in(labels.array).tolist()} - {0})
    found: dict[str, int] = {}
    for value in values:
        name = field_name(labels.names.get(value, str(value)))
        if name in found:
            raise InputError(
                "one label a muscle", f"the labels {found[name]} and {value}, both {name}", "Merge them, or rename one of them."
            )
        found[name] = value
    rank = {name: place for place, name in enumerate(TRICEPS_SURAE)}
    return dict(sorted(found.items(), key=lambda item: (rank.get(item[0], len(rank)), item[1])))


def paired(labels: LabelMap, reference: LabelMap, what: str = "segmentation") -> list[Pair]:
    """The muscles of two label maps, matched by name; one that a map lacks counts as empty there, with an `InputWarning`.

    Raises:
        InputError: No muscle is in both, or a map has two labels for one.
    """
    ours, theirs = named_values(labels), named_values(reference)
    if not ours.keys() & theirs.keys():
        raise InputError(
            f"a muscle that both the {what} and the reference name",
            f"{', '.join(ours) or 'none'} and {', '.join(theirs) or 'none'}",
            "Rename the labels of one of them.",
        )
    for where, lacking in ((what, theirs.keys() - ours.keys()), ("reference", ours.keys() - theirs.keys())):
        if lacking:
            warnings.warn(
                InputWarning(f"The {where} has no {', '.join(sorted(lacking))}: counted as empty there."), stacklevel=3
            )
    order = [*theirs, *(name for name in ours if name not in theirs)]
    return [Pair(name, ours.get(name), theirs.get(name)) for name in order]


def values_in(array: Integer[np.ndarray, "z y x"]) -> Int[np.ndarray, " value"]:
    """The values that occur, ascending."""
    found: set[int] = set()
    for plane in array:
        found.update(_distinct_of_slice(plane).tolist())
    return np.array(sorted(found), dtype=np.int64)


@no_type_check
@njit(cache=True)
def _distinct_of_slice(plane: Any) -> Any:
    """The values of one slice; labels come in long runs, so that few values are looked up."""
    seen = np.empty(64, dtype=np.int64)
    count = 0
    before = np.int64(plane[0, 0]) + 1
    for y in range(plane.shape[0]):
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
                    longer = np.empty(2 * count, dtype=np.int64)
                    longer[:count] = seen
                    seen = longer
                seen[count] = value
                count += 1
    return seen[:count]
