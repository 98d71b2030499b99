"""Units side by side in one process or several: nothing but plain sums of gradients, so a unit may yield as many losses as it
likes, and who trains which unit has no part in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.train.loop.task import TrainingTask


def own_units(unit: int, side_by_side: int, fabric: Fabric) -> range:
    """The indices of the units that this process trains in a round.

    Args:
        unit: The round's index.
        side_by_side: Units of a round; 0 for one a process.
        fabric: The processes.

    Raises:
        InputError: Units that cannot be dealt evenly.
    """
    count = side_by_side or fabric.world_size
    if count % fabric.world_size:
        raise InputError(
            f"trainer.side_by_side as a multiple of {fabric.world_size} processes", f"{count}", "Change one of them."
        )
    return range(unit * count + fabric.global_rank, (unit + 1) * count, fabric.world_size)


class SideBySide:
    """Units that are trained together, a loss of each at a time.

    Args:
        task: The task.
        indices: The units of this process.
        share: How much of the training is done, 0 to 1.
        fabric: The task's own computations run in its precision.
    """

    def __init__(self, task: TrainingTask, indices: Sequence[int], share: float, fabric: Fabric) -> None:
        self._units: list[Iterator[Float[Tensor, ""]]] = [task.unit(index, share) for index in indices]
        self._fabric = fabric
        # One unit alone leaves torch's random numbers where it has taken them to, as it always has.
        self._random: list[_Random | None] = [None] * len(indices)

    def advance(self, learn: Callable[[Float[Tensor, ""]], None]) -> int:
        """Take every unit on by one loss and learn from it; return how many units had one, over all processes."""
        running = 0
        for place, unit in enumerate(self._units):
            if len(self._units) > 1 and (state := self._random[place]) is not None:
                state.restore()
            with _autocast(self._fabric):
                loss = next(unit, None)
            if loss is not None:
                learn(loss)
                running += 1
            if len(self._units) > 1:
                self._random[place] = _Random()
        if self._fabric.world_size > 1:
            running = round(float(_summed(torch.tensor(float(running), device=self._fabric.device), self._fabric)))
        return running


def share_gradients(optimiser: torch.optim.Optimizer, running: int, fabric: Fabric) -> None:
    """Give every process the mean of the gradients of the units that have any."""
    if fabric.world_size == 1 and running == 1:
        return
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = _summed(gradient, fabric) / running if fabric.world_size > 1 else gradient / running


def mean_of_all(values: Sequence[float], fabric: Fabric) -> float:
    """The mean of the numbers of all processes; 0 for none."""
    total, count = sum(values), len(values)
    if fabric.world_size > 1:
        both = _summed(torch.tensor([total, float(count)], dtype=torch.float64, device=fabric.device), fabric)
        total, count = float(both[0]), round(float(both[1]))
    return total / count if count else 0.0


class _Random:
    """Where torch's random numbers are: of dropout, each unit has its own."""

    def __init__(self) -> None:
        self._cpu = torch.get_rng_state()
        self._gpu = torch.cuda.get_rng_state() if torch.cuda.is_available() else None

    def restore(self) -> None:
        torch.set_rng_state(self._cpu)
        if self._gpu is not None:
            torch.cuda.set_rng_state(self._gpu)


def _summed(tensor: Tensor, fabric: Fabric) -> Tensor:
    return cast("Any", fabric).all_reduce(tensor, reduce_op="sum")


def _autocast(fabric: Fabric) -> AbstractContextManager[object]:
    return cast("Any", fabric).autocast()
