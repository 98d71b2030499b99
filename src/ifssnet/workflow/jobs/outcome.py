"""What a job is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from ifssnet.core.errors import InputError

Work = TypeVar("Work")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Outcome(Generic[Work, Found]):
    """How a job ended.

    Attributes:
        work: What was to be done.
        found: What it gave; None where it failed.
        error: Empty where it was done; else what went wrong, in words.
        refusal: The error itself where it is the user's.
    """

    work: Work
    found: Found | None = None
    error: str = ""
    refusal: InputError | None = None


Ends: TypeAlias = Generator[tuple[int, Outcome[Work, Found]] | str, None, None]
"""Work that ends job by job, each with its place; in between, often, words on how it goes, which may be empty."""


def attempt(function: Callable[[Work], Found], work: Work) -> Outcome[Work, Found]:
    """Do it. Where an error is not the user's, the words say its kind too."""
    try:
        return Outcome(work, function(work))
    except InputError as error:
        return Outcome(work, error=str(error), refusal=error)
    except Exception as error:
        return Outcome(work, error=f"{type(error).__name__}: {error}")
