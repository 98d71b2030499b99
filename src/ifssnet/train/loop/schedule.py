"""The optimiser and its learning rate: a plain function of how much of the training is done, so there is no state to lose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from ifssnet.core.errors import InputError


@dataclass(frozen=True)
class ScheduleConfig:
    """How the learning rate changes.

    Attributes:
        form: "cosine" with a linear warm-up; "paper": constant, then `least` of it at the end (paper, III-C1); or "constant".
        warm_up: Share of the units over which "cosine" rises from nothing.
        last: Share of the units at the end that "paper" trains at the lower rate: its last two epochs. The paper does not
            say of how many; a tenth is two of twenty.
        least: Where "cosine" and "paper" end, as a share of the highest rate (paper: 1e-5 of 1e-4).
    """

    form: Literal["cosine", "paper", "constant"] = "cosine"
    warm_up: float = 0.02
    last: float = 0.1
    least: float = 0.01

    def __post_init__(self) -> None:
        for name in ("warm_up", "last", "least"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"a share from 0 to 1 for {name}", f"{getattr(self, name)}", f"Correct {name}.")

    def factor(self, unit: int, total: int) -> float:
        """Learning rate of one unit as a share of the highest.

        >>> paper = ScheduleConfig("paper", last=0.1, least=0.1)
        >>> [paper.factor(unit, 20) for unit in (0, 17, 18, 19)]
        [1.0, 1.0, 0.1, 0.1]
        """
        if self.form == "constant":
            return 1.0
        if self.form == "paper":
            return 1.0 if unit < round(total * (1 - self.last)) else self.least
        warm = self.warm_up * total
        if unit < warm:
            return min(1.0, (unit + 1) / warm)
        through = (unit - warm) / max(total - warm, 1e-9)
        return self.least + (1 - self.least) * (1 + math.cos(math.pi * through)) / 2


@dataclass(frozen=True)
class OptimiserConfig:
    """How weights are changed.

    Attributes:
        form: "adam" (paper, III-C1) or "adamw", which keeps the decay of the weights out of the gradient's moments.
        learning_rate: The highest learning rate (paper: 1e-4).
        loss_rate: The learning rate of the loss' own parameters (alpha, beta), as a multiple of it.
        weight_decay: The decay of the network's weights; the loss' parameters never decay.
        betas: How much of the mean gradient and of its square is kept at each step.
        clip_norm: The longest gradient of the network; 0 leaves gradients as they are.
    """

    form: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = 1e-3
    loss_rate: float = 1.0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip_norm: float = 1.0

    def __post_init__(self) -> None:
        for name in ("learning_rate", "loss_rate", "weight_decay", "clip_norm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"a number from 0 for {name}", f"{value}", f"Correct {name}.")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError("betas from 0 to below 1", f"{self.betas}", "Correct betas.")

    def build(self, network: nn.Module, loss: nn.Module) -> torch.optim.Optimizer:
        """The optimiser of a network and of the parameters of its loss."""
        groups = [{"params": list(network.parameters()), "weight_decay": self.weight_decay, "rate": self.learning_rate}]
        if own := list(loss.parameters()):
            groups.append({"params": own, "weight_decay": 0.0, "rate": self.learning_rate * self.loss_rate})
        kind = torch.optim.Adam if self.form == "adam" else torch.optim.AdamW
        return kind(groups, lr=self.learning_rate, betas=self.betas)


def set_rate(optimiser: torch.optim.Optimizer, factor: float) -> float:
    """Set the learning rates to a share of the highest ones; return the network's."""
    for group in optimiser.param_groups:
        group["lr"] = group["rate"] * factor
    return float(optimiser.param_groups[0]["lr"])
