"""How long work tells how far it is, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from ifssnet.core.findings import Finding

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """How much of a stage is done.

    Attributes:
        stage: What is being done, for a person: "inserting frames".
        done: Parts finished.
        total: Parts in all.
        note: How it goes, for a person: "loss 0.21, Dice 0.94, 12 min left"; may be empty and may change from step to step.
        findings: What a person has to know before the rest of the work is done.
    """

    stage: str
    done: int
    total: int
    note: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Step:
    """One slice of one muscle, as a propagator found it.

    Attributes:
        label: Which muscle.
        z: Which slice.
        probability: The probability of each pixel to belong to the muscle, 0 to 1; 0.5 and above is inside.
        done: Steps finished, this one included.
        total: Steps in all.
        provisional: Whether the same slice comes again, better.
        within: Rows and columns beyond which the probability is 0; None where it may be anything everywhere.
    """

    label: int
    z: int
    probability: Float[np.ndarray, "y x"]
    done: int
    total: int
    provisional: bool = False
    within: tuple[slice, ...] | None = None


def drain(work: Generator[Progress, None, Result], listen: Callable[[Progress], None] | None = None) -> Result:
    """Run a computation that yields its progress to its end, and return its result.

    Args:
        work: A generator that yields `Progress` and returns its result.
        listen: Called with each `Progress`. What it raises ends the work, which is closed before the exception goes on.
    """
    with closing(work):
        while True:
            try:
                progress = next(work)
            except StopIteration as stop:
                return stop.value
            if listen is not None:
                listen(progress)
