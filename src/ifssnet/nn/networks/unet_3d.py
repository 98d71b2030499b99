"""The paper's fully supervised baseline: a 3-D U-Net."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError


@dataclass(frozen=True)
class UNet3dConfig:
    """Size of the network. The paper names it and states no size; the default is a usual one.

    Attributes:
        classes: The background and the muscles.
        widths: The channels at each scale; each scale is half as fine as the one before along all three axes.
        residual_units: The convolutions of each residual unit; 0 for plain convolutions without residuals.
        dropout: The share of features that are left out in training.
    """

    classes: int = 4
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    residual_units: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.classes < 2 or len(self.widths) < 2 or min(self.widths) < 1:
            raise InputError("two classes or more and two widths or more", f"{self.classes}, {self.widths}", "Correct them.")
        if self.residual_units < 0 or not 0 <= self.dropout < 1:
            raise InputError(
                "no negative number of residual units, and a dropout from 0 to below 1",
                f"{self.residual_units} and {self.dropout}",
                "Correct them.",
            )

    @classmethod
    def light(cls, classes: int = 4) -> UNet3dConfig:
        """A size that two processor cores can train."""
        return cls(classes, widths=(8, 16, 32, 64), residual_units=1)

    @property
    def multiple(self) -> int:
        """Every side of the input is a multiple of it."""
        return 2 ** (len(self.widths) - 1)


class UNet3dNetwork(nn.Module):
    """A 3-D U-Net with residual units, instance normalisation and PReLU (Kerfoot et al. 2018).

    The names and the order of its parameters are those of MONAI's `UNet`, so that either reads the weights of the other.
    """

    def __init__(self, config: UNet3dConfig = UNet3dConfig()) -> None:
        super().__init__()
        self.model = _level(config, 1, config.classes, config.widths, is_top=True)

    def forward(self, grey: Float[Tensor, "batch 1 z y x"]) -> Float[Tensor, "batch class z y x"]:
        """The logits of every class; each side of the input is a multiple of `UNet3dConfig.multiple`."""
        return self.model(grey)


class _Skip(nn.Module):
    """The input beside what the deeper scales make of it."""

    def __init__(self, submodule: nn.Module) -> None:
        super().__init__()
        self.submodule = submodule

    def forward(self, maps: Float[Tensor, "batch map z y x"]) -> Float[Tensor, "batch joined z y x"]:
        return torch.cat([maps, self.submodule(maps)], dim=1)


class _ResidualUnit(nn.Module):
    """Convolutions, and the input added to what they make; the first one takes the stride."""

    def __init__(
        self, channels_in: int, channels: int, stride: int, units: int, dropout: float, bare_end: bool = False
    ) -> None:
        super().__init__()
        sizes = [(channels_in, stride), *[(channels, 1)] * (units - 1)]
        self.conv = nn.Sequential()
        for index, (before, step) in enumerate(sizes):
            bare = bare_end and index == units - 1
            self.conv.add_module(f"unit{index}", _convolution(nn.Conv3d(before, channels, 3, step, 1), dropout, bare))
        self.residual: nn.Module = nn.Identity()
        if stride != 1:
            self.residual = nn.Conv3d(channels_in, channels, 3, stride, 1)
        elif channels_in != channels:
            self.residual = nn.Conv3d(channels_in, channels, 1)

    def forward(self, maps: Float[Tensor, "batch map z y x"]) -> Float[Tensor, "batch out v u t"]:
        residual = self.residual(maps)
        return self.conv(maps) + residual


def _level(config: UNet3dConfig, channels_in: int, channels_out: int, widths: Sequence[int], is_top: bool) -> nn.Sequential:
    """A scale of the network and all that are deeper."""
    here, below = widths[0], widths[1]
    if len(widths) > 2:
        deeper, joined = _level(config, here, here, widths[1:], is_top=False), 2 * here
    else:
        deeper, joined = _down(config, here, below, 1), here + below
    # The parts draw their initial numbers in this order.
    down = _down(config, channels_in, here, 2)
    return nn.Sequential(down, _Skip(deeper), _up(config, joined, channels_out, is_top))


def _down(config: UNet3dConfig, channels_in: int, channels: int, stride: int) -> nn.Module:
    if config.residual_units:
        return _ResidualUnit(channels_in, channels, stride, config.residual_units, config.dropout)
    return _convolution(nn.Conv3d(channels_in, channels, 3, stride, 1), config.dropout)


def _up(config: UNet3dConfig, channels_in: int, channels: int, is_top: bool) -> nn.Module:
    """Twice the size; the top scale ends with a convolution alone, whose numbers are the logits."""
    doubled = nn.ConvTranspose3d(channels_in, channels, 3, 2, 1, 1)
    if not config.residual_units:
        return _convolution(doubled, config.dropout, bare=is_top)
    return nn.Sequential(
        _convolution(doubled, config.dropout), _ResidualUnit(channels, channels, 1, 1, config.dropout, bare_end=is_top)
    )


def _convolution(convolution: nn.Conv3d | nn.ConvTranspose3d, dropout: float, bare: bool = False) -> nn.Sequential:
    """A convolution with its normalisation, dropout and activation; a bare one has none of them."""
    parts: dict[str, nn.Module] = {"conv": convolution}
    if not bare:
        after = {"N": nn.InstanceNorm3d(convolution.out_channels), "D": nn.Dropout(dropout), "A": nn.PReLU()}
        parts["adn"] = nn.Sequential(OrderedDict(after))
    return nn.Sequential(OrderedDict(parts))
