"""The twin encoders: one set of weights, an image stream and a mask stream (paper, III-B1)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.blocks.convolution import laid_out


class TwinEncoders(nn.Module):
    """Stages that both streams pass through; what the image stream finds is added to the mask stream after each.

    There is one encoder: the streams are stacked along the batch, so the twins' weights are the same by construction and
    the gradients of both streams add up in them. In-plane pooling halves the slices after each stage; depth is kept.

    Args:
        stages: The blocks, in order, each at half the scale of the one before.
        dropout: The rate of dropout in both streams' final maps (paper, III-C4: 0.1).
    """

    def __init__(self, stages: list[nn.Module], dropout: float) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.pool = nn.MaxPool3d((1, 2, 2))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, image: Float[Tensor, "batch channel z y x"], mask: Float[Tensor, "batch channel z y x"]
    ) -> tuple[Float[Tensor, "batch out z v u"], Float[Tensor, "batch out z v u"], list[Tensor]]:
        """The image stream's maps, the mask stream's, and the mask stream's at every stage before it is pooled."""
        skips: list[Tensor] = []
        for stage in self.stages:
            image, mask = stage(laid_out(torch.cat([image, mask]))).chunk(2)
            mask = mask + image
            skips.append(mask)
            image, mask = self.pool(image), self.pool(mask)
        return self.dropout(image), self.dropout(mask), skips
