"""The paper's fully supervised baseline: a 3-D U-Net, MONAI's."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ifssnet.core.errors import InputError


@dataclass(frozen=True)
class UNet3dConfig:
    """Size of the network. The paper names it and states no size; the default is a usual one.

    Attributes:
        classes: Background and the muscles.
        widths: Channels at each scale, every one half as fine as the one before along all three axes.
        residual_units: Convolutions of each block, the input added to what they make.
        dropout: Share of features left out in training.
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


def build_unet_3d(config: UNet3dConfig = UNet3dConfig()) -> nn.Module:
    """The network: (batch, 1, z, y, x) normalised grey levels to (batch, class, z, y, x) logits.

    Raises:
        InputError: MONAI is not installed.
    """
    try:
        from monai.networks.nets.unet import UNet
    except ImportError as missing:
        raise InputError("MONAI", "an installation without it", 'Install it: pip install "ifssnet[nn]".') from missing
    return UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=config.classes,
        channels=config.widths,
        strides=(2,) * (len(config.widths) - 1),
        num_res_units=config.residual_units,
        norm="INSTANCE",
        dropout=config.dropout,
    )
