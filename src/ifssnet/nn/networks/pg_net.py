"""PG-Net: a Siamese network that takes a mask from image to image beside a reference (Oh et al. 2018; the paper's [19])."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.global_convolution import GlobalConvolution, Residual
from ifssnet.nn.blocks.resnet import LightEncoder, ResNetTrunk

RESNET, LIGHT = "resnet", "light"
ENCODERS = (RESNET, LIGHT)
PLANES = 2
"""One plane of grey levels and one of the mask (Oh et al.: three of colour and one)."""


@dataclass(frozen=True)
class PGNetConfig:
    """Size of the network; the defaults are ResNet-50 and the published decoder.

    Attributes:
        encoder: "resnet", features from 1/4 to 1/32 of the image's size (Oh et al.), or "light", from its own size on.
        widths: For "resnet", the channels of its stem and first stage only (64); for "light", the channels at each scale.
        depths: Bottlenecks a stage of "resnet" (He et al. 2016: 3, 4, 6, 3); "light" takes no notice.
        decoder: Channels of the global convolution and the decoder (Oh et al.: 256).
        kernel: The size of the global convolution's kernel (Oh et al.: 7).
        groups: The groups of group normalisation.
    """

    encoder: str = RESNET
    widths: tuple[int, ...] = (64,)
    depths: tuple[int, ...] = (3, 4, 6, 3)
    decoder: int = 256
    kernel: int = 7
    groups: int = 8

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise InputError(f"one of the encoders {', '.join(ENCODERS)}", f"'{self.encoder}'", "Choose one of them.")
        if not self.widths or any(width < 1 or width % self.groups for width in (*self.widths, self.decoder)):
            raise InputError(
                f"widths and a decoder that are multiples of {self.groups}",
                f"{self.widths}, {self.decoder}",
                "Correct the widths.",
            )
        if (len(self.widths) == 1) != (self.encoder == RESNET):
            raise InputError("one width for resnet, several for light", f"{self.widths}", "Correct the widths.")
        if len(self.depths) < 2 or min(self.depths) < 1 or self.decoder < 1 or self.kernel < 1 or self.kernel % 2 == 0:
            raise InputError(
                "two stages or more, a decoder of one channel or more and an odd kernel",
                f"depths {self.depths}, decoder {self.decoder}, kernel {self.kernel}",
                "Correct them.",
            )

    @classmethod
    def light(cls) -> PGNetConfig:
        """A size that two processor cores can train."""
        return cls(encoder=LIGHT, widths=(8, 16, 24, 32, 48), decoder=16, groups=4)

    @property
    def scales(self) -> int:
        """How often the deepest features are halved from the image's size."""
        return len(self.depths) + 1 if self.encoder == RESNET else len(self.widths) - 1


class Refinement(nn.Module):
    """Brings coarse features to the size of a skip of the target stream and merges the two (Oh et al., Fig. 2)."""

    def __init__(self, channels_skip: int, channels: int, groups: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(nn.Conv2d(channels_skip, channels, 3, padding=1), Residual(channels, groups))
        self.merge = Residual(channels, groups)

    def forward(
        self, coarse: Float[Tensor, "batch channel v u"], skip: Float[Tensor, "batch fine y x"]
    ) -> Float[Tensor, "batch channel y x"]:
        """Features of the skip's size."""
        wider = nn.functional.interpolate(coarse, size=skip.shape[2:], mode="bilinear", align_corners=False)
        return self.merge(self.skip(skip) + wider)


class PGNet(nn.Module):
    """One encoder for both streams, a global convolution that matches them, a decoder that refines the target's mask.

    The reference stream sees a slice with the expert's mask, the target stream the slice that is wanted with the mask of the
    slice before. Nothing else is carried on: what it remembers is the mask that it made, fed back.
    """

    def __init__(self, config: PGNetConfig = PGNetConfig()) -> None:
        super().__init__()
        self.config = config
        self.encoder = (
            ResNetTrunk(PLANES, config.widths[0], config.depths, config.groups)
            if config.encoder == RESNET
            else LightEncoder(PLANES, config.widths, config.groups)
        )
        *finer, deepest = self.encoder.channels
        self.match = nn.Sequential(
            GlobalConvolution(2 * deepest, config.decoder, config.kernel), Residual(config.decoder, config.groups)
        )
        self.refine = nn.ModuleList(Refinement(channels, config.decoder, config.groups) for channels in reversed(finer))
        self.last = nn.Conv2d(config.decoder, 2, 3, padding=1)

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it, so that no scale is rounded."""
        return 2**self.config.scales

    def encode_reference(
        self, image: Float[Tensor, "batch 1 y x"], mask: Float[Tensor, "batch 1 y x"]
    ) -> Float[Tensor, "batch feature v u"]:
        """What the network keeps of a reference; the same for every target that it is compared with."""
        return self.encoder(torch.cat([image, mask], dim=1))[-1]

    def step(
        self,
        reference: Float[Tensor, "batch feature v u"],
        image: Float[Tensor, "batch 1 y x"],
        previous_mask: Float[Tensor, "batch 1 y x"],
    ) -> Float[Tensor, "batch 2 y x"]:
        """Logits of background and muscle on the target.

        Args:
            reference: What `encode_reference` gave.
            image: Normalised grey levels of the target.
            previous_mask: The mask of the slice before: the expert's, or the network's own probability, 0 to 1.
        """
        *finer, deepest = self.encoder(torch.cat([image, previous_mask], dim=1))
        x = self.match(torch.cat([reference, deepest], dim=1))
        for refine, skip in zip(self.refine, reversed(finer), strict=True):
            x = refine(x, skip)
        logits = self.last(torch.relu(x))
        if self.encoder.finest == 1:
            return logits
        return nn.functional.interpolate(logits, size=image.shape[2:], mode="bilinear", align_corners=False)

    def forward(
        self,
        reference_image: Float[Tensor, "batch 1 y x"],
        reference_mask: Float[Tensor, "batch 1 y x"],
        image: Float[Tensor, "batch 1 y x"],
        previous_mask: Float[Tensor, "batch 1 y x"],
    ) -> Float[Tensor, "batch 2 y x"]:
        """Logits of background and muscle on the target; softmax over them gives probabilities."""
        return self.step(self.encode_reference(reference_image, reference_mask), image, previous_mask)
