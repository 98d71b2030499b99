"""IFSS-Net as a stepper of recurrent propagation; how it reads its last masks is the same here and in training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.weights import Weights
from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.io.plain_data import structure
from ifssnet.nn.networks.ifss_net import CARRIED, IFSSNet, IFSSNetConfig, State
from ifssnet.nn.tensors import filled, tensor_of
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.network_input.trained_settings import (
    further_settings,
    inference_settings,
    network_settings,
    sampling_settings,
)
from ifssnet.propagate.recurrent.close_runs import GAIN
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent

NAME = "ifss-net"
DIRECT, CORRECTION = "direct", "correction"
OUTPUTS = (DIRECT, CORRECTION)
CLIP_PX = 6.0
"""A previous mask's logit rises by `GAIN` a pixel from its border, up to this many."""
PLAIN, LOCATED = 1, 4
MASK_CHANNELS = (PLAIN, LOCATED)
"""What the mask stream gets: the masks (paper), or what they say about every pixel's place beside them."""


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
        depth = previous.shape[1]
        # Held as it is: easily moved at its border and hardly elsewhere.
        held = GAIN * depth_px.clamp(-CLIP_PX, CLIP_PX)
        logit = logit + held[:, [min(place + stride, depth - 1) for place in range(depth)]]
    return logit, state


@torch.no_grad()
def mask_depth(masks: Float[Tensor, "batch z y x"]) -> Float[Tensor, "batch z y x"]:
    """Pixels from the masks' borders, positive inside.

    Borders count to a fraction of a pixel: what moves by a tenth of one in each window must add up over many.
    Without gradient: what was predicted before is corrected through the mask stream.
    """
    planes = masks.detach().float().cpu().numpy().reshape(-1, *masks.shape[-2:])
    depth_px = np.stack([soft_depth(np.ascontiguousarray(plane)) for plane in planes]).reshape(masks.shape)
    return tensor_of(depth_px).to(masks)


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


def _untrained_step(weights: Weights, stride: int) -> str:
    """What a user should know of a step that the network was not trained at; empty where it was, or where nobody says."""
    try:
        strides = structure(_Card, weights.card, "the card", ignore_unknown=True).recipe.config.sequences.strides
    except InputError:
        return ""
    if not strides or strides[0] <= stride <= strides[-1]:
        return ""
    trained = f"{strides[0]}" if strides[0] == strides[-1] else f"{strides[0]} to {strides[-1]}"
    return (
        f"The network was trained at strides of {trained} slices and goes at {stride}: on digital legs the shipped one lost "
        f"a seventh of its Dice at 1. Leave out stride, or train with --set sequences.strides=[{stride},{stride}]."
    )


@dataclass(frozen=True)
class _CardSequences:
    """The sequences of a training, as far as use has to know of them."""

    strides: tuple[int, ...] = ()


@dataclass(frozen=True)
class _CardConfig:
    """The configuration around them."""

    sequences: _CardSequences = _CardSequences()


@dataclass(frozen=True)
class _CardRecipe:
    """The recipe around it."""

    config: _CardConfig = _CardConfig()


@dataclass(frozen=True)
class _Card:
    """What the card of weights says of their training."""

    recipe: _CardRecipe = _CardRecipe()


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling and inference."""

    output: str
    image: bool


def from_weights(weights: Weights, **settings: object) -> Recurrent:
    """IFSS-Net as a propagator, from its file.

    Args:
        weights: Weights of the kind "ifss-net".
        **settings: Fields of `RecurrentInference`; what is not given is as in training.

    Raises:
        InputError: Weights of another kind or version, or settings that cannot be.
    """
    weights.check_kind(NAME)
    shared = further_settings(_SharedWithTraining, weights, RecurrentInference)
    trained = inference_settings(RecurrentInference, weights.sampling, weights)
    network = filled(IFSSNet(network_settings(IFSSNetConfig, weights)), weights.tensors)
    inference = structure(RecurrentInference, settings, NAME, base=trained)
    if doubt := _untrained_step(weights, inference.stride):
        warnings.warn(InputWarning(doubt), stacklevel=2)
    return recurrent(network, sampling_settings(weights), shared.output, shared.image, inference=inference)
