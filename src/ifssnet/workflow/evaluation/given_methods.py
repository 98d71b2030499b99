"""The methods that an evaluation compares: named, set, and with their weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ifssnet.core.errors import InputError
from ifssnet.core.muscles import field_name
from ifssnet.core.segmentation import Json, Propagator
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.baselines.hold import Hold, HoldConfig
from ifssnet.propagate.methods import METHODS, LearnedEntry, learned, method
from ifssnet.propagate.per_muscle import ByMuscle

HOLD = "hold"

SHORT: Mapping[str, tuple[str, Mapping[str, Json]]] = MappingProxyType(
    {
        "guided": ("shape-interpolation", {}),
        "plain": ("shape-interpolation", {"plain": True}),
    }
)
"""Names of their own for methods with settings that are compared everywhere."""

IMAGE = "image"
"""The one setting that any method takes: `zero` hands it a volume without an image, which shows what the image is worth."""


@dataclass(frozen=True)
class MethodGiven:
    """One method as it is compared.

    Attributes:
        label: What tables and figures call it; unique in an evaluation, and the name of its files.
        name: The method's name, or one of `SHORT`, or "hold".
        settings: Those that are not to stay at their defaults.
        weights: The file with a learned method's weights, or a folder with those of one network a muscle (see
            `weights_by_muscle`); None for the others.
    """

    label: str
    name: str
    settings: Mapping[str, Json] = field(default_factory=dict[str, "Json"])
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
    def chosen(self) -> dict[str, Json]:
        """Settings that go to the method."""
        given = {key: value for key, value in self.settings.items() if key != IMAGE}
        return {**SHORT.get(self.name, ("", {}))[1], **given}

    @property
    def sees_no_image(self) -> bool:
        """Whether its volume is to be all zeros."""
        return IMAGE in self.settings

    def directed(self, direction: str | None) -> MethodGiven:
        """The same, propagating in a direction where the method knows directions and none was set."""
        entry = METHODS.get(self.method)
        knows = self.method == HOLD or (isinstance(entry, LearnedEntry) and entry.directed)
        if direction is None or not knows or "direction" in self.settings:
            return self
        return MethodGiven(self.label, self.name, {**self.settings, "direction": direction}, self.weights)

    def build(self) -> Propagator:
        """The method itself; learned ones import torch.

        Raises:
            InputError: A setting that it does not have, or weights that it cannot use.
        """
        chosen: dict[str, object] = dict(self.chosen)
        if self.method == HOLD:
            if unknown := chosen.keys() - {"direction"}:
                raise InputError("the setting direction of hold", f"'{min(unknown)}'", "Leave it out or correct it.")
            return Hold(HoldConfig(str(chosen.get("direction", HoldConfig().direction))))
        if self.weights is None:
            return method(self.method, **chosen)
        if self.weights.is_dir():
            files = weights_by_muscle(self.weights)
            return ByMuscle({name: learned(self.method, open_weights(file), **chosen) for name, file in files.items()})  # type: ignore[arg-type]
        return learned(self.method, open_weights(self.weights), **chosen)  # type: ignore[arg-type]

    def described(self) -> dict[str, Json]:
        """What its results depend on, plain data: weights by their hash, not by where they lie."""
        known: dict[str, Json] = {"method": self.method, "settings": dict(sorted({**self.chosen, **self.settings}.items()))}
        if self.weights is not None and self.weights.is_dir():
            each = {name: _described(file, self.method) for name, file in weights_by_muscle(self.weights).items()}
            known["weights_by_muscle"] = each
        elif self.weights is not None:
            known |= _described(self.weights, self.method)
        return known


def weights_by_muscle(folder: Path) -> dict[str, Path]:
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


def check_methods(methods: tuple[MethodGiven, ...]) -> None:
    """Refuse, before any work is done, methods that cannot be built or told apart.

    Raises:
        InputError: None at all, a label twice, an unknown setting, or unusable weights.
    """
    if not methods:
        raise InputError("at least one method", "none", "Write for example --methods hold,plain,guided.")
    labels = [given.label.lower() for given in methods]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise InputError("each method once, under a label of its own", f"'{twice[0]}' twice", "Write LABEL=NAME to rename one.")
    for given in methods:
        # Learned methods are built where they run: here it would cost torch's memory for the whole evaluation.
        if given.weights is None:
            given.build()
        else:
            given.described()


def _described(file: Path, kind: str) -> dict[str, Json]:
    weights = open_weights(file, kind)
    told: dict[str, Json] = {"network": weights.network, "sampling": weights.sampling, "muscles": list(weights.muscles)}
    return {"weights_sha256": weights.sha256, "weights": told}
