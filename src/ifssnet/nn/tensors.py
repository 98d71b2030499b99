"""Numbers out of a file into a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from ifssnet.core.errors import InputError

Network = TypeVar("Network", bound=nn.Module)


def filled(network: Network, tensors: Mapping[str, np.ndarray]) -> Network:
    """The network with these parameters and buffers, ready for use.

    Args:
        network: Of the size that they were trained with; it is changed.
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
    network.load_state_dict({name: torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()})
    return network.eval()
