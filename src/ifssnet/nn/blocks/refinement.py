"""The refinement module: coarse maps from below meet the mask stream's fine ones (paper, III-B4, after its [30])."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.blocks.choices import LIGHT
from ifssnet.nn.blocks.convolution import conv_relu, laid_out


class Refinement(nn.Module):
    """Two 3 x 3 x 3 convolutions over the up-sampled maps and the skip, concatenated; "light": separable ones.

    Args:
        channels: Channels of the up-sampled maps, of the skip, and of the output.
        reading: "full" or "light".
        dropout: The rate of dropout at the output (paper, III-C4: 0.1).
        normalise: Group normalisation after each convolution.
    """

    def __init__(self, channels: int, reading: str, dropout: float, normalise: bool = True) -> None:
        super().__init__()
        separable = reading == LIGHT
        self.merge = conv_relu(2 * channels, channels, separable, normalise)
        self.refine = conv_relu(channels, channels, separable, normalise)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, coarse: Float[Tensor, "batch channel z y x"], skip: Float[Tensor, "batch channel z y x"]
    ) -> Float[Tensor, "batch channel z y x"]:
        """The refined maps."""
        both = laid_out(torch.cat([coarse, skip], dim=1))
        return self.dropout(self.refine(self.merge(both)))
