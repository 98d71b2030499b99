"""A network that starts from a prior: its output is the prior's own logit plus what it learned to add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.networks.unet_2_5d import UNet25d, UNet25dConfig

LIGHT, TWIN = "unet-2.5d", "ifss-net"
BACKBONES = (LIGHT, TWIN)


@dataclass(frozen=True)
class AnchoredNetConfig:
    """The network and its backbone.

    Attributes:
        backbone: "unet-2.5d", 2-D convolutions over a stack of slices, or "ifss-net", the paper's twin encoders on a
            window of three slices with the prior, its nearness and a first guess in the mask stream.
        slices: How many slices of the image a sample has; three for "ifss-net".
        cues: Numbers about each sample: how far it lies from what is known, and how well that is known.
        widths: Channels at each scale; five for "ifss-net".
        clip_px: How many pixels from its border the prior stops growing surer.
        gain: Logit of the prior a pixel from its border.
    """

    backbone: str = LIGHT
    slices: int = 5
    cues: int = 2
    widths: tuple[int, ...] = (16, 32, 48, 64)
    clip_px: float = 6.0
    gain: float = 0.8

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise InputError(f"one of the backbones {', '.join(BACKBONES)}", f"'{self.backbone}'", "Choose one of them.")
        if self.backbone == TWIN and (self.slices != 3 or len(self.widths) != 5):
            raise InputError(
                f"three slices and five widths for {TWIN}", f"{self.slices} and {self.widths}", "Correct slices and widths."
            )
        if not (self.clip_px > 0 and self.gain > 0):
            raise InputError("a positive clip_px and gain", f"{self.clip_px} and {self.gain}", "Correct them.")

    @classmethod
    def twin(cls, widths: tuple[int, ...] = (16, 16, 32, 32, 64)) -> AnchoredNetConfig:
        """The paper's twin encoders at a width that two cores can train (the paper's: 30, 30, 60, 60, 120)."""
        return cls(backbone=TWIN, slices=3, widths=widths)


class Backbone(Protocol):
    """What finds the correction. Both sides of its input are multiples of `multiple`."""

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        ...

    def __call__(
        self,
        image: Float[Tensor, "batch slice y x"],
        prior: Float[Tensor, "batch 1 y x"],
        cues: Float[Tensor, "batch cue"],
    ) -> Float[Tensor, "batch 1 y x"]:
        """The correction to the prior's logit; nothing but zeros before any training."""
        ...


class LightBackbone(nn.Module):
    """The 2.5-D U-Net over the slices, the prior close to its border, and the prior far from it."""

    def __init__(self, config: AnchoredNetConfig) -> None:
        super().__init__()
        self.unet = UNet25d(UNet25dConfig(config.slices + 2, config.cues, config.widths))
        self.last = _zeroed(nn.Conv2d(self.unet.channels, 1, 1))

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        return self.unet.multiple

    def forward(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """The correction to the prior's logit."""
        planes = torch.cat([image, torch.tanh(prior / 4), prior.clamp(-8, 8) / 4], dim=1)
        return self.last(self.unet(planes, cues))


class TwinBackbone(nn.Module):
    """IFSS-Net on a window of three slices; the mask stream sees the prior, the cues' first number, and a first guess.

    There is no previous prediction in a single window, so the prior's own probability stands in its place.
    """

    def __init__(self, config: AnchoredNetConfig) -> None:
        super().__init__()
        from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig

        self.config = config
        # Dropout is for long training; here it would make up for nothing that the augmentation does not.
        calm = {"encoder_dropout": 0.0, "lstm_dropout": 0.0, "decoder_dropout": 0.0}
        self.network = IFSSNet(IFSSNetConfig.small(config.widths, mask_channels=3, zero_last=True, **calm))

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        return 2 ** len(self.config.widths)

    def forward(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """The correction to the prior's logit."""
        near = cues[:, :1, None, None].expand_as(prior)
        mask = torch.cat([torch.tanh(prior / 4), near, torch.sigmoid(self.config.gain * prior)], dim=1)
        logits, _ = self.network(image[:, None], mask[:, :, None].expand(-1, -1, image.shape[1], -1, -1))
        middle = logits[:, :, image.shape[1] // 2]
        return middle[:, 1:] - middle[:, :1]


class AnchoredNet(nn.Module):
    """The prior's logit plus a correction that is zero before any training, so that it starts out as good as its prior."""

    def __init__(self, config: AnchoredNetConfig = AnchoredNetConfig()) -> None:
        super().__init__()
        self.config = config
        self.backbone = LightBackbone(config) if config.backbone == LIGHT else TwinBackbone(config)

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        return self.backbone.multiple

    def correction(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """What the network adds to the prior's logit."""
        return cast(Backbone, self.backbone)(image, prior, cues)

    def forward(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """The logit of the middle slice.

        Args:
            image: Normalised grey levels of neighbouring slices, the wanted one in the middle.
            prior: Signed distance to the prior's border in pixels, positive inside.
            cues: About each sample, about 0 to 1.
        """
        config = self.config
        return config.gain * prior.clamp(-config.clip_px, config.clip_px) + self.correction(image, prior, cues)


def _zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
