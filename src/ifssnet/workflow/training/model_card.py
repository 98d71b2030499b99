"""What a weights file says about itself, for a person: where it comes from and how well it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ifssnet.core.images import counted
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.io.storage.weights import FP32


@dataclass(frozen=True)
class CardConfig:
    """The task's configuration, as far as a card shows it."""

    supervision: str | None = None


@dataclass(frozen=True)
class CardRecipe:
    """The recipe, as far as a card shows it."""

    name: str | None = None
    about: str | None = None
    config: CardConfig = CardConfig()


@dataclass(frozen=True)
class CardCohort:
    """The cohort, as far as a card shows it."""

    name: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class CardStart:
    """The weights that a training began with."""

    file: str | None = None


@dataclass(frozen=True)
class CardSettings:
    """The settings of a training, as far as a card shows them."""

    from_: CardStart | None = None
    seed: int | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class CardSoftware:
    """The versions, as far as a card shows them."""

    ifssnet: str | None = None


@dataclass(frozen=True)
class Card:
    """The card of weights as a training writes it. Everything may be missing, and others may add to it.

    Attributes:
        recipe: The recipe that they were trained with.
        settings: The settings of the training.
        cohort: The legs that they were trained on.
        software: The versions that they were trained with.
        training_legs: The names of these legs; None where the card does not have them.
        unit: The units that had been trained when they were kept.
        units: The units that were planned.
        stored: How numbers are stored, "fp32" or "fp16".
        validation: The last validation: Dice, and volume errors in percent, overall and of each muscle. None stands for a
            number that was not finite.
    """

    recipe: CardRecipe = CardRecipe()
    settings: CardSettings = CardSettings()
    cohort: CardCohort = CardCohort()
    software: CardSoftware = CardSoftware()
    training_legs: tuple[str, ...] | None = None
    unit: int | None = None
    units: int | None = None
    stored: str = FP32
    validation: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])

    @property
    def trained_on(self) -> str:
        """The legs and the recipe, in a few words; empty where the card names neither.

        >>> Card(CardRecipe("full"), cohort=CardCohort("cones"), training_legs=("P1", "P2")).trained_on
        '2 legs of cones, recipe full'
        """
        cohort, recipe = self.cohort.name or "", f"recipe {self.recipe.name}" if self.recipe.name else ""
        if self.training_legs is not None:
            cohort = counted(len(self.training_legs), "leg") + (f" of {cohort}" if cohort else "")
        return ", ".join(part for part in (cohort, recipe) if part)

    @property
    def metrics(self) -> dict[str, float]:
        """The finite numbers of the last validation."""
        return {key: value for key, value in self.validation.items() if value is not None}


def card_of(weights: Weights) -> Card:
    """The card of weights.

    Raises:
        InputError: A card on which something is of another type than trainings write.
    """
    return structure(Card, weights.card, f"the card of the weights of {weights.kind}", ignore_unknown=True)


def model_card(name: str, weights: Weights, size_bytes: int) -> str:
    """A model card in Markdown of what is in the file. A person adds what the file cannot know: limits, and other tests.

    Args:
        name: The name of the weights.
        weights: The weights as they were opened.
        size_bytes: The size of the file.
    """
    card, count = card_of(weights), sum(tensor.size for tensor in weights.tensors.values())
    facts: dict[str, str | int | float | None] = {
        "Network": weights.kind,
        "Muscles": ", ".join(weights.muscles) or "any: it follows the masks that it is given",
        "Numbers": f"{count:,}, stored as {card.stored}, {size_bytes / 1e6:.2f} MB",
        "SHA-256": f"`{weights.sha256}`",
        "Trained on": card.trained_on,
        "Cohort's hash": f"`{card.cohort.sha256}`" if card.cohort.sha256 else None,
        "What the recipe is": card.recipe.about,
        "Supervision": card.recipe.config.supervision,
        "Started from": card.settings.from_.file if card.settings.from_ else None,
        "Seed": card.settings.seed,
        "Minutes asked for": card.settings.minutes,
        "Units": f"{card.unit} of {card.units}" if card.unit is not None else None,
        "Version": card.software.ifssnet,
    }
    lines = [f"# {name}", "", "| | |", "|---|---|"]
    lines += [f"| {what} | {value} |" for what, value in facts.items() if value not in (None, "")]
    if metrics := card.metrics:
        lines += ["", "On the validation legs, slices that were not given:", "", "| | |", "|---|---|"]
        lines += [f"| {key} | {value:.4g} |" for key, value in metrics.items()]
    return "\n".join([*lines, ""])
