"""What use and training of IFSS-Net share beside the network, in words and numbers alone: nothing here needs torch."""

from __future__ import annotations

NAME = "ifss-net"
DIRECT, CORRECTION = "direct", "correction"
OUTPUTS = (DIRECT, CORRECTION)
CLIP_PX = 6.0
"""A previous mask's logit rises by `GAIN` a pixel from its border, up to this many."""
PLAIN, LOCATED = 1, 4
MASK_CHANNELS = (PLAIN, LOCATED)
"""What the mask stream gets: the masks (paper), or what they say about every pixel's place beside them."""


def nearest_places(window: int, stride: int) -> list[int]:
    """For each slice of a window, the place of the nearest one in the window before."""
    return [min(place + stride, window - 1) for place in range(window)]
