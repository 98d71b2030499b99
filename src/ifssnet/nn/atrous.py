"""3-D atrous separable convolution: the block of the encoders (paper, III-B1 and III-C4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.convolution import FULL, normalisation, shares

SAME, IN_PLANE = "same", "in-plane"
DEPTH_DILATIONS = (SAME, IN_PLANE)
RATES = (1, 6, 12, 18)


class AtrousDepthwise3d(nn.Module):
    """One 3 x 3 x 3 filter a channel, its taps `rate` voxels apart, the input's shape kept by zeros around it.

    Args:
        channels: In and out.
        rate: Voxels between taps, in-plane.
        depth_dilation: "same", the rate along depth too, or "in-plane", neighbouring slices along depth.
        collapse: Leave out the taps that meet nothing but padding. The result is the same; False is for the test of that.
    """

    def __init__(self, channels: int, rate: int, depth_dilation: str = SAME, collapse: bool = True) -> None:
        super().__init__()
        self.channels, self.collapse = channels, collapse
        self.dilation = (rate if depth_dilation == SAME else 1, rate, rate)
        self.weight = nn.Parameter(nn.Conv3d(channels, channels, 3, groups=channels).weight.detach())

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch channel z y x"]:
        """The filtered maps."""
        weight, padding = self.weight, list(self.dilation)
        for axis, (rate, size) in enumerate(zip(self.dilation, maps.shape[2:], strict=True)):
            # A tap `size` voxels away lies outside wherever the filter stands: only the middle tap is left on this axis.
            if self.collapse and rate >= size:
                weight, padding[axis] = weight.narrow(2 + axis, 1, 1), 0
        if not any(padding):
            return maps * weight.reshape(1, -1, 1, 1, 1)
        return F.conv3d(maps, weight, padding=padding, dilation=self.dilation, groups=self.channels)


class AtrousSeparableConv3d(nn.Module):
    """Depthwise-separable 3 x 3 x 3 convolutions at several rates, concatenated along the channels.

    Args:
        channels: Of the input.
        out: Channels of the output.
        reading: "full": every rate gives `out` channels and a 1 x 1 x 1 convolution projects the concatenation to `out`.
            "light": every rate gives a share of `out`, and their concatenation is the output.
        rates: Of the branches (paper, III-C4).
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
        self.depthwise = nn.ModuleList(AtrousDepthwise3d(channels, rate, depth_dilation) for rate in rates)
        self.pointwise = nn.ModuleList(nn.Conv3d(channels, width, 1) for width in widths)
        self.activate = nn.Sequential(normalisation(sum(widths), normalise), nn.ReLU())
        self.project: nn.Module = nn.Identity()
        if reading == FULL:
            # Without what stands between them, the branches' pointwise convolutions and this one would be one linear map.
            self.project = nn.Sequential(nn.Conv3d(sum(widths), out, 1), normalisation(out, normalise), nn.ReLU())

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch out z y x"]:
        """The maps at all rates."""
        branches = [mix(filtered(maps)) for filtered, mix in zip(self.depthwise, self.pointwise, strict=True)]
        return self.project(self.activate(torch.cat(branches, dim=1)))
