"""What can be trained: the protocol between the trainer's loop and each network with its supervision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.nn.tensors import seed_torch


@runtime_checkable
class TrainingTask(Protocol):
    """A network, its loss, its samples, and how it is used afterwards."""

    @property
    def network(self) -> nn.Module:
        """What is trained. The trainer moves it to the device before the first unit."""
        ...

    @property
    def loss(self) -> nn.Module:
        """May hold parameters of its own (alpha, beta), which are trained too."""
        ...

    def unit(self, index: int, share: float) -> Iterator[Float[Tensor, ""]]:
        """One unit of training: a sequence, or some batches of samples.

        Yields losses; after each the trainer has gone back through it, clipped, and stepped, before the generator goes on;
        what is carried on has to be detached. Everything random in it derives from the task's seed and `index` alone
        (`unit_rng`), so that a run that is resumed between two units repeats exactly.

        Args:
            index: Which unit, from 0.
            share: How much of the training is done, 0 to 1, for curricula.
        """
        ...

    def teach(self, average: nn.Module) -> None:
        """Take the averaged network before training starts; it stays up to date. A task without a teacher ignores it."""
        ...

    def propagator(self, network: nn.Module) -> Propagator:
        """The method that a user would run, with this network: for validation and pictures."""
        ...

    def weights(self, network: nn.Module) -> Weights:
        """The network as it goes into a file; the trainer fills the card."""
        ...


def unit_rng(seed: int, index: int, *more: int) -> np.random.Generator:
    """The random numbers of one unit; torch's are seeded from them, for dropout.

    Call it once at the start of `TrainingTask.unit`. With `more` it gives further, independent random numbers, and leaves
    torch's alone.
    """
    if more:
        return np.random.default_rng([seed, index, *more])
    rng, torch_seed = drawing_rng(seed, index)
    seed_torch(torch_seed)
    return rng


def drawing_rng(seed: int, index: int) -> tuple[np.random.Generator, int]:
    """The random numbers of one unit as `unit_rng` gives them, and the seed that torch's still have to be given.

    For threads, which must leave torch's random numbers alone.
    """
    rng = np.random.default_rng([seed, index])
    return rng, int(rng.integers(2**62))


def arrays_of(network: nn.Module) -> dict[str, Shaped[np.ndarray, "*shape"]]:
    """Parameters and buffers as arrays of their own, by name: the tensors of `Weights`."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()}
