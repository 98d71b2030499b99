"""Where a network computes."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.propagate.network_input.engines import DEVICES

Method = TypeVar("Method", bound=Propagator)


def choose_device(name: str = "auto") -> torch.device:
    """The device by the name that the command line gives it; "auto" takes the graphics card where there is one.

    Raises:
        InputError: No such name, or no such device.
    """
    if name not in DEVICES:
        raise InputError(f"one of the devices {', '.join(DEVICES)}", f"'{name}'", "Choose one of them.")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InputError("a CUDA device", "none that torch can use here", "Leave out --device, or give --device cpu.")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def moved(method: Method, device: torch.device) -> Method:
    """The method with its networks on a device: every learned method, or its stepper, has one as `network`."""
    for holder, name in ((method, "network"), (method, "carrying"), (getattr(method, "stepper", None), "network")):
        network = getattr(holder, name, None)
        if isinstance(network, nn.Module):
            network.to(device)
    return method
