"""What the blocks of IFSS-Net are built from: a convolution, dense or separable, and what may normalise its output."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

FULL, LIGHT = "full", "light"
READINGS = (FULL, LIGHT)


def convolution(channels: int, out: int, kernel: tuple[int, int, int], separable: bool, bias: bool = True) -> nn.Module:
    """A convolution with odd kernels that keeps its input's shape; separable: a filter a channel, then a mixing of channels."""
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    if not separable:
        return nn.Conv3d(channels, out, kernel, padding=padding, bias=bias)
    depthwise = nn.Conv3d(channels, channels, kernel, padding=padding, groups=channels, bias=False)
    return nn.Sequential(depthwise, nn.Conv3d(channels, out, 1, bias=bias))


def normalisation(channels: int, wanted: bool) -> nn.Module:
    """Group normalisation, up to eight groups of at least four channels, or nothing.

    Never batch normalisation: a batch is one patient (paper, III-C4) and its windows are neighbours, so that a batch's mean
    would be this leg's, and what is learned with it would not hold at inference. The paper names no normalisation.
    """
    if not wanted:
        return nn.Identity()
    return nn.GroupNorm(next(g for g in range(8, 0, -1) if channels % g == 0 and (g == 1 or channels // g >= 4)), channels)


def conv_relu(channels: int, out: int, separable: bool, normalise: bool) -> nn.Sequential:
    """A 3 x 3 x 3 convolution, normalised, rectified."""
    return nn.Sequential(convolution(channels, out, (3, 3, 3), separable), normalisation(out, normalise), nn.ReLU())


def shares(channels: int, branches: int) -> tuple[int, ...]:
    """So many channels shared out among branches as evenly as can be.

    >>> shares(30, 4)
    (7, 8, 7, 8)
    """
    ends = [channels * i // branches for i in range(branches + 1)]
    return tuple(end - start for start, end in pairwise(ends))
