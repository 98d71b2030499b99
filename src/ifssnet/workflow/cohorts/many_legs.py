"""Which legs of a cohort are worked on."""

from __future__ import annotations

from ifssnet.core.cohort import Case, Cohort
from ifssnet.core.errors import InputError

FIRST_ACQUISITIONS = ("", "r1")


def legs_of(cohort: Cohort, split: str, limit: int | None = None) -> tuple[Case, ...]:
    """A split's legs, the first acquisition of each: a second one of the same leg is no leg of its own.

    Raises:
        InputError: The split has none.
    """
    if limit is not None and limit < 1:
        raise InputError("at least 1 leg", f"{limit}", "Take more.")
    cases = tuple(case for case in cohort.of_split(split) if case.acquisition in FIRST_ACQUISITIONS)
    if not cases:
        raise InputError(
            f"legs in the split '{split}' of {cohort.root}", "none", f"Choose one of {', '.join(cohort.splits) or '(none)'}."
        )
    return cases[:limit]
