"""The methods that an evaluation compares: named, set, and with their weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.muscles import field_name
from ifssnet.core.results.evaluation import MethodFacts, MethodWeights, NetworkFacts
from ifssnet.core.segmentation import Propagator
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.baselines.hold import Hold, HoldConfig
from ifssnet.propagate.methods import METHODS, learned, method
from ifssnet.propagate.per_muscle import PerMuscle

HOLD = "hold"

SHORT: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "guided": ("shape-interpolation", {}),
        "plain": ("shape-interpolation", {"plain": True}),
    }
)
"""Short names of methods with settings that every evaluation compares."""

IMAGE = "image"
"""The one setting that any method takes: `zero` hands it a volume without an image, which shows what the image is worth."""


@dataclass(frozen=True)
class ComparedMethod:
    """One method of an evaluation.

    Attributes:
        label: What tables and figures call it; unique in an evaluation, and the name of its files.
        name: The method's name, or one of `SHORT`, or "hold".
        settings: The settings that differ from their defaults.
        weights: The file with a learned method's weights, or a folder with a network for each muscle (see
            `weights_per_muscle`); None for the others.
    """

    label: str
    name: str
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    weights: Path | None = None

    def __post_init__(self) -> None:
        if self.name not in names():
            raise InputError(f"one of the methods {', '.join(names())}", f"'{self.name}'", "Choose one of them.")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}", self.label):
            raise InputError(
                "a label of up to 60 letters, digits and . _ + -", f"'{self.label}'", "Write for example full=ifss-net@FILE."
            )
        if self.weights is not None and not self.weights.exists():
            raise InputError(f"weights for {self.label}", f"{self.weights}, where nothing is", "Check the path.")
        if self.settings.get(IMAGE, "zero") != "zero":
            raise InputError(f"{IMAGE}=zero", f"{IMAGE}={self.settings[IMAGE]}", f"Leave {IMAGE} out to use the volume.")

    @property
    def method(self) -> str:
        """The method's name in `ifssnet.propagate.methods`, or "hold"."""
        return SHORT[self.name][0] if self.name in SHORT else self.name

    @property
    def method_settings(self) -> dict[str, object]:
        """The settings that go to the method."""
        own = {key: value for key, value in self.settings.items() if key != IMAGE}
        return {**SHORT.get(self.name, ("", {}))[1], **own}

    @property
    def sees_no_image(self) -> bool:
        """Whether its volume is to be all zeros."""
        return IMAGE in self.settings

    def directed(self, direction: str | None) -> ComparedMethod:
        """The same, propagating in a direction where the method knows directions and none was set."""
        entry = METHODS.get(self.method)
        knows = self.method == HOLD or (entry is not None and entry.directed)
        if direction is None or not knows or "direction" in self.settings:
            return self
        return ComparedMethod(self.label, self.name, {**self.settings, "direction": direction}, self.weights)

    def build(self) -> Propagator:
        """The method itself; learned ones import torch.

        Raises:
            InputError: A setting that it does not have, or weights that it cannot use.
        """
        chosen: dict[str, Any] = self.method_settings
        if self.method == HOLD:
            if unknown := chosen.keys() - {"direction"}:
                raise InputError("the setting direction of hold", f"'{min(unknown)}'", "Leave it out or correct it.")
            return Hold(HoldConfig(str(chosen.get("direction", HoldConfig().direction))))
        if self.weights is None:
            return method(self.method, **chosen)
        if self.weights.is_dir():
            files = weights_per_muscle(self.weights)
            return PerMuscle({name: learned(self.method, open_weights(file), **chosen) for name, file in files.items()})
        return learned(self.method, open_weights(self.weights), **chosen)

    def facts(self) -> MethodFacts:
        """Everything that its results depend on: weights are known by their hash, not by where they lie.

        Raises:
            InputError: Weights that it cannot use.
        """
        facts = MethodFacts(self.name, self.method, dict(sorted({**self.method_settings, **self.settings}.items())))
        if self.weights is None:
            return facts
        if self.weights.is_dir():
            each = {name: _method_weights(file, self.method) for name, file in weights_per_muscle(self.weights).items()}
            return replace(facts, weights_by_muscle=each)
        found = _method_weights(self.weights, self.method)
        return replace(facts, weights_sha256=found.weights_sha256, weights=found.weights)


def weights_per_muscle(folder: Path) -> dict[str, Path]:
    """The field's name of a muscle to its weights: `MUSCLE.safetensors`, or the run `MUSCLE/best.safetensors`.

    Raises:
        InputError: There are none in the folder, or two of one muscle.
    """
    found: dict[str, Path] = {}
    for path in sorted((*folder.glob("*.safetensors"), *folder.glob("*/best.safetensors"))):
        name = field_name(path.stem if path.parent == folder else path.parent.name)
        if name in found:
            raise InputError(f"one file of weights for {name}", f"{found[name]} and {path}", "Remove one of them.")
        found[name] = path
    if not found:
        raise InputError(
            f"MUSCLE.safetensors or MUSCLE/best.safetensors in {folder}", "neither", "Name the folder that holds the runs."
        )
    return found


def names() -> tuple[str, ...]:
    """Every name that a method may be given by."""
    return (*METHODS, HOLD, *SHORT)


def check_methods(methods: tuple[ComparedMethod, ...]) -> None:
    """Refuse, before any work is done, methods that cannot be built or told apart.

    Raises:
        InputError: No method, a label twice, an unknown setting, or unusable weights.
    """
    if not methods:
        raise InputError("at least one method", "none", "Write for example --methods hold,plain,guided.")
    labels = [method.label.lower() for method in methods]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise InputError("each method once, under a label of its own", f"'{twice[0]}' twice", "Write LABEL=NAME to rename one.")
    for each in methods:
        # Learned methods are built where they run: here it would cost torch's memory for the whole evaluation.
        if each.weights is None:
            each.build()
        else:
            each.facts()


def _method_weights(file: Path, kind: str) -> MethodWeights:
    weights = open_weights(file, kind)
    return MethodWeights(weights.sha256, NetworkFacts(weights.network, weights.sampling, weights.muscles))
