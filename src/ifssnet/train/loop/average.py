"""The exponential moving average of a network: what is validated, kept, and used as a teacher.

`torch.optim.swa_utils.AveragedModel` would give other weights. Its first update replaces the average by the network, while
here the initial weights keep their share, 1 / 11; and its names in checkpoints begin with "module.".
"""

from __future__ import annotations

import copy

import torch
from torch import nn


def start_average(network: nn.Module) -> nn.Module:
    """A copy to hold the average: not trained, without dropout."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the average towards the network.

    Args:
        average: Changed in place.
        network: As the last step left it.
        decay: What stays of the average, a step, in the long run; less at the beginning, lest the untrained network lingers.
        step: How many steps there were, this one included.
    """
    now = min(decay, step / (step + 10.0))
    for held, fresh in zip(average.parameters(), network.parameters(), strict=True):
        held.lerp_(fresh, 1.0 - now)
    for held_buffer, fresh_buffer in zip(average.buffers(), network.buffers(), strict=True):
        held_buffer.copy_(fresh_buffer)
