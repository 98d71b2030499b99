"""IFSS-Net: twin encoders, global feature matching, a bidirectional ConvLSTM and a decoder (paper, III-B and Fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.atrous import DEPTH_DILATIONS, RATES, SAME, AtrousSeparableConv3d
from ifssnet.nn.blocks.conv_lstm import BOTH, DIRECTIONS, BiConvLSTM, State, detached
from ifssnet.nn.blocks.convolution import FULL, LIGHT, READINGS, Pointwise, conv_relu
from ifssnet.nn.blocks.decoder import Decoder
from ifssnet.nn.blocks.encoder import TwinEncoders
from ifssnet.nn.blocks.matching import GlobalFeatureMatching, LocalMatching

__all__ = ["CARRIED", "PER_WINDOW", "IFSSNet", "IFSSNetConfig", "State", "detached"]

CARRIED, PER_WINDOW = "carried", "window"
STATES = (CARRIED, PER_WINDOW)


@dataclass(frozen=True)
class IFSSNetConfig:
    """The network's sizes; the defaults are the paper's where it says them.

    Attributes:
        widths: Channels of the stages, finest first (paper, III-C4).
        rates: The rates of the atrous convolutions, in voxels (paper, III-C4).
        depth_dilation: Those rates along depth: "same" (the paper's 9 x 9 x 9 ...) or "in-plane" (neighbouring slices).
        window: Slices of a window, w (paper, Fig. 3).
        mask_channels: Channels of the mask stream's input: 1, the previous prediction (paper, III-A), or more, beside a prior.
        stem: Maps of a 3 x 3 x 3 convolution that each stream passes before the twins, with weights of its own; 0 for none
            (paper). Twins that begin on single grey levels have but one filter a rate for all that they see.
        blocks: How the encoders and the decoder are built, which the paper leaves open: "full" or "light".
        bottleneck: "full", or "light": separable convolutions in the residual block and in the ConvLSTM.
        matching: The fusion module; False mixes the streams' channels voxel by voxel (ablation).
        matching_size: f of its [1,f,1] and [1,1,f] (paper, III-B2: the bottleneck's side, 16 at 512 x 512).
        direction: Where the ConvLSTM runs: "both" (paper, III-B3), "forward", or "none" (ablations).
        state: The state of the ConvLSTM is "carried" from window to window (paper, III-B3), or begun anew in each "window".
        encoder_dropout: Share of values (paper, III-C4).
        lstm_dropout: Share of values (paper, III-C4).
        decoder_dropout: Share of values (paper, III-C4).
        normalise: Group normalisation (not in the paper, which names none).
        zero_last: The last layer starts at zero: equal logits, so that a prior stays as it is before any training.
    """

    widths: tuple[int, ...] = (30, 30, 60, 60, 120)
    rates: tuple[int, ...] = RATES
    depth_dilation: str = SAME
    window: int = 3
    mask_channels: int = 1
    stem: int = 0
    blocks: str = FULL
    bottleneck: str = FULL
    matching: bool = True
    matching_size: int = 16
    direction: str = BOTH
    state: str = CARRIED
    encoder_dropout: float = 0.1
    lstm_dropout: float = 0.4
    decoder_dropout: float = 0.1
    normalise: bool = True
    zero_last: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (
            ("depth_dilation", self.depth_dilation, DEPTH_DILATIONS),
            ("blocks", self.blocks, READINGS),
            ("bottleneck", self.bottleneck, READINGS),
            ("direction", self.direction, DIRECTIONS),
            ("state", self.state, STATES),
        ):
            if value not in known:
                raise InputError(f"{name}: one of {', '.join(known)}", f"'{value}'", "Choose one of them.")
        if not self.widths or not self.rates or min(self.widths) < len(self.rates):
            raise InputError("widths, each at least one channel a rate", f"{self.widths}", "Correct widths or rates.")
        if self.stem < 0:
            raise InputError("a stem of 0 or more maps", f"{self.stem}", "Correct stem.")
        if min(self.rates) < 1 or min(self.window, self.mask_channels, self.matching_size) < 1:
            raise InputError("rates, window, mask_channels and matching_size of at least 1", f"{self}", "Correct them.")

    @classmethod
    def paper(cls, **changes: Any) -> IFSSNetConfig:
        """The paper's network."""
        return cls(**changes)

    @classmethod
    def light(cls, **changes: Any) -> IFSSNetConfig:
        """A network that two cores can train on regions of about 96 x 96.

        Its state begins anew in each window: it is trained on sequences of a few windows, and a state carried over hundreds
        would be one that it never met.
        """
        light = cls(widths=(16, 16, 32, 32, 64), blocks=LIGHT, bottleneck=LIGHT, matching_size=7, state=PER_WINDOW)
        return replace(light, **changes)

    @classmethod
    def small(cls, widths: tuple[int, ...] = (4, 4, 8, 8, 8), **changes: Any) -> IFSSNetConfig:
        """The light network at other widths, by default ones for tests."""
        return cls.light(**{"widths": widths, **changes})


class IFSSNet(nn.Module):
    """Segments a window of slices from their image and from what was found in the window before."""

    def __init__(self, config: IFSSNetConfig = IFSSNetConfig()) -> None:
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
        return 2 ** len(self.config.widths)

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
        if image.shape[-1] % self.multiple or image.shape[-2] % self.multiple:
            raise InputError(f"multiples of {self.multiple} rows and columns", f"{tuple(image.shape[-2:])}", "Pad the slices.")
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
