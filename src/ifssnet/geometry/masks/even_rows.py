"""Whether a row of labels is all of one value, as most rows of a label map are."""

from __future__ import annotations

from typing import Any, no_type_check

from ifssnet.geometry.compiled import compiled


@no_type_check
@compiled(nogil=True)
def is_even(row: Any) -> bool:
    """Whether all elements of a row, which has one or more, are equal; many are compared at a time."""
    first = row[0]
    differs = False
    for x in range(len(row)):
        differs = differs | (row[x] != first)
    return not differs
