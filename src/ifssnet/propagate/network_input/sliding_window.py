"""A network over a whole volume, window by window; overlapping windows are averaged, their middles counting the most."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

SPREAD = 0.125
"""SD of the Gaussian weight of a window, as a share of its side (nnU-Net, Isensee et al. 2021)."""

LEAST_WEIGHT = 1e-3


def over_windows(
    network: nn.Module,
    volume: Float[Tensor, "z y x"],
    window_zyx: tuple[int, int, int],
    overlap: float,
    outside: float,
    device: torch.device,
) -> Float[Tensor, "class z y x"]:
    """What a network makes of a volume that is larger than its window.

    Args:
        network: (1, 1, z, y, x) to (1, class, z, y, x).
        volume: On the processor, like the result.
        window_zyx: The sides of a window. Where one is longer than the volume, the volume lies in its middle.
        overlap: The share of a window that its neighbour sees as well, 0 to below 1.
        outside: The value beyond a volume that is shorter than a window.
        device: Where the network is.
    """
    before = [max(side - size, 0) // 2 for side, size in zip(window_zyx, volume.shape, strict=True)]
    after = [max(side - size, 0) - first for side, size, first in zip(window_zyx, volume.shape, before, strict=True)]
    padding = [number for pair in zip(reversed(before), reversed(after), strict=True) for number in pair]
    padded = nn.functional.pad(volume[None, None], padding, value=outside) if any(padding) else volume[None, None]
    weight = _weight(window_zyx, device)
    total: Tensor | None = None
    count = padded.new_zeros(padded.shape)
    for place in _windows(padded.shape[2:], window_zyx, overlap):
        found = network(padded[(slice(None), slice(None), *place)].to(device))
        if total is None:
            total = padded.new_zeros((1, found.shape[1], *padded.shape[2:]))
        total[(slice(None), slice(None), *place)] += (found * weight).to(total)
        count[(slice(None), slice(None), *place)] += weight.to(count)
    assert total is not None
    kept = tuple(slice(first, first + size) for first, size in zip(before, volume.shape, strict=True))
    return (total / count)[(0, slice(None), *kept)]


def _weight(window_zyx: Sequence[int], device: torch.device) -> Float[Tensor, "z y x"]:
    """A Gaussian about the window's middle, nowhere so small that a voxel seen by one window alone would be lost."""
    weight = torch.ones((), device=device)
    for side in window_zyx:
        away = torch.arange(-(side - 1) / 2.0, (side - 1) / 2.0 + 1, dtype=torch.float, device=device)
        weight = weight[..., None] * torch.exp(away**2 / (-2 * (side * SPREAD) ** 2))
    return weight.clamp(min=max(float(weight.min()), LEAST_WEIGHT))


def _windows(shape: Sequence[int], window_zyx: Sequence[int], overlap: float) -> Iterator[tuple[slice, ...]]:
    """The windows' places, side by side from the first voxel; the last one along each axis ends with the volume."""
    starts: list[list[int]] = []
    for size, side in zip(shape, window_zyx, strict=True):
        step = max(1, int(side * (1 - overlap)))
        starts.append([min(step * index, size - side) for index in range(math.ceil((size - side) / step) + 1)])
    for corner in itertools.product(*starts):
        yield tuple(slice(first, first + side) for first, side in zip(corner, window_zyx, strict=True))
