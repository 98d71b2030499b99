"""Networks small enough to foretell: they hold a mask, move it, or look at the image, and tell what they were shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float32

Planes = Float32[np.ndarray, "z v u"]


class Mover:
    """Every slice is the slice before it, `by` pixels to the right: what a window is fed says where its first slice comes from.

    Holding is moving by nothing. It records what it was fed.
    """

    ahead = 0
    ages_from_group = False

    def __init__(self, by: int = 0, window: int = 3, stride: int = 3) -> None:
        self.window, self.by, self.stride = window, by, stride
        self.starts: list[Planes] = []
        self.fed: list[Planes] = []

    def start(self, images: Planes, masks: Planes) -> int:
        self.starts.append(masks.copy())
        return 0

    def step(self, images: Planes, previous: Planes, memory: Any, age: int) -> tuple[Planes, int]:
        self.fed.append(previous.copy())
        last = previous[-1]
        # The window's slice i lies stride + i - (window - 1) slices past the last one that is fed.
        away = [self.stride + i - (self.window - 1) for i in range(self.window)]
        return np.stack([np.roll(last, self.by * steps, axis=1) for steps in away]), memory + 1


class Bright:
    """The image itself, thresholded at its normalised zero: right wherever it looks."""

    window = 3
    ahead = 0
    ages_from_group = False

    def start(self, images: Planes, masks: Planes) -> None:
        return None

    def step(self, images: Planes, previous: Planes, memory: None, age: int) -> tuple[Planes, None]:
        return (images > 0).astype(np.float32), None


class Fading:
    """Half as probable from window to window."""

    window = 3
    ahead = 0
    ages_from_group = False

    def start(self, images: Planes, masks: Planes) -> None:
        return None

    def step(self, images: Planes, previous: Planes, memory: None, age: int) -> tuple[Planes, None]:
        return previous * np.float32(0.5), None
