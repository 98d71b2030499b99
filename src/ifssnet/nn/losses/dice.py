"""Soft Dice losses: of one foreground, and of several classes weighted by their size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError


@dataclass(frozen=True)
class SoftDiceConfig:
    """1 - soft Dice.

    Attributes:
        form: The loss' name in recipes.
        smooth: Voxels added to both areas and to their overlap, so that two empty masks have Dice 1.
        squared: Whether the denominator has squares, as in the paper's equation (1).
    """

    form: Literal["soft-dice"] = "soft-dice"
    smooth: float = 1.0
    squared: bool = False

    def __post_init__(self) -> None:
        if not self.smooth >= 0:
            raise InputError("a smooth of 0 or more", f"{self.smooth}", "Correct it.")

    def build(self) -> SoftDiceLoss:
        """The loss."""
        return SoftDiceLoss(self)


class SoftDiceLoss(nn.Module):
    """1 - soft Dice of each sample, averaged over the batch."""

    def __init__(self, config: SoftDiceConfig = SoftDiceConfig()) -> None:
        super().__init__()
        self.config = config

    def forward(
        self,
        probability: Float[Tensor, " batch *space"],
        target: Float[Tensor, " batch *space"],
        weight: Float[Tensor, " batch *space"] | None = None,
    ) -> Float[Tensor, ""]:
        """The loss of a batch; see `soft_dice_loss`."""
        return soft_dice_loss(probability, target, weight, self.config.smooth, self.config.squared)


def soft_dice_loss(
    probability: Float[Tensor, " batch *space"],
    target: Float[Tensor, " batch *space"],
    weight: Float[Tensor, " batch *space"] | None = None,
    smooth: float = 1.0,
    squared: bool = False,
) -> Float[Tensor, ""]:
    """1 - Dice of each sample over all of its voxels, averaged over the batch.

    Args:
        probability: The probability of the foreground, 0 to 1.
        target: 0 or 1, or a soft label between.
        weight: The weight of each voxel; 0 leaves it out.
        smooth: Voxels added to both areas and to their overlap, so that two empty masks have Dice 1.
        squared: Squares in the denominator, as the paper's equation (1) has them; the same for masks of 0 and 1.
    """
    probability, target = sums_in(probability), sums_in(target)
    weighted = 1.0 if weight is None else sums_in(weight)
    overlap = _sum(weighted * probability * target)
    areas = _sum(weighted * (probability.square() + target.square() if squared else probability + target))
    return 1 - ((2 * overlap + 2 * smooth) / (areas + 2 * smooth)).mean()


def generalised_dice_loss(
    probability: Float[Tensor, "batch class *space"],
    onehot: Float[Tensor, "batch class *space"],
    weight: Float[Tensor, "batch 1 *space"] | None = None,
    smooth: float = 1.0,
) -> Float[Tensor, ""]:
    """1 - generalised Dice (Sudre et al. 2017): classes share one ratio, each weighted by 1 / its squared number of voxels.

    Args:
        probability: The probability of each class, 0 to 1.
        onehot: 1 at each voxel's class.
        weight: The weight of each voxel; 0 leaves it out.
        smooth: Voxels added to a class before its weight is taken, so that a class that is absent has a finite weight.
    """
    probability, onehot = sums_in(probability), sums_in(onehot)
    weighted = 1.0 if weight is None else sums_in(weight)
    voxels = _sums_by_class(weighted * onehot)
    overlap = _sums_by_class(weighted * probability * onehot)
    areas = _sums_by_class(weighted * (probability + onehot))
    class_weight = (voxels + smooth).square().reciprocal()
    # Each class is smoothed under its own weight, like one more voxel that is right.
    ratio = (2 * class_weight * (overlap + smooth)).sum(1) / (class_weight * (areas + 2 * smooth)).sum(1)
    return 1 - ratio.mean()


def sums_in(values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """The values in single precision at least: sums over 100,000 voxels are wrong in half precision."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _sum(values: Float[Tensor, " batch *space"]) -> Float[Tensor, " batch"]:
    return values.reshape(values.shape[0], -1).sum(1)


def _sums_by_class(values: Float[Tensor, "batch class *space"]) -> Float[Tensor, "batch class"]:
    return values.reshape(values.shape[0], values.shape[1], -1).sum(2)
