"""A small U-Net of 2-D convolutions over a stack of slices; a few numbers about the slice scale and shift its features."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError


@dataclass(frozen=True)
class UNet25dConfig:
    """Size of the network.

    Attributes:
        planes: Input planes: slices of the image, then planes of the prior.
        cues: Numbers about the slice as a whole.
        widths: Channels at each scale, every one half as fine as the one before.
        groups: The groups of group normalisation.
    """

    planes: int = 7
    cues: int = 2
    widths: tuple[int, ...] = (16, 32, 48, 64)
    groups: int = 4

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or any(width < 1 or width % self.groups for width in self.widths):
            raise InputError(
                f"at least two widths that are multiples of {self.groups}", f"{self.widths}", "Correct the network's widths."
            )


class Block(nn.Module):
    """Convolution, normalisation that the cues scale and shift, activation; and the same without cues."""

    def __init__(self, channels_in: int, channels: int, cues: int, groups: int, convolutions: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(groups, channels)
        self.told = nn.Linear(cues, 2 * channels)
        nn.init.zeros_(self.told.weight)
        nn.init.zeros_(self.told.bias)
        self.second = (
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.GroupNorm(groups, channels), nn.ReLU(inplace=True)
            )
            if convolutions == 2
            else nn.Identity()
        )

    def forward(
        self, x: Float[Tensor, "batch channel y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch out y x"]:
        """Features of the same size in-plane."""
        scale, shift = self.told(cues)[:, :, None, None].chunk(2, dim=1)
        return self.second(torch.relu(self.norm(self.first(x)) * (1 + scale) + shift))


class UNet25d(nn.Module):
    """Two convolutions a scale on the way down, one on the way up; skips are added, not stacked."""

    def __init__(self, config: UNet25dConfig = UNet25dConfig()) -> None:
        super().__init__()
        self.config = config
        widths, cues, groups = config.widths, config.cues, config.groups
        self.down = nn.ModuleList(Block(before, width, cues, groups, 2) for before, width in pairwise((config.planes, *widths)))
        self.narrow = nn.ModuleList(nn.Conv2d(deep, fine, 1) for fine, deep in pairwise(widths))
        self.up = nn.ModuleList(Block(fine, fine, cues, groups, 1) for fine in widths[:-1])

    @property
    def channels(self) -> int:
        """The channels of the output."""
        return self.config.widths[0]

    @property
    def multiple(self) -> int:
        """Both sides of the input must be multiples of it."""
        return 2 ** (len(self.config.widths) - 1)

    def forward(
        self, planes: Float[Tensor, "batch plane y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch channel y x"]:
        """Features of every pixel."""
        skips: list[Tensor] = []
        x = planes
        for index, block in enumerate(self.down):
            x = block(x if index == 0 else nn.functional.max_pool2d(x, 2), cues)
            skips.append(x)
        x = skips.pop()
        for narrow, block in zip(reversed(self.narrow), reversed(self.up), strict=True):
            wider = nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = block(wider + skips.pop(), cues)
        return x
