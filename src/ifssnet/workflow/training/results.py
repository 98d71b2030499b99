"""What training, and packing its weights, ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended, and where its weights are.

    Attributes:
        output: The run's folder.
        units: The units that were trained.
        planned_units: The units that were planned.
        steps: The steps of the optimiser.
        minutes: The time that it took, over all sessions.
        best_dice: The best validation's Dice; None where there was no validation.
        best_unit: The units that had been trained by then.
        stopped_early: Whether the validations ended the training.
        weights: The file with the best weights.
    """

    output: Path
    units: int
    planned_units: int
    steps: int
    minutes: float
    best_dice: float | None
    best_unit: int
    stopped_early: bool
    weights: Path


@dataclass(frozen=True)
class WeightsFacts:
    """What a weights file is.

    Attributes:
        name: The file's name without its suffix.
        kind: The kind of network.
        bytes: The size of the file.
        stored: How numbers are stored, "fp32" or "fp16".
        sha256: The hash of the tensors.
        muscles: The muscles that it was trained on; empty when it follows any muscle.
        trained_on: The legs and the recipe, in a few words; empty where the card names neither.
        metrics: The last validation: Dice, and volume errors in percent.
    """

    name: str
    kind: str
    bytes: int
    stored: str
    sha256: str
    muscles: tuple[str, ...]
    trained_on: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class PackedWeights:
    """A file to ship that was written.

    Attributes:
        output: The file.
        weights: What it is.
        bytes_before: The size of the file that it was made of.
        largest_change: The largest change that rounding made to a number.
    """

    output: Path
    weights: WeightsFacts
    bytes_before: int
    largest_change: float
