"""The windows of a batch as tensors, what goes from one to the next, and the loss of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.losses.region_losses import RegionLossConfig
from ifssnet.nn.networks.ifss_net import State, detached
from ifssnet.nn.tensors import tensor_of
from ifssnet.train.data.augment import Corruption, corrupt_mask
from ifssnet.train.data.sequences import Batch

Window = Float[Tensor, "batch z y x"]


class RecurrentLoss(nn.Module):
    """A loss of the region in a window, and cross-entropy beside it where it is asked for."""

    def __init__(self, config: RegionLossConfig, cross_entropy: float) -> None:
        super().__init__()
        self.region: nn.Module = config.build()
        self.cross_entropy = cross_entropy

    @property
    def alpha(self) -> Float[Tensor, ""] | None:
        """The weight of false positives, for the log; None where the loss has none."""
        return getattr(self.region, "alpha", None)

    @property
    def beta(self) -> Float[Tensor, ""] | None:
        """The weight of false negatives, likewise."""
        return getattr(self.region, "beta", None)

    def forward(self, logit: Window, label: Window, weight: Window) -> Float[Tensor, ""]:
        """The loss of a window.

        Args:
            logit: The logit of the muscle.
            label: 0 to 1.
            weight: The weight of each pixel; 0 leaves it out. A window of half the weight counts half.
        """
        probability, counts = torch.sigmoid(logit.float()), _counts(weight)
        if bool((counts == 1).all()):
            loss = self.region(probability, label, weight)
        else:
            # A ratio of sums forgets what its weights have in common, so each window's share of the loss is weighed as well.
            each = [
                count * self.region(probability[at : at + 1], label[at : at + 1], weight[at : at + 1] / count.clamp_min(1e-6))
                for at, count in enumerate(counts)
            ]
            loss = torch.stack(each).mean()
        if self.cross_entropy:
            entropy = nn.functional.binary_cross_entropy_with_logits(logit.float(), label, weight, reduction="sum")
            loss = loss + self.cross_entropy * entropy / (weight > 0).sum().clamp_min(1)
        return loss


def _counts(weight: Window) -> Float[Tensor, " batch"]:
    """How much each window counts: the mean weight of those of its pixels that count at all; 1 where every one is certain."""
    flat = weight.detach().float().reshape(len(weight), -1)
    return flat.sum(dim=1) / (flat > 0).sum(dim=1).clamp_min(1)


@dataclass(eq=False)
class Carried:
    """What goes from window to window.

    Attributes:
        previous: The masks that are fed back.
        state: The state of the ConvLSTM.
        predicted: The prediction for the window before, whatever is fed back.
    """

    previous: Window
    state: State | None = None
    predicted: Window | None = None

    def cut(self) -> None:
        """Back-propagation through time ends here."""
        self.previous, self.state = self.previous.detach(), detached(self.state)

    def damage(self, rng: np.random.Generator, chance: float, pixel_mm: float, corruption: Corruption) -> None:
        """What is fed back, as if the network had drifted further; after `cut`."""
        for at in range(len(self.previous)):
            if rng.random() < chance:
                mask = np.ascontiguousarray(self.previous[at].float().cpu().numpy())
                worse = tensor_of(corrupt_mask(rng, mask, pixel_mm, corruption))
                self.previous = self.previous.clone()
                self.previous[at] = worse.to(self.previous)


class WindowBatch:
    """A batch on the device; the attributes of `Batch` as tensors, and how many windows follow the reference."""

    def __init__(self, batch: Batch, device: torch.device, image: bool) -> None:
        self.images = tensor_of(batch.images).to(device)
        if not image:
            self.images = torch.zeros_like(self.images)
        self.masks, self.lagged = tensor_of(batch.masks).to(device), tensor_of(batch.lagged).to(device)
        self.whole = tensor_of(batch.whole).to(device)
        self.known = tensor_of(batch.known).to(device)
        self.guided = None if batch.guided is None else tensor_of(batch.guided).to(device)
        self.distance_mm = tensor_of(batch.distance_mm).to(device)
        self.lags = tensor_of(batch.lags).to(device)
        self.unseen = None if batch.unseen is None else tensor_of(batch.unseen).to(device)
        self.stride, self.windows = batch.stride, len(batch.images) - 1

    def learned(self, time: int, weight: Window) -> Window:
        """The weight of each pixel of a window, 0 where any part of it was never seen."""
        return weight if self.unseen is None else weight * (self.unseen[time] == 0)

    def fed_back(self, time: int, probability: Window, kind: str) -> Window:
        """The masks of a window as the next one is given them: slices of the reference stay as they were given."""
        if kind == "given":
            return self.masks[0]
        found = probability if kind == "soft" else (probability.detach() >= 0.5).to(probability)
        depth = probability.shape[1]
        still_given = max(0, depth - time * self.stride)
        if still_given:
            found = torch.cat([self.masks[time][:, :still_given], found[:, still_given:]], dim=1)
        return found
