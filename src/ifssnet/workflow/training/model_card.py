"""What a weights file tells about itself, for a person: where it comes from and how well it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from ifssnet.core.segmentation import Json
from ifssnet.core.weights import Weights
from ifssnet.io.storage.weights import STORED


def trained_on(weights: Weights) -> str:
    """The legs and the recipe, in a few words; empty where the card tells neither.

    >>> import numpy as np
    >>> card = {"training_legs": ["P1", "P2"], "cohort": {"name": "cones"}, "recipe": {"name": "full"}, "from": None}
    >>> trained_on(Weights("anchored", {}, {}, (), {"a": np.zeros(1)}, card))
    '2 legs of cones, recipe full'
    """
    legs, cohort, recipe = weights.card.get("training_legs"), _inner(weights, "cohort"), _inner(weights, "recipe")
    told: list[str] = []
    if isinstance(legs, Sequence) and not isinstance(legs, str):
        told.append(f"{len(legs)} legs" + (f" of {cohort['name']}" if cohort.get("name") else ""))
    elif cohort.get("name"):
        told.append(str(cohort["name"]))
    if recipe.get("name"):
        told.append(f"recipe {recipe['name']}")
    return ", ".join(told)


def metrics_of(weights: Weights) -> Mapping[str, float]:
    """What the training's last look at its validation legs found: Dice, and volume errors in percent, by muscle."""
    found = _inner(weights, "validation")
    return {key: float(value) for key, value in found.items() if isinstance(value, int | float) and not isinstance(value, bool)}


def model_card(name: str, weights: Weights, size_bytes: int) -> str:
    """A model card in Markdown, of what is in the file; a person adds what the file cannot know: limits, other tests.

    Args:
        name: Of the weights.
        weights: As they were opened.
        size_bytes: Of the file.
    """
    cohort, settings, recipe = _inner(weights, "cohort"), _inner(weights, "settings"), _inner(weights, "recipe")
    count = sum(tensor.size for tensor in weights.tensors.values())
    start = settings.get("from")
    facts = {
        "Network": weights.kind,
        "Muscles": ", ".join(weights.muscles) or "any: it follows the masks that it is given",
        "Numbers": f"{count:,}, stored as {weights.card.get(STORED, 'fp32')}, {size_bytes / 1e6:.2f} MB",
        "SHA-256": f"`{weights.sha256}`",
        "Trained on": trained_on(weights),
        "Cohort's hash": f"`{cohort['sha256']}`" if cohort.get("sha256") else "",
        "What the recipe is": recipe.get("about"),
        "Supervision": _supervision(recipe),
        "Started from": start.get("file") if isinstance(start, Mapping) else None,
        "Seed": settings.get("seed"),
        "Minutes asked for": settings.get("minutes"),
        "Units": f"{weights.card['unit']} of {weights.card.get('units')}" if "unit" in weights.card else None,
        "Version": _inner(weights, "software").get("ifssnet"),
    }
    lines = [f"# {name}", "", "| | |", "|---|---|"]
    lines += [f"| {what} | {value} |" for what, value in facts.items() if value not in (None, "")]
    if metrics := metrics_of(weights):
        lines += ["", "On the validation legs, slices that were not given:", "", "| | |", "|---|---|"]
        lines += [f"| {key} | {value:.4g} |" for key, value in metrics.items()]
    return "\n".join([*lines, ""])


def _supervision(recipe: Mapping[str, Json]) -> Json:
    config = recipe.get("config")
    return config.get("supervision") if isinstance(config, Mapping) else None


def _inner(weights: Weights, key: str) -> Mapping[str, Json]:
    """A table of the card; empty where there is none: cards are what their maker put there."""
    found = weights.card.get(key)
    return cast("Mapping[str, Json]", found) if isinstance(found, Mapping) else {}
