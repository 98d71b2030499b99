"""Headers that say two things about the size of a voxel, or nothing: it is named, and one is taken or none."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ifssnet.core.errors import InputError, InputWarning

_SAME_LENGTH = 3e-4
"""Relative difference of lengths that digits left out can make; three of them stay below a volume's 0.1 %."""
_SAME_VOLUME = 1e-3


@dataclass(frozen=True)
class Statement:
    """What one part of a header says.

    Attributes:
        what: The part, as a noun phrase ("the sform", "ElementSize").
        spacing_xyz_mm: The size of a voxel by it.
    """

    what: str
    spacing_xyz_mm: Sequence[float]

    def __str__(self) -> str:
        """As messages have it."""
        return f"{' x '.join(f'{each:.4g}' for each in self.spacing_xyz_mm)} mm by {self.what}"


def settle(taken: Statement, other: Statement, where: str, labels: bool) -> None:
    """Name both statements where they differ; refuse a label map whose volumes would differ by more than 0.1 %.

    Args:
        taken: The one that counts by the rules of docs/reference/formats.md.
        other: The one that does not.
        where: The file.
        labels: Whether volumes are measured from it.

    Raises:
        InputError: A label map whose volumes depend on the choice.
    """
    pairs = list(zip(taken.spacing_xyz_mm, other.spacing_xyz_mm, strict=True))
    if all(math.isclose(a, b, rel_tol=_SAME_LENGTH) for a, b in pairs):
        return
    product = math.prod(b for _, b in pairs)
    ratio = math.prod(a for a, _ in pairs) / product if product else math.inf
    if labels and not math.isclose(ratio, 1, rel_tol=_SAME_VOLUME):
        raise InputError(
            f"one size of a voxel in the header of {where}",
            f"{taken} and {other}; volumes would differ by the factor {_above_one(ratio):.4g}",
            "Save the label map again with the program that drew it, or correct the header.",
        )
    warnings.warn(
        InputWarning(f"{where} says two sizes of a voxel: {taken} and {other}. The first was taken."),
        stacklevel=3,
    )


def assume_1_mm(what: str, where: str, labels: bool) -> None:
    """Say that a length that a header leaves out was assumed; refuse a label map, whose volumes would be made up.

    Args:
        what: What is not said ("spacing along z").
        where: The file.
        labels: Whether volumes are measured from it.

    Raises:
        InputError: A label map.
    """
    if labels:
        raise InputError(
            f"the size of a voxel in the header of {where}, as volumes are measured from its labels",
            f"no {what}",
            "Save the label map again with its spacing (in mm), or add it to the header.",
        )
    warnings.warn(InputWarning(f"{where} says no {what}; 1 mm was assumed."), stacklevel=3)


def _above_one(ratio: float) -> float:
    return max(ratio, 1 / ratio) if ratio else math.inf
