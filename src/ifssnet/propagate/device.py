"""Where a network computes."""

from __future__ import annotations

import torch

from ifssnet.core.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


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
