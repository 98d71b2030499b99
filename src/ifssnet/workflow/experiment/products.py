"""What a network's training takes, roughly and in seconds: its products are counted, and this machine's speed at them timed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ifssnet.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ifssnet.train.loop.task import TrainingTask

BACKWARDS = 3
"""A training step in forward passes: one forwards, and two as long backwards, by the input and by the weights."""

ADAM = 4
"""Numbers kept for each weight: itself, its gradient, and the two means of the optimiser."""


@dataclass(frozen=True)
class ForwardPass:
    """One forward pass of a network.

    Attributes:
        operations: Products and sums, as floating point operations.
        saved_mb: What the pass back needs of it, in 10^6 bytes.
        weights_mb: Weights with what the optimiser keeps of each.
        batch: Pictures, or sequences, that go through together.
    """

    operations: float
    saved_mb: float
    weights_mb: float
    batch: int


class _GivenError(Exception):
    """The network was called; nothing is computed."""


def given_to_network(task: TrainingTask) -> tuple[Tensor | None, ...]:
    """What the network is given first in training, without computing anything with it.

    Raises:
        InputError: A training that never calls its network.
    """
    seen: list[tuple[Tensor | None, ...]] = []

    def stop(_: nn.Module, given: tuple[Tensor | None, ...]) -> None:
        seen.append(given)
        raise _GivenError

    hook = task.network.register_forward_pre_hook(stop)
    try:
        next(iter(task.unit(0, 1.0)), None)
    except _GivenError:
        pass
    finally:
        hook.remove()
    if not seen:
        raise InputError("a training that calls its network", "none of its calls", "Correct the recipe.")
    return seen[0]


def count_forward(network: nn.Module, given: tuple[Tensor | None, ...], times: int = 1) -> ForwardPass:
    """Count a forward pass without computing it, on pictures `times` as many pixels wide and high.

    The network is left without its weights.
    """
    import torch
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.utils.flop_counter import FlopCounterMode

    def wider(tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        shape = list(tensor.shape)
        if times > 1:
            shape[-2:] = [times * each for each in shape[-2:]]
        return torch.empty(shape, dtype=tensor.dtype, device="meta")

    weights = sum(each.numel() for each in network.parameters())
    network.to("meta").train()
    kept: dict[StorageWeakRef, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            kept[StorageWeakRef(tensor.untyped_storage())] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), FlopCounterMode(display=False) as counter:
        found = network(*map(wider, given))
    del found
    saved_mb = sum(each.numel() * each.element_size() for each in kept.values()) / 1e6
    batch = next(len(each) for each in given if each is not None)
    return ForwardPass(float(counter.get_total_flops()), saved_mb, 4 * ADAM * weights / 1e6, batch)


def forward_s(network: nn.Module, given: tuple[Tensor | None, ...]) -> float:
    """Seconds of a forward pass: the shorter of two, as the first one warms up and others use the machine, too."""
    import torch

    on_gpu = next(network.parameters()).is_cuda
    seconds = math.inf
    with torch.no_grad():
        for _ in range(2):
            started = time.perf_counter()
            network(*given)
            if on_gpu:
                torch.cuda.synchronize()
            seconds = min(seconds, time.perf_counter() - started)
    return seconds
