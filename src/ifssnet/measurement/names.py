"""Which labels of two maps are the same muscle: names decide, not numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE, field_name
from ifssnet.geometry.values import values_in_use


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
    values = sorted({*labels.names, *values_in_use(labels.array)})
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
