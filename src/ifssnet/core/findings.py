"""A finding: a remark about a recording, a volume or a segmentation that a person has to know before using its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]

_RANKS: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Finding:
    """One remark.

    Attributes:
        severity: "error": the data cannot be of use. "warning": the numbers will suffer. "note": nothing need be done.
        text: What was found, as a sentence with its figure.
        remedy: What can be done about it, as a sentence; may be empty.
        figure: The figure in the text, for a program; None where the remark has none.
        unit: The unit of the figure, such as "mm"; empty for a share from 0 to 1 and for a count.
    """

    severity: Severity
    text: str
    remedy: str = ""
    figure: float | None = None
    unit: str = ""


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings by severity; those of the same severity keep their order.

    >>> [finding.text for finding in worst_first([Finding("note", "b"), Finding("error", "c"), Finding("note", "a")])]
    ['c', 'b', 'a']
    """
    return tuple(sorted(findings, key=lambda finding: _RANKS[finding.severity]))
