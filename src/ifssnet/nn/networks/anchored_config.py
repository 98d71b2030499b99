"""What a network that starts from a prior consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.nn.engines.compiled import Arrays

LIGHT, TWIN = "unet-2.5d", "ifss-net"
BACKBONES = (LIGHT, TWIN)

SIDES = 2
"""Drawn slices that a network may see: the nearest below and the nearest above, each as grey levels and as a shape."""


@dataclass(frozen=True)
class AnchoredNetConfig:
    """The network and its backbone.

    Attributes:
        backbone: "unet-2.5d", 2-D convolutions over a stack of slices, or "ifss-net", the paper's twin encoders on a
            window of three slices with the prior, its nearness and a first guess in the mask stream.
        slices: How many slices of the image a sample has; three for "ifss-net".
        references: Whether it sees the nearest drawn slice on either side, grey levels and shape, each with a cue that says
            how much it counts; "unet-2.5d" alone.
        cues: Numbers about each sample: how far it lies from what is known, how well that is known, and the references'.
        widths: Channels at each scale; five for "ifss-net".
        clip_px: How many pixels from its border the prior stops growing surer.
        gain: Logit of the prior a pixel from its border.
    """

    backbone: str = LIGHT
    slices: int = 5
    references: bool = False
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
        if self.references and (self.backbone != LIGHT or self.cues != 2 + SIDES):
            raise InputError(
                f"{LIGHT} and {2 + SIDES} cues for a network that sees drawn slices",
                f"{self.backbone} and {self.cues}",
                "Correct references, backbone or cues.",
            )
        if not (self.clip_px > 0 and self.gain > 0):
            raise InputError("a positive clip_px and gain", f"{self.clip_px} and {self.gain}", "Correct them.")

    @property
    def planes(self) -> int:
        """Planes of the image: the slices, and what is seen of drawn ones."""
        return self.slices + (2 * SIDES if self.references else 0)

    @classmethod
    def twin(cls, widths: tuple[int, ...] = (16, 16, 32, 32, 64)) -> AnchoredNetConfig:
        """The paper's twin encoders at a width that two cores can train (the paper's: 30, 30, 60, 60, 120)."""
        return cls(backbone=TWIN, slices=3, widths=widths)


@runtime_checkable
class CorrectionNetwork(Protocol):
    """The network as it is used: `AnchoredNet`, or one that an engine runs."""

    @property
    def config(self) -> AnchoredNetConfig:
        """What it consists of."""
        ...

    @property
    def engine(self) -> str:
        """What runs it."""
        ...

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """The correction (batch, 1, y, x) alone, for image, prior and cues as `AnchoredNet.correction` takes them."""
        ...
