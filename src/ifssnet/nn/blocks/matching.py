"""The fusion module: global feature matching of the two streams (paper, III-B2 and Fig. 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.blocks.convolution import Pointwise, convolution, normalisation


class SameConv3d(nn.Module):
    """A convolution that keeps its input's shape for even kernels too (the paper's f is 16): one voxel more after it."""

    def __init__(self, channels: int, out: int, kernel: tuple[int, int, int]) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(channels, out, kernel)
        self.padding = [side for size in reversed(kernel) for side in ((size - 1) // 2, size // 2)]

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch out z y x"]:
        """The filtered maps."""
        return self.convolution(F.pad(maps, self.padding))


class ResidualBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions around an identity that nothing interrupts (He et al. 2016, the paper's [40])."""

    def __init__(self, channels: int, separable: bool, normalise: bool) -> None:
        super().__init__()
        self.change = nn.Sequential(
            normalisation(channels, normalise),
            nn.ReLU(),
            convolution(channels, channels, 3, separable),
            normalisation(channels, normalise),
            nn.ReLU(),
            convolution(channels, channels, 3, separable),
        )

    def forward(self, maps: Float[Tensor, "batch channel z y x"]) -> Float[Tensor, "batch channel z y x"]:
        """The maps and their change."""
        return maps + self.change(maps)


class GlobalFeatureMatching(nn.Module):
    """Matches the image stream with the mask stream over much of the slice and of the window.

    Two chains of one-dimensional convolutions, [w,1,1] + [1,f,1] + [1,1,f] and [w,1,1] + [1,1,f] + [1,f,1], are summed: a
    w x f x f field of view at the cost of lines. A residual block follows.

    With f the bottleneck's side, as in the paper, the middle of a slice sees all of it and a corner sees a quarter: the
    far side of the slice takes a kernel of 2 f - 1 (`sees_whole`). Likewise the first slice of a window does not see the third
    where w is 3; the residual block's convolutions bring in two voxels more on either side.

    Args:
        channels: Channels of each stream, and of the output.
        window: Slices of a window, w.
        size: f, the bottleneck's side (16 at 512 x 512). A smaller bottleneck only meets a part of the kernel.
        separable: The residual block's convolutions.
        normalise: Group normalisation in the residual block.
    """

    def __init__(self, channels: int, window: int, size: int, separable: bool = False, normalise: bool = True) -> None:
        super().__init__()
        depth, rows, columns = (window, 1, 1), (1, size, 1), (1, 1, size)
        self.chains = nn.ModuleList(
            nn.Sequential(
                SameConv3d(2 * channels, channels, depth),
                SameConv3d(channels, channels, first),
                SameConv3d(channels, channels, second),
            )
            for first, second in ((rows, columns), (columns, rows))
        )
        self.residual = ResidualBlock(channels, separable, normalise)
        self.size = size

    def sees_whole(self, rows: int, columns: int) -> bool:
        """Whether the chains see all of a bottleneck of such sides from every place in it."""
        return self.size >= 2 * max(rows, columns) - 1

    def forward(
        self, image: Float[Tensor, "batch channel z y x"], mask: Float[Tensor, "batch channel z y x"]
    ) -> Float[Tensor, "batch channel z y x"]:
        """The matched maps."""
        both = torch.cat([image, mask], dim=1)
        one, other = self.chains
        return self.residual(one(both) + other(both))


class LocalMatching(nn.Module):
    """What stands in the fusion module's place when that is left out: a mixing of the streams' channels, voxel by voxel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = Pointwise(2 * channels, channels)

    def forward(
        self, image: Float[Tensor, "batch channel z y x"], mask: Float[Tensor, "batch channel z y x"]
    ) -> Float[Tensor, "batch channel z y x"]:
        """The mixed maps."""
        return self.mix(torch.cat([image, mask], dim=1))
