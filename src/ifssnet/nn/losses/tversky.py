"""The parametric Tversky loss (paper, III-C): index (2), its form over a window (3), the loss of a sequence (4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.losses.dice import sums_in

Form = Literal["paper", "fixed", "bounded", "min-max", "balance"]
FORMS: tuple[Form, ...] = get_args(Form)
PAPER, FIXED, BOUNDED, MIN_MAX, BALANCE = FORMS

L2 = 1e-5
"""Decay rate of equation (4) (paper, III-C1)."""


@dataclass(frozen=True)
class TverskyConfig:
    """How false positives and false negatives are weighed.

    Attributes:
        form: "paper", alpha and beta minimised together with the network (paper, III-C; this drifts towards whichever
            error is smaller); "fixed"; "bounded", the paper's form between `low` and `high`; "min-max", alpha and beta
            ascend on the loss that the network descends; "balance", they follow the errors that are measured, so that
            the larger one weighs more, without gradient.
        alpha: Weight of false positives at the start, beta being 1 - alpha (paper, III-C: 0.5).
        low: Least weight of either error for "bounded", "min-max" and "balance", a fraction; the most is 1 - low.
        pull: What a weight's squared distance from `alpha` costs it in "min-max": without it alpha and the network run
            round their balance in circles.
        memory: Share of the measured errors that "balance" keeps at each call.
        smooth: Voxels added above and below the fraction bar, so that two empty masks have index 1; 0 in the paper.
    """

    form: Form = PAPER
    alpha: float = 0.5
    low: float = 0.3
    pull: float = 1.0
    memory: float = 0.99
    smooth: float = 1.0

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise InputError(f"one of the forms {', '.join(FORMS)}", f"'{self.form}'", "Choose one of them.")
        if not 0 < self.alpha < 1:
            raise InputError("alpha between 0 and 1", f"{self.alpha}", "Correct it.")
        if not 0 <= self.low < 0.5:
            raise InputError("a lower bound from 0 to below 0.5", f"{self.low}", "Correct low.")
        if self.form in {BOUNDED, MIN_MAX, BALANCE} and not self.low < self.alpha < 1 - self.low:
            raise InputError(f"alpha between {self.low} and {1 - self.low}", f"{self.alpha}", "Correct alpha or low.")
        if not 0 <= self.memory < 1:
            raise InputError("a memory from 0 to below 1", f"{self.memory}", "Correct it.")
        if not (self.pull >= 0 and self.smooth >= 0):
            raise InputError("pull and smooth of 0 or more", f"{self.pull} and {self.smooth}", "Correct them.")

    def build(self) -> TverskyLoss:
        """The loss."""
        return TverskyLoss(self)


def confusion(
    probability: Float[Tensor, " batch *space"],
    target: Float[Tensor, " batch *space"],
    weight: Float[Tensor, " batch *space"] | None = None,
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """Soft numbers of true positives, false positives and false negatives, the sums of equations (2) and (3)."""
    probability, target = sums_in(probability), sums_in(target)
    seen, there = (probability, target) if weight is None else (probability * sums_in(weight), target * sums_in(weight))
    seen, there = seen.reshape(len(seen), -1), there.reshape(len(there), -1)
    true = (seen * target.reshape(len(target), -1)).sum(1)
    return true, seen.sum(1) - true, there.sum(1) - true


def tversky_index(
    probability: Float[Tensor, " batch *space"],
    target: Float[Tensor, " batch *space"],
    alpha: Float[Tensor, ""] | float = 0.5,
    beta: Float[Tensor, ""] | float = 0.5,
    weight: Float[Tensor, " batch *space"] | None = None,
    smooth: float = 0.0,
) -> Float[Tensor, " batch"]:
    """The Tversky index of each sample: equation (2).

    The sums run over every axis but the first. Where one of those is the window's slices, this is equation (3): a ratio of
    sums over the window, not the mean of its slices' ratios.

    Args:
        probability: The probability of the foreground, 0 to 1.
        target: 0 or 1, or a soft label between.
        alpha: Weight of false positives.
        beta: Weight of false negatives.
        weight: The weight of each voxel; 0 leaves it out.
        smooth: Voxels added above and below the fraction bar.
    """
    true, false_positive, false_negative = confusion(probability, target, weight)
    return _index(true, false_positive, false_negative, alpha, beta, smooth)


class TverskyLoss(nn.Module):
    """1 - Tversky index, averaged over the batch. Its parameters, if it has any, are the optimiser's as the network's are."""

    def __init__(self, config: TverskyConfig = TverskyConfig()) -> None:
        super().__init__()
        self.config = config
        bounded = config.form in {BOUNDED, MIN_MAX}
        share = (config.alpha - config.low) / (1 - 2 * config.low) if bounded else config.alpha
        start = torch.tensor([math.log(share), math.log1p(-share)])
        start = start - start.mean()
        self.logits: nn.Parameter | None
        if config.form in {PAPER, BOUNDED, MIN_MAX}:
            self.logits = nn.Parameter(start)
        else:
            self.register_parameter("logits", None)
        self.errors: Tensor | None
        # Measured false positives and false negatives, relative to the muscle's voxels; saved with the state.
        measured = torch.tensor([config.alpha, 1 - config.alpha]) if config.form == BALANCE else None
        self.register_buffer("errors", measured)

    @property
    def alpha(self) -> Float[Tensor, ""]:
        """Weight of false positives."""
        config = self.config
        if self.errors is not None:
            return (self.errors[0] / self.errors.sum()).clamp(config.low, 1 - config.low)
        if self.logits is None:
            return torch.tensor(config.alpha)
        share = torch.softmax(self.logits, 0)[0]
        return share if config.form == PAPER else config.low + (1 - 2 * config.low) * share

    @property
    def beta(self) -> Float[Tensor, ""]:
        """Weight of false negatives, 1 - alpha."""
        return 1 - self.alpha

    def forward(
        self,
        probability: Float[Tensor, " batch *space"],
        target: Float[Tensor, " batch *space"],
        weight: Float[Tensor, " batch *space"] | None = None,
    ) -> Float[Tensor, ""]:
        """1 - index of each sample over all of its voxels, its window's slices included, averaged over the batch."""
        true, false_positive, false_negative = confusion(probability, target, weight)
        config, alpha = self.config, self.alpha
        # Ascends where the network descends: the value stays, the gradient changes its sign.
        used = 2 * alpha.detach() - alpha if config.form == MIN_MAX else alpha
        loss = 1 - _index(true, false_positive, false_negative, used, 1 - used, config.smooth).mean()
        if config.form == MIN_MAX:
            cost = config.pull * (alpha - config.alpha).square()
            loss = loss + (cost - cost.detach())
        if self.training:
            self._measure(true.detach(), false_positive.detach(), false_negative.detach())
        return loss

    def _measure(
        self, true: Float[Tensor, " batch"], positive: Float[Tensor, " batch"], negative: Float[Tensor, " batch"]
    ) -> None:
        """The errors of this call join the running mean, relative to the muscle, so that small muscles count alike."""
        if self.errors is None:
            return
        size = (true.sum() + negative.sum()).clamp_min(1.0)
        measured = (torch.stack([positive.sum(), negative.sum()]) / size).to(self.errors.dtype)
        kept = self.config.memory
        # A new tensor, not one changed in place: a graph that waits for its backward pass still holds the old one.
        self.errors = kept * self.errors + (1 - kept) * measured.clamp(1e-6, 1.0)


def sequence_loss(
    window_losses: Sequence[Float[Tensor, ""]],
    parameters: Iterable[Float[Tensor, ...]] = (),
    l2: float = L2,
    window: int = 1,
) -> Float[Tensor, ""]:
    """The loss over the windows of a sequence, or of half of one: equation (4).

    Args:
        window_losses: 1 - index of each window, as `TverskyLoss` gives it.
        parameters: The network's, for the l2 term.
        l2: Decay rate (paper, III-C1).
        window: Slices in a window. The paper divides each window's index by it, so the loss is at least 1 - 1 / window
            and its gradient 1 / window of what it is with 1, the default, where a perfect sequence has loss 0.

    Raises:
        InputError: No windows.
    """
    if not window_losses:
        raise InputError("at least one window", "none", "Give the losses of the sequence's windows.")
    indices = torch.stack([1 - loss for loss in window_losses])
    decay = sum((parameter.square().sum() for parameter in parameters), start=indices.new_zeros(()))
    return 1 - indices.mean() / window + l2 * decay


def _index(
    true: Float[Tensor, " batch"],
    false_positive: Float[Tensor, " batch"],
    false_negative: Float[Tensor, " batch"],
    alpha: Float[Tensor, ""] | float,
    beta: Float[Tensor, ""] | float,
    smooth: float,
) -> Float[Tensor, " batch"]:
    return (true + smooth) / (true + alpha * false_positive + beta * false_negative + smooth)
