"""IFSS-Net as a stepper of recurrent propagation; how it reads its last masks is the same here and in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.networks.ifss_net import CARRIED, IFSSNet, State
from ifssnet.nn.tensors import tensor_of
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.close_runs import GAIN
from ifssnet.propagate.recurrent.graph_stepper import depths
from ifssnet.propagate.recurrent.ifss_net_settings import (
    CLIP_PX,
    CORRECTION,
    DIRECT,
    LOCATED,
    NAME,
    OUTPUTS,
    nearest_places,
)
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent


def window_logit(
    network: nn.Module,
    image: Float[Tensor, "batch z y x"],
    previous: Float[Tensor, "batch z y x"],
    state: State | None,
    output: str = DIRECT,
    stride: int = 3,
    age: Float[Tensor, " batch"] | float = 3.0,
) -> tuple[Float[Tensor, "batch z y x"], State | None]:
    """The logit of the muscle in a window, and the state for the next one.

    Args:
        network: An `IFSSNet`, whose mask stream has one of `MASK_CHANNELS`. Its logits are the masks' ("direct", paper), or
            are added to those of the nearest previous mask, which are 0 on that mask's border and rise with the distance
            from it ("correction").
        image: Normalised grey levels.
        previous: Masks of the window before, 0 to 1.
        state: The state of the ConvLSTM.
        output: "direct" or "correction".
        stride: Slices from the window before to this one: says which of its masks lies nearest to each slice.
        age: Slices from the masks that are fed to this window: how far the muscle may have moved since.
    """
    located = cast("IFSSNet", network).config.mask_channels == LOCATED
    depth_px = mask_depth(previous) if located or output == CORRECTION else None
    masks = previous[:, None]
    if located:
        assert depth_px is not None
        masks = _located(masks, depth_px[:, None], age)
    logits, state = network(image[:, None], masks, state)
    logit = logits[:, 1] - logits[:, 0]
    if output == CORRECTION:
        assert depth_px is not None
        # Held as it is: easily moved at its border and hardly elsewhere.
        held = GAIN * depth_px.clamp(-CLIP_PX, CLIP_PX)
        logit = logit + held[:, nearest_places(previous.shape[1], stride)]
    return logit, state


@torch.no_grad()
def mask_depth(masks: Float[Tensor, "batch z y x"]) -> Float[Tensor, "batch z y x"]:
    """Pixels from the masks' borders, positive inside.

    Borders count to a fraction of a pixel: what moves by a tenth of one in each window must add up over many.
    Without gradient: what was predicted before is corrected through the mask stream.
    """
    planes = masks.detach().float().cpu().numpy().reshape(-1, *masks.shape[-2:])
    return tensor_of(depths(planes).reshape(masks.shape)).to(masks)


def _located(
    masks: Float[Tensor, "batch 1 z y x"], depth_px: Float[Tensor, "batch 1 z y x"], age: Float[Tensor, " batch"] | float
) -> Float[Tensor, "batch 4 z y x"]:
    """Masks, the distance to their border close to it and further from it, and how old they are.

    A convolution deep inside a mask sees neither its border nor how far it is; here every pixel knows both.
    """
    log_age = torch.log1p(torch.as_tensor(age, dtype=masks.dtype, device=masks.device)) / 3
    planes = log_age.reshape(-1, 1, 1, 1, 1).expand_as(masks)
    return torch.cat([masks, torch.tanh(depth_px / 4), depth_px.clamp(-8, 8) / 4, planes], dim=1)


class IFSSNetStepper:
    """Steps with IFSS-Net.

    Args:
        network: Trained; it computes where its parameters are.
        output: See `window_logit`.
        stride: How many slices lie between the starts of two windows.
        image: False blanks the image (a control: what the masks alone can do).
    """

    def __init__(self, network: IFSSNet, output: str = DIRECT, stride: int = 3, image: bool = True) -> None:
        if output not in OUTPUTS:
            raise InputError(f"one of the outputs {', '.join(OUTPUTS)}", f"'{output}'", "Correct output.")
        self.network, self.output, self.stride, self.image = network, output, stride, image

    ahead = 0
    ages_from_group = False

    @property
    def window(self) -> int:
        """Slices that a step sees and predicts."""
        return self.network.config.window

    def start(self, images: Float32[np.ndarray, "z y x"], masks: Float32[np.ndarray, "z y x"]) -> State | None:
        """The given window is seen with its own masks (paper, III: the reference sub-volume), for the state that is carried."""
        if self.network.config.state != CARRIED:
            return None
        return self._predict(images, masks, None, 0)[1]

    def step(
        self, images: Float32[np.ndarray, "z y x"], previous: Float32[np.ndarray, "z y x"], memory: Any, age: int
    ) -> tuple[Float32[np.ndarray, "z y x"], State | None]:
        """The probability of each pixel, and the state."""
        probability, state = self._predict(images, previous, memory, age)
        return probability.cpu().numpy(), state

    def _predict(self, images: np.ndarray, masks: np.ndarray, state: State | None, age: int) -> tuple[Tensor, State | None]:
        device = next(self.network.parameters()).device
        seen = tensor_of(images if self.image else np.zeros_like(images)).to(device)
        known = tensor_of(np.ascontiguousarray(masks)).to(device)
        # The state of training (dropout, batch statistics) belongs to whoever trains this network between two calls.
        was_training = self.network.training
        self.network.eval()
        try:
            with torch.inference_mode():
                logit, state = window_logit(self.network, seen[None], known[None], state, self.output, self.stride, float(age))
                return torch.sigmoid(logit.float())[0], state
        finally:
            self.network.train(was_training)


def recurrent(
    network: IFSSNet,
    sampling: Sampling,
    output: str = DIRECT,
    image: bool = True,
    facts: Mapping[str, object] | None = None,
    inference: RecurrentInference | None = None,
) -> Recurrent:
    """IFSS-Net as a propagator.

    Args:
        network: Trained.
        sampling: The pixels and slices that it was trained with.
        output: What it was trained to give, see `window_logit`.
        image: Whether it was trained with the image, see `IFSSNetStepper`.
        facts: For provenance.
        inference: How it runs; None for the defaults.
    """
    inference = inference or RecurrentInference()
    stepper = IFSSNetStepper(network, output, inference.stride, image)
    own = {"output": output, "image": image, "lstm_state": network.config.state}
    return Recurrent(stepper, sampling, inference, NAME, {**own, **(facts or {})})
