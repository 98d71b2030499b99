"""Arrays to tensors and into networks, with the types that torch leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from ifssnet.core.errors import InputError

Network = TypeVar("Network", bound=nn.Module)


def tensor_of(array: Shaped[np.ndarray, "*shape"]) -> Shaped[Tensor, "*shape"]:
    """An array's numbers as a tensor on the processor; both share their memory."""
    return cast("Any", torch).from_numpy(array)


def seed_torch(seed: int) -> None:
    """Start torch's random numbers anew, on every device."""
    cast("Any", torch).manual_seed(seed)


def channels_last(network: Network) -> Network:
    """The network with its 2-D filters in the order of memory in which channels come last; it is changed."""
    # Torch declares no overload with this argument alone.
    return cast("Any", network).to(memory_format=torch.channels_last)


def filled(network: Network, tensors: Mapping[str, np.ndarray]) -> Network:
    """The network with these parameters and buffers, ready for use.

    Args:
        network: One of the size that they were trained with; it is changed.
        tensors: By name, as its `state_dict` has them.

    Raises:
        InputError: Tensors of other names or shapes.
    """
    own = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted({*own, *given}):
        if own.get(name) != given.get(name):
            raise InputError(
                f"{name} of shape {own.get(name, '(absent)')}",
                f"{given.get(name, 'nothing of that name')}",
                "Use weights of this version, with the configuration that they were trained with.",
            )
    network.load_state_dict({name: tensor_of(np.array(tensor)) for name, tensor in tensors.items()})
    return network.eval()
