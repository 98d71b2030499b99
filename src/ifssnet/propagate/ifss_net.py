"""IFSS-Net as a stepper of recurrent propagation; how it reads its last masks is the same here and in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.nn.ifss_net import CARRIED, IFSSNet, IFSSNetConfig, State
from ifssnet.propagate.device import choose_device
from ifssnet.propagate.recurrent import Recurrent, RecurrentInference
from ifssnet.propagate.region import Sampling

NAME = "ifss-net"
DIRECT, CORRECTION = "direct", "correction"
OUTPUTS = (DIRECT, CORRECTION)
LEAST = 0.02
"""Masks are kept so far from 0 and 1 before they become logits, or no correction could undo them."""


def predict(
    network: IFSSNet,
    image: Float[Tensor, "batch 1 z y x"],
    previous: Float[Tensor, "batch 1 z y x"],
    state: State | None,
    output: str = DIRECT,
    stride: int = 3,
) -> tuple[Float[Tensor, "batch 1 z y x"], State | None]:
    """The muscle's probability in a window, and the state for the next one.

    Args:
        network: Its logits are the masks' ("direct", paper), or are added to those of the previous masks ("correction").
        image: Normalised grey levels.
        previous: Masks of the window before, 0 to 1.
        state: Of the ConvLSTM.
        output: "direct" or "correction".
        stride: Slices from the window before to this one: says which of its masks lies nearest to each slice.
    """
    logits, state = network(image, previous, state)
    logit = logits[:, 1:] - logits[:, :1]
    if output == CORRECTION:
        depth = previous.shape[2]
        nearest = [min(place + stride, depth - 1) for place in range(depth)]
        logit = logit + torch.logit(previous[:, :, nearest].clamp(LEAST, 1 - LEAST))
    return torch.sigmoid(logit), state


class IFSSNetStepper:
    """Steps with IFSS-Net.

    Args:
        network: Trained; it is set to inference.
        output: See `predict`.
        stride: Of the windows.
        image: False blanks the image (a control: what the masks alone can do).
        device: Where to compute.
    """

    def __init__(
        self,
        network: IFSSNet,
        output: str = DIRECT,
        stride: int = 3,
        image: bool = True,
        device: torch.device | None = None,
    ) -> None:
        self.device = device or next(network.parameters()).device
        self.network = network.to(self.device).eval()
        self.output, self.stride, self.image = output, stride, image

    @property
    def window(self) -> int:
        """Slices that a step sees and predicts."""
        return self.network.config.window

    def start(self, images: Float32[np.ndarray, "z v u"], masks: Float32[np.ndarray, "z v u"]) -> State | None:
        """The given window is seen with its own masks (paper, III: the reference sub-volume); it leaves its mark on the state."""
        if self.network.config.state != CARRIED:
            return None
        return self._predict(images, masks, None)[1]

    def step(
        self, images: Float32[np.ndarray, "z v u"], previous: Float32[np.ndarray, "z v u"], memory: Any
    ) -> tuple[Float32[np.ndarray, "z v u"], State | None]:
        """The probability of each pixel, and the state."""
        probability, state = self._predict(images, previous, memory)
        return probability[0, 0].float().cpu().numpy(), state

    def _predict(self, images: np.ndarray, masks: np.ndarray, state: State | None) -> tuple[Tensor, State | None]:
        seen = torch.from_numpy(images if self.image else np.zeros_like(images)).to(self.device)
        known = torch.from_numpy(np.ascontiguousarray(masks)).to(self.device)
        # The state of training (dropout, batch statistics) belongs to whoever trains this network between two calls.
        was_training = self.network.training
        self.network.eval()
        try:
            with torch.inference_mode():
                return predict(self.network, seen[None, None], known[None, None], state, self.output, self.stride)
        finally:
            self.network.train(was_training)


def recurrent(
    network: IFSSNet,
    sampling: Sampling,
    output: str = DIRECT,
    image: bool = True,
    facts: Mapping[str, Any] | None = None,
    device: torch.device | None = None,
    **settings: Any,
) -> Recurrent:
    """IFSS-Net as a propagator.

    Args:
        network: Trained.
        sampling: Of its training.
        output: Of its training, see `predict`.
        image: Of its training, see `IFSSNetStepper`.
        facts: For provenance.
        device: Where to compute.
        settings: Fields of `RecurrentInference`.
    """
    inference = RecurrentInference(**settings)
    stepper = IFSSNetStepper(network, output, inference.stride, image, device)
    own = {"output": output, "image": image, "lstm_state": network.config.state}
    return Recurrent(stepper, sampling, inference, NAME, {**own, **(facts or {})})


def from_weights(weights: Weights, device: str = "auto", **settings: Any) -> Recurrent:
    """IFSS-Net as a propagator, from its file.

    Args:
        weights: Of the kind "ifss-net".
        device: "auto", "cpu" or "cuda".
        settings: Fields of `RecurrentInference`; what is not given is as in training.

    Raises:
        InputError: Weights of another kind or version.
    """
    if weights.kind != NAME:
        raise InputError(f"weights for {NAME}", f"weights for {weights.kind}", f"Use --method {weights.kind}, or other weights.")
    network = IFSSNet(IFSSNetConfig.from_json(weights.network))
    try:
        network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.tensors.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError("weights of this network", reason, "Use weights of this version.") from None
    trained = dict(weights.sampling)
    sampling = Sampling(**{name: trained.pop(name) for name in [field.name for field in fields(Sampling)] if name in trained})
    shared = {name: trained[name] for name in ("output", "image") if name in trained}
    run = {field.name: trained[field.name] for field in fields(RecurrentInference) if field.name in trained}
    return recurrent(network, sampling, **shared, device=choose_device(device), **{**run, **settings})
