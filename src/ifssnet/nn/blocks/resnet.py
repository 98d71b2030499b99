"""Encoders of 2-D images for PG-Net: the trunk of ResNet-50, and a light one for processors."""

from __future__ import annotations

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

EXPANSION = 4
"""How many times the channels a bottleneck gives that its 3 x 3 convolution works on (He et al. 2016)."""


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions around which the input goes on; the 3 x 3 one halves the size where asked."""

    def __init__(self, channels_in: int, width: int, stride: int, groups: int) -> None:
        super().__init__()
        channels = width * EXPANSION
        self.path = nn.Sequential(
            nn.Conv2d(channels_in, width, 1, bias=False),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, channels, 1, bias=False),
            nn.GroupNorm(groups, channels),
        )
        same = stride == 1 and channels_in == channels
        self.way_round = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False), nn.GroupNorm(groups, channels))
        )

    def forward(self, x: Float[Tensor, "batch channel y x"]) -> Float[Tensor, "batch out v u"]:
        """Features, half as large in-plane where the stride is 2."""
        return nn.functional.relu(self.path(x) + self.way_round(x))


class ResNetTrunk(nn.Module):
    """ResNet without its classifier: features at 1/4, 1/8, 1/16 and 1/32 of the image's size.

    Group normalisation stands in for batch normalisation: batches are a few slices of one leg, and a network that runs
    on its own predictions must not depend on what else is in the batch.

    Args:
        planes: Input channels.
        width: Channels of the stem and the first stage; 64 in ResNet-50.
        depths: Bottlenecks a stage; (3, 4, 6, 3) in ResNet-50.
        groups: The groups of group normalisation.
    """

    def __init__(self, planes: int, width: int = 64, depths: tuple[int, ...] = (3, 4, 6, 3), groups: int = 8) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(planes, width, 7, stride=2, padding=3, bias=False),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        stages: list[nn.Module] = []
        channels = width
        for index, depth in enumerate(depths):
            inner = width * 2**index
            blocks = [Bottleneck(channels, inner, 1 if index == 0 else 2, groups)]
            channels = inner * EXPANSION
            blocks += [Bottleneck(channels, inner, 1, groups) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.channels = tuple(width * 2**index * EXPANSION for index in range(len(depths)))
        self.finest = 4

    def forward(self, x: Float[Tensor, "batch plane y x"]) -> tuple[Tensor, ...]:
        """Features, the finest first."""
        x = self.stem(x)
        found: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return tuple(found)


class LightEncoder(nn.Module):
    """Two 3 x 3 convolutions a scale, the first features at the image's own size.

    Args:
        planes: Input channels.
        widths: Channels at each scale, every one half as fine as the one before.
        groups: The groups of group normalisation.
    """

    def __init__(self, planes: int, widths: tuple[int, ...], groups: int = 4) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, width, 3, stride=1 if index == 0 else 2, padding=1, bias=False),
                nn.GroupNorm(groups, width),
                nn.ReLU(inplace=True),
                nn.Conv2d(width, width, 3, padding=1, bias=False),
                nn.GroupNorm(groups, width),
                nn.ReLU(inplace=True),
            )
            for index, (before, width) in enumerate(pairwise((planes, *widths)))
        )
        self.channels = widths
        self.finest = 1

    def forward(self, x: Float[Tensor, "batch plane y x"]) -> tuple[Tensor, ...]:
        """Features, the finest first."""
        found: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return tuple(found)
