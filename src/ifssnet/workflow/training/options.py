"""The options of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from ifssnet.core.errors import InputError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS: Mapping[str, Literal["32-true", "bf16-mixed"]] = MappingProxyType({"32": "32-true", "bf16": "bf16-mixed"})
"""The words for the precision, and the library's."""


@dataclass(frozen=True)
class TrainingOptions:
    """How to train. None stands for what the recipe says, or the run that is resumed.

    Attributes:
        recipe: The name of a recipe of the package, or a TOML file; may be left out to resume.
        muscles: The muscles to train on; empty for any muscle.
        resume: Go on with the run in the folder.
        start: The weights to start from: a file, the name of weights that come with the package, or "default" for those of
            the recipe's own task.
        device: One of `DEVICES`; "auto" is a GPU where there is one.
        precision: A key of `PRECISIONS`.
        minutes: How long to train, about; otherwise the recipe's units.
        seed: The seed of the network's start and of every draw.
        changes: NAME=VALUE words that change the recipe.
        legs: The most training legs.
        force: Start anew in a folder that holds a run.
    """

    recipe: str | None = None
    muscles: tuple[str, ...] | None = None
    resume: bool = False
    start: Path | None = None
    device: str = "auto"
    precision: str = "32"
    minutes: float | None = None
    seed: int | None = None
    changes: tuple[str, ...] = ()
    legs: int | None = None
    force: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (("device", self.device, DEVICES), ("precision", self.precision, tuple(PRECISIONS))):
            if value not in known:
                raise InputError(f"one of {', '.join(known)} as {name}", f"'{value}'", "Choose one of them.")
        if self.minutes is not None and not 0 < self.minutes < 1e6:
            raise InputError("more than 0 minutes", f"{self.minutes}", "Give the time to train in minutes.")
        if self.seed is not None and not 0 <= self.seed < 2**32:
            raise InputError("a seed from 0 to 2^32 - 1", f"{self.seed}", "Choose another one.")
        if self.legs is not None and self.legs < 1:
            raise InputError("at least 1 leg", f"{self.legs}", "Take more.")
        if self.resume and (self.start is not None or self.force):
            raise InputError("--resume, or a new run", "both", "Leave out --from and --force to go on with a run.")
        if not self.resume and self.recipe is None:
            raise InputError("a recipe", "none", "Give --recipe NAME or a TOML file; `ifss train --recipe list` shows them.")
