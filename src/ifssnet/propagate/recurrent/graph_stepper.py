"""IFSS-Net as a stepper of recurrent propagation without torch: its graph, run by an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.geometry.untyped import expit
from ifssnet.nn.engines.compiled import CompiledNetwork
from ifssnet.nn.networks.ifss_net_config import IFSSNetConfig
from ifssnet.nn.networks.ifss_net_graph import carries_state
from ifssnet.propagate.recurrent.close_runs import GAIN
from ifssnet.propagate.recurrent.ifss_net_settings import CLIP_PX, CORRECTION, LOCATED, nearest_places

Planes = Float32[np.ndarray, "z v u"]


def depths(masks: Planes) -> Planes:
    """Pixels from the masks' borders, positive inside, to a fraction of a pixel."""
    return np.stack([soft_depth(np.ascontiguousarray(plane)) for plane in masks])


@dataclass(frozen=True, eq=False)
class GraphStepper:
    """Steps with IFSS-Net.

    Attributes:
        config: What the network consists of.
        network: Its `window_graph`, compiled.
        output: "direct" or "correction"; see `ifss_net.window_logit`.
        stride: How many slices lie between the starts of two windows.
        image: False blanks the image (a control: what the masks alone can do).
    """

    config: IFSSNetConfig
    network: CompiledNetwork
    output: str
    stride: int
    image: bool = True
    ahead = 0
    ages_from_group = False

    @property
    def window(self) -> int:
        """Slices that a step sees and predicts."""
        return self.config.window

    def start(self, images: Planes, masks: Planes) -> Any:
        """The given window is seen with its own masks, for the state that is carried; None where none is."""
        return self._predict(images, masks, None, 0)[1] if carries_state(self.config) else None

    def step(self, images: Planes, previous: Planes, memory: Any, age: int) -> tuple[Planes, Any]:
        """The probability of each pixel, and the state."""
        logit, state = self._predict(images, previous, memory, age)
        return np.asarray(expit(logit), dtype=np.float32), state

    def _predict(self, images: Planes, masks: Planes, state: Any, age: int) -> tuple[Planes, Any]:
        self.config.check_sides(images.shape[1], images.shape[2])
        located, corrects = self.config.mask_channels == LOCATED, self.output == CORRECTION
        depth_px = depths(masks) if located or corrects else masks
        known = _located(masks, depth_px, age) if located else masks[None]
        seen = images if self.image else np.zeros_like(images)
        given = [seen[None, None], known[None]]
        if carries_state(self.config):
            given += self._zeros(images.shape) if state is None else state
        logit, *left = self.network.run([np.ascontiguousarray(each) for each in given])
        found = logit[0, 0]
        if corrects:
            held = np.float32(GAIN) * np.clip(depth_px, -CLIP_PX, CLIP_PX)
            found = found + held[nearest_places(self.window, self.stride)]
        return found, left or None

    def _zeros(self, shape: tuple[int, ...]) -> list[np.ndarray]:
        """The state at the start."""
        config = self.config
        sides = shape[1] // config.multiple, shape[2] // config.multiple
        return [np.zeros((1, config.widths[-1], *sides), dtype=np.float32)] * 2


def _located(masks: Planes, depth_px: Planes, age: int) -> Float32[np.ndarray, "4 z v u"]:
    """Masks, the distance to their border close to it and further from it, and how old they are; as in training."""
    log_age = np.log1p(np.float32(age)) / np.float32(3)
    near, far = np.tanh(depth_px / np.float32(4)), np.clip(depth_px, -8, 8) / np.float32(4)
    return np.stack([masks, near, far, np.full_like(masks, log_age)]).astype(np.float32, copy=False)
