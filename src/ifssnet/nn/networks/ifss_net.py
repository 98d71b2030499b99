"""IFSS-Net: twin encoders, global feature matching, a bidirectional ConvLSTM and a decoder (paper, III-B and Fig. 2)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.blocks.atrous import AtrousSeparableConv3d
from ifssnet.nn.blocks.choices import LIGHT
from ifssnet.nn.blocks.conv_lstm import BiConvLSTM, State, detached
from ifssnet.nn.blocks.convolution import Pointwise, conv_relu
from ifssnet.nn.blocks.decoder import Decoder
from ifssnet.nn.blocks.encoder import TwinEncoders
from ifssnet.nn.blocks.matching import GlobalFeatureMatching, LocalMatching
from ifssnet.nn.networks.ifss_net_config import CARRIED, PER_WINDOW, IFSSNetConfig

__all__ = ["CARRIED", "PER_WINDOW", "IFSSNet", "IFSSNetConfig", "State", "detached"]


PAPER = IFSSNetConfig.paper()


class IFSSNet(nn.Module):
    """Segments a window of slices from their image and from what was found in the window before."""

    def __init__(self, config: IFSSNetConfig = PAPER) -> None:
        super().__init__()
        self.config = config
        deepest = config.widths[-1]
        # The twins' first convolution is one and the same, so both streams must enter it with as many channels.
        entrance = config.stem or config.mask_channels
        self.image_stem, self.mask_stem = _stem(1, entrance, config), _stem(config.mask_channels, entrance, config)
        before = (entrance, *config.widths[:-1])
        self.encoders = TwinEncoders(
            [
                AtrousSeparableConv3d(channels, out, config.blocks, config.rates, config.depth_dilation, config.normalise)
                for channels, out in zip(before, config.widths, strict=True)
            ],
            config.encoder_dropout,
        )
        light = config.bottleneck == LIGHT
        self.matching = (
            GlobalFeatureMatching(deepest, config.window, config.matching_size, light, config.normalise)
            if config.matching
            else LocalMatching(deepest)
        )
        self.memory = BiConvLSTM(deepest, config.direction, config.lstm_dropout, light)
        self.decoder = Decoder(config.widths, config.blocks, config.decoder_dropout, config.normalise, config.zero_last)

    @property
    def multiple(self) -> int:
        """Rows and columns are multiples of it."""
        return self.config.multiple

    def forward(
        self,
        image: Float[Tensor, "batch 1 z y x"],
        mask: Float[Tensor, "batch channel z y x"],
        state: State | None = None,
    ) -> tuple[Float[Tensor, "batch 2 z y x"], State | None]:
        """Logits of background and muscle, and the state for the next window.

        Args:
            image: Normalised grey levels of the window's slices.
            mask: What is known of them: by default the previous window's probabilities, 0 to 1.
            state: What the forward direction remembered; None at the start, and always with `state="window"`.

        Raises:
            InputError: Rows or columns that cannot be halved as often as there are stages.
        """
        self.config.check_sides(*image.shape[-2:])
        appearance, location, skips = self.encoders(self.image_stem(image), self.mask_stem(mask))
        matched = self.matching(appearance, location)
        carried = self.config.state == CARRIED
        remembered, state = self.memory(matched, state if carried else None)
        return self.decoder(remembered, skips), state if carried else None


def _stem(channels: int, entrance: int, config: IFSSNetConfig) -> nn.Module:
    """What a stream passes before the twins; nothing where each has one channel, as in the paper."""
    if config.stem:
        return conv_relu(channels, entrance, separable=False, normalise=config.normalise)
    return nn.Identity() if entrance == 1 else Pointwise(channels, entrance)
