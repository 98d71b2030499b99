"""What training, and packing its weights, ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.io.plain_data import Json
from ifssnet.train.data.budget import AnnotationBudget


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


@dataclass(frozen=True)
class PseudoLabelledLeg:
    """One training leg whose labels are an expert's on few slices, and a method's on all others.

    Attributes:
        drawn: Muscle to the slices that the expert has drawn.
        dice: Muscle to the agreement of the new labels with the old ones on all other slices.
    """

    drawn: Mapping[str, tuple[int, ...]]
    dice: Mapping[str, float]

    @property
    def mean_dice(self) -> float:
        """The mean over the muscles."""
        return sum(self.dice.values()) / max(len(self.dice), 1)


@dataclass(frozen=True)
class PseudoLabels:
    """How the training legs of a cohort were labelled anew: the file `pseudo-labels.json`.

    Attributes:
        format: The format's name and version.
        made_from: The name of the cohort that it was made of.
        method: What the method's results depend on, as plain data.
        budget: Which slices the expert has drawn.
        drawn: The masks that the expert has drawn.
        drawn_share: These masks as a share of all, 0 to 1.
        dice_mean: The mean over the legs of their mean Dice.
        dice_sd: The standard deviation of that; 0 for a single leg.
        legs: Leg to what was drawn and how well the rest agrees.
        software: Libraries to their versions.
    """

    format: str
    made_from: str
    method: Mapping[str, Json]
    budget: AnnotationBudget
    drawn: int
    drawn_share: float
    dice_mean: float
    dice_sd: float
    legs: Mapping[str, PseudoLabelledLeg]
    software: Mapping[str, str]
