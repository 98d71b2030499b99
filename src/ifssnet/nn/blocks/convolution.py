"""What the blocks of IFSS-Net are built from: a convolution, dense or separable, and what may normalise its output."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.blocks.choices import groups_of
from ifssnet.nn.blocks.depthwise import depthwise


def laid_out(maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch channel z y x"]:
    """The maps with the channels last in memory on a CPU, where that makes depthwise and pointwise convolutions far faster."""
    return maps.contiguous(memory_format=torch.channels_last_3d) if maps.device.type == "cpu" else maps


class Pointwise(nn.Module):
    """A 1 x 1 x 1 convolution as the matrix product that it is (four times as fast as `nn.Conv3d` with the channels last)."""

    def __init__(self, channels: int, out: int, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, out, bias)

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch out z y x"]:
        """The channels mixed, voxel by voxel."""
        return self.linear(maps.movedim(1, -1)).movedim(-1, 1)


class Depthwise(nn.Module):
    """A 3 x 3 x 3 or 1 x 3 x 3 filter for each channel, its taps `dilation` voxels apart, without a bias."""

    def __init__(self, channels: int, depth: int = 3, dilation: tuple[int, int, int] = (1, 1, 1)) -> None:
        super().__init__()
        self.dilation = dilation
        self.weight = nn.Parameter(nn.Conv3d(channels, channels, (depth, 3, 3), groups=channels).weight.detach())

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch channel z y x"]:
        """The filtered maps."""
        return depthwise(maps, self.weight, self.dilation)


def convolution(channels: int, out: int, depth: int, separable: bool, bias: bool = True) -> nn.Module:
    """A 3 x 3 x 3 (or 1 x 3 x 3) convolution that keeps its input's shape; separable: filter channel by channel, then mix."""
    if separable:
        return nn.Sequential(Depthwise(channels, depth), Pointwise(channels, out, bias))
    return nn.Conv3d(channels, out, (depth, 3, 3), padding=(depth // 2, 1, 1), bias=bias)


def normalisation(channels: int, wanted: bool) -> nn.Module:
    """Group normalisation, up to eight groups of at least four channels, or nothing.

    Never batch normalisation: a batch is one patient (paper, III-C4) and its windows are neighbours, so that a batch's mean
    would be this leg's, and what is learned with it would not hold at inference. The paper names no normalisation.
    """
    if not wanted:
        return nn.Identity()
    return nn.GroupNorm(groups_of(channels), channels)


def conv_relu(channels: int, out: int, separable: bool, normalise: bool) -> nn.Sequential:
    """A 3 x 3 x 3 convolution, normalised, rectified."""
    return nn.Sequential(convolution(channels, out, 3, separable), normalisation(out, normalise), nn.ReLU())
