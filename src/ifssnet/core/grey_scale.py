"""How grey levels of any type become the 0 to 255 of B-mode images."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_KEY = "ifss_grey_window"
"""Header entry of a volume: the levels that its file says are black and white, as two numbers."""

BLACK, WHITE = 0.0, 255.0


@dataclass(frozen=True)
class GreyScale:
    """The straight line that takes a volume's grey levels to 0 to 255; what lies beyond its ends is cut off.

    Attributes:
        voxel_type: The type of the volume's grey levels.
        low: The level that becomes 0.
        high: The level that becomes 255.
        rule: Why these two, as words.
        estimated: Whether they were estimated from the image's own levels, because nothing said what they mean.
    """

    voxel_type: str
    low: float = BLACK
    high: float = WHITE
    rule: str = "levels as they are"
    estimated: bool = False

    @property
    def is_identity(self) -> bool:
        """Whether nothing changes."""
        return (self.low, self.high) == (BLACK, WHITE)

    def __str__(self) -> str:
        """As a person reads it."""
        return f"grey levels ({self.voxel_type}) from {self.low:.6g} to {self.high:.6g} became 0 to 255: {self.rule}"
