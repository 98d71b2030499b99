"""What IFSS-Net consists of; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.choices import BOTH, DEPTH_DILATIONS, DIRECTIONS, FULL, LIGHT, RATES, READINGS, SAME

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

    @property
    def multiple(self) -> int:
        """Rows and columns are multiples of it."""
        return 2 ** len(self.widths)

    def check_sides(self, rows: int, columns: int) -> None:
        """Refuse slices that cannot be halved as often as there are stages.

        Raises:
            InputError: They cannot.
        """
        if rows % self.multiple or columns % self.multiple:
            raise InputError(f"multiples of {self.multiple} rows and columns", f"{(rows, columns)}", "Pad the slices.")

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
