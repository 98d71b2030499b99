"""3-D atrous separable convolution: the block of the encoders (paper, III-B1 and III-C4)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.choices import DEPTH_DILATIONS, FULL, RATES, SAME, shares
from ifssnet.nn.blocks.convolution import Depthwise, Pointwise, normalisation


class AtrousSeparableConv3d(nn.Module):
    """Depthwise-separable 3 x 3 x 3 convolutions at several rates, concatenated along the channels.

    Args:
        channels: The channels of the input.
        out: Channels of the output.
        reading: "full": every rate gives `out` channels and a 1 x 1 x 1 convolution projects the concatenation to `out`.
            "light": every rate gives a share of `out`, and their concatenation is the output.
        rates: The rates of the branches (paper, III-C4).
        depth_dilation: "same" or "in-plane"; see docs/decisions/dilation-along-depth.md.
        normalise: Group normalisation before each rectification.
    """

    def __init__(
        self,
        channels: int,
        out: int,
        reading: str = FULL,
        rates: tuple[int, ...] = RATES,
        depth_dilation: str = SAME,
        normalise: bool = True,
    ) -> None:
        super().__init__()
        if depth_dilation not in DEPTH_DILATIONS:
            raise InputError(f"one of {', '.join(DEPTH_DILATIONS)}", f"'{depth_dilation}'", "Correct depth_dilation.")
        widths = (out,) * len(rates) if reading == FULL else shares(out, len(rates))
        self.depthwise = nn.ModuleList(
            Depthwise(channels, dilation=(rate if depth_dilation == SAME else 1, rate, rate)) for rate in rates
        )
        self.pointwise = nn.ModuleList(Pointwise(channels, width) for width in widths)
        self.activate = nn.Sequential(normalisation(sum(widths), normalise), nn.ReLU())
        self.project: nn.Module = nn.Identity()
        if reading == FULL:
            # Without what stands between them, the branches' pointwise convolutions and this one would be one linear map.
            self.project = nn.Sequential(Pointwise(sum(widths), out), normalisation(out, normalise), nn.ReLU())

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch out z y x"]:
        """The maps at all rates."""
        branches = [mix(filtered(maps)) for filtered, mix in zip(self.depthwise, self.pointwise, strict=True)]
        return self.project(self.activate(torch.cat(branches, dim=1)))
