"""How the 3-D U-Net goes over a volume; apart from the network, so that its settings are known without torch."""

from __future__ import annotations

from dataclasses import dataclass

from ifssnet.core.errors import InputError


@dataclass(frozen=True)
class UNet3dInference:
    """How the network goes over a volume.

    Attributes:
        window_zyx: Network voxels that it sees at once; training's, unless given. Larger than the volume is cut down.
        overlap: Share of a window that its neighbour sees as well; both count, the nearer to their centre the more.
    """

    window_zyx: tuple[int, int, int] = (32, 128, 128)
    overlap: float = 0.25

    def __post_init__(self) -> None:
        if len(self.window_zyx) != 3 or min(self.window_zyx) < 1 or not 0 <= self.overlap < 1:
            raise InputError(
                "three positive sides of a window, and an overlap from 0 to below 1",
                f"{self.window_zyx} and {self.overlap}",
                "Correct them.",
            )
