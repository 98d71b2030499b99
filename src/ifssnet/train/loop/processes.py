"""Several processes, a unit each: nothing but plain sums of gradients, so a unit may yield as many losses as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, cast

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor

from ifssnet.train.loop.task import TrainingTask


def unit_losses(task: TrainingTask, index: int, share: float, fabric: Fabric) -> Iterator[tuple[Float[Tensor, ""] | None, int]]:
    """The losses of a unit, each with how many processes still have one; None where only others have.

    Args:
        task: The task.
        index: The unit's index.
        share: How much of the training is done, 0 to 1.
        fabric: The task's own computations run in its precision.
    """
    unit = task.unit(index, share)
    while True:
        with _autocast(fabric):
            loss = next(unit, None)
        running = int(loss is not None)
        if fabric.world_size > 1:
            running = round(float(_summed(torch.tensor(float(running), device=fabric.device), fabric)))
        if not running:
            return
        yield loss, running


def share_gradients(optimiser: torch.optim.Optimizer, running: int, fabric: Fabric) -> None:
    """Give every process the mean of the gradients of those that have any."""
    if fabric.world_size == 1:
        return
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = _summed(gradient, fabric) / running


def _summed(tensor: Tensor, fabric: Fabric) -> Tensor:
    return cast("Any", fabric).all_reduce(tensor, reduce_op="sum")


def _autocast(fabric: Fabric) -> AbstractContextManager[object]:
    return cast("Any", fabric).autocast()
