"""A network as its description reads: every convolution torch's own, with all of its taps; the reference of speed."""

from __future__ import annotations

from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

from ifssnet.nn.blocks.convolution import Depthwise, Pointwise
from ifssnet.nn.blocks.decoder import PatchDoubling

Network = TypeVar("Network", bound=nn.Module)


def literal(network: Network) -> Network:
    """A copy of the network in which nothing is done for speed, ready for use; it gives the same but for the rounding."""
    copy = deepcopy(network).eval()
    for holder in list(copy.modules()):
        for name, part in list(holder.named_children()):
            if (plain := _plain(part)) is not None:
                setattr(holder, name, plain)
    return copy.to(next(network.parameters()).device).requires_grad_(False)


@torch.no_grad()
def _plain(part: nn.Module) -> nn.Module | None:
    """Torch's own convolution for a part that is none; None for other parts."""
    if isinstance(part, Depthwise):
        channels, _, depth, *_ = part.weight.shape
        reach = (depth // 2 * part.dilation[0], part.dilation[1], part.dilation[2])
        size = (depth, 3, 3)
        filters = nn.Conv3d(channels, channels, size, padding=reach, dilation=part.dilation, groups=channels, bias=False)
        filters.weight.copy_(part.weight)
        return filters
    if isinstance(part, Pointwise):
        out, channels = part.linear.weight.shape
        with_bias = getattr(part.linear, "bias", None) is not None
        mix = nn.Conv3d(channels, out, 1, bias=with_bias)
        mix.weight.copy_(part.linear.weight.reshape(out, channels, 1, 1, 1))
        if mix.bias is not None:
            mix.bias.copy_(part.linear.bias)
        return mix
    if isinstance(part, PatchDoubling):
        channels, out = part.patch.in_features, len(part.bias)
        doubled = nn.ConvTranspose3d(channels, out, (1, 2, 2), stride=(1, 2, 2))
        doubled.weight.copy_(part.patch.weight.reshape(2, 2, out, channels).permute(3, 2, 0, 1).unsqueeze(2))
        assert doubled.bias is not None
        doubled.bias.copy_(part.bias)
        return doubled
    return None
