"""A metric: how it is computed, and how it is written for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference.comparison import Comparison

Better: TypeAlias = Literal["larger", "smaller", "nearer to 0"]


@dataclass(frozen=True)
class Metric:
    """One number that says how well a muscle agrees with its reference.

    Attributes:
        quantity: Its name, unit and meaning.
        compute: The number, from the counts and distances of one muscle; may be infinite.
        better: Which of two values is the better one; None for a number that is no judgement.
    """

    quantity: Quantity
    compute: Callable[[Comparison], float]
    better: Better | None = None

    @property
    def key(self) -> str:
        """Its name in results and files."""
        return self.quantity.key
