"""What the demo made and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.results.agreement import MuscleAgreement


@dataclass(frozen=True)
class DemoScores:
    """One muscle by one method against the truth.

    Attributes:
        volume_cm3: The volume that was found.
        reference_volume_cm3: The true volume.
        volume_error_percent: The error of the volume, positive where it is too large.
        dice: Dice's coefficient.
        hausdorff95_mm: The 95th percentile of the Hausdorff distance.
    """

    volume_cm3: float
    reference_volume_cm3: float
    volume_error_percent: float
    dice: float
    hausdorff95_mm: float

    @classmethod
    def of(cls, found: MuscleAgreement) -> DemoScores:
        """The numbers of a comparison that the demo shows."""
        return cls(found.volume_cm3, found.reference_volume_cm3, found.volume_error_percent, found.dice, found.hausdorff95_mm)


@dataclass(frozen=True)
class DemoResult:
    """What the demo made and found.

    Attributes:
        output: The folder with everything.
        report: The page to open.
        muscles: Muscle to the scores of the first method.
        methods: The method's title to muscle to its scores.
        notes: Which method stands in for another one, and why.
    """

    output: Path
    report: Path
    muscles: Mapping[str, DemoScores]
    methods: Mapping[str, Mapping[str, DemoScores]]
    notes: tuple[str, ...]
