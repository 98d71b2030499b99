"""The decoder: transposed convolutions, a refinement module after each (paper, III-B4 and III-C4)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.blocks.choices import LIGHT
from ifssnet.nn.blocks.convolution import Pointwise
from ifssnet.nn.blocks.refinement import Refinement


class PatchDoubling(nn.Module):
    """A transposed convolution of 1 x 2 x 2 at stride 2: each voxel becomes a patch of four, by one matrix product."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.patch = nn.Linear(channels, 4 * out, bias=False)
        self.bias = nn.Parameter(torch.zeros(out))

    def forward(self, maps: Float[Tensor, "batch channel z v u"]) -> Float[Tensor, "batch out z y x"]:
        """The maps at twice the rows and columns."""
        batch, _, z, v, u = maps.shape
        patches = self.patch(maps.movedim(1, -1)).view(batch, z, v, u, 2, 2, -1)
        doubled = patches.transpose(3, 4).reshape(batch, z, 2 * v, 2 * u, -1)
        return (doubled + self.bias).movedim(-1, 1)


def doubling(channels: int, out: int, reading: str) -> nn.Module:
    """A transposed convolution that doubles rows and columns and keeps the slices."""
    if reading == LIGHT:
        return PatchDoubling(channels, out)
    return nn.ConvTranspose3d(channels, out, 3, stride=(1, 2, 2), padding=1, output_padding=(0, 1, 1))


class Decoder(nn.Module):
    """From the bottleneck up to the slices' own scale, one stage for each of the encoders'.

    Args:
        widths: Channels of the encoders' stages, finest first; each stage here has its skip's.
        reading: "full": 3 x 3 x 3 transposed convolutions and dense refinement. "light": 1 x 2 x 2 and separable.
        dropout: After each refinement (paper, III-C4: 0.1).
        normalise: Group normalisation in the refinement modules.
        zero_last: The last layer starts at zero, so that nothing is added to a prior before any training.
    """

    def __init__(
        self, widths: tuple[int, ...], reading: str, dropout: float, normalise: bool = True, zero_last: bool = False
    ) -> None:
        super().__init__()
        coarse_first = widths[::-1]
        before = (coarse_first[0], *coarse_first[:-1])
        self.up = nn.ModuleList(doubling(channels, out, reading) for channels, out in zip(before, coarse_first, strict=True))
        self.refine = nn.ModuleList(Refinement(width, reading, dropout, normalise) for width in coarse_first)
        self.last = Pointwise(widths[0], 2)
        if zero_last:
            for parameter in self.last.parameters():
                nn.init.zeros_(parameter)

    def forward(self, maps: Float[Tensor, "batch channel z v u"], skips: list[Tensor]) -> Float[Tensor, "batch 2 z y x"]:
        """Logits of background and muscle."""
        for up, refine, skip in zip(self.up, self.refine, reversed(skips), strict=True):
            maps = refine(up(maps), skip)
        return self.last(maps)
