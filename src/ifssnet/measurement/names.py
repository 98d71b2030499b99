"""Which labels of two maps are the same muscle: names decide, not numbers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import field_names, place_of
from ifssnet.geometry.masks.values import values_in_use


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


def named_values(labels: LabelMap, beside: Iterable[str] = ()) -> Mapping[str, int]:
    """Muscle's name (`field_names`) to label value, SOL, GM and GL first; a value in use without a name is named by its number.

    Args:
        labels: The label map.
        beside: Names that stand with the map's own: where the two together tell left from right, sides are kept.

    Raises:
        InputError: Two labels have names for the same muscle.
    """
    values = sorted({*labels.names, *values_in_use(labels.array)})
    called = field_names([*(labels.names.get(value, str(value)) for value in values), *beside])
    found: dict[str, int] = {}
    for value in values:
        name = called[labels.names.get(value, str(value))]
        if name in found:
            raise InputError(
                "one label a muscle", f"the labels {found[name]} and {value}, both {name}", "Merge them, or rename one of them."
            )
        found[name] = value
    return dict(sorted(found.items(), key=lambda item: (*place_of(item[0]), item[1])))


def paired(labels: LabelMap, reference: LabelMap, what: str = "segmentation") -> list[Pair]:
    """The muscles of two label maps, matched by name; one that a map lacks counts as empty there, with an `InputWarning`.

    Raises:
        InputError: No muscle is in both, or a map has two labels for one.
    """
    ours = named_values(labels, reference.names.values())
    theirs = named_values(reference, labels.names.values())
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
