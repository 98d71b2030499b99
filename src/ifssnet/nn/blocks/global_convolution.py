"""A large kernel as two pairs of thin ones (Peng et al. 2017), as Oh et al. 2018 match a reference and a target with it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class GlobalConvolution(nn.Module):
    """The sum of a k x 1 then 1 x k path and a 1 x k then k x 1 path: what a k x k kernel sees, for 2 / k of its weights.

    Args:
        channels_in: The channels of the input.
        channels: The channels of the output.
        kernel: k, an odd number.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int = 7) -> None:
        super().__init__()
        tall, wide = (kernel, 1), (1, kernel)
        self.tall_first = _pair(channels_in, channels, tall, wide)
        self.wide_first = _pair(channels_in, channels, wide, tall)

    def forward(self, x: Float[Tensor, "batch channel y x"]) -> Float[Tensor, "batch out y x"]:
        """Features of the same size in-plane."""
        return self.tall_first(x) + self.wide_first(x)


def _pair(channels_in: int, channels: int, first: tuple[int, int], second: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, first, padding=(first[0] // 2, first[1] // 2)),
        nn.Conv2d(channels, channels, second, padding=(second[0] // 2, second[1] // 2)),
    )


class Residual(nn.Module):
    """Two normalised, activated 3 x 3 convolutions whose sum with the input goes on (He et al. 2016, pre-activation).

    Oh et al. have no normalisation here: they start from trained weights, and what starts from nothing is slow without.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.GroupNorm(groups, channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.GroupNorm(groups, channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Float[Tensor, "batch channel y x"]) -> Float[Tensor, "batch channel y x"]:
        """Features of the same shape."""
        return x + self.path(x)
