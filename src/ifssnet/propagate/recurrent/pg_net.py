"""PG-Net as a method: from slice to slice, its own mask fed back, the given slice that a run started from as reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.nn.networks.pg_net import PGNet, PGNetConfig
from ifssnet.nn.tensors import filled, tensor_of
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.network_input.trained_settings import further_settings, network_settings, sampling_settings
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent

KIND = "pg-net"
ONE_BY_ONE = 1
"""A step sees and predicts one slice, so no other stride is possible; longer steps are a larger `slice_mm`."""

INFERENCE = RecurrentInference(stride=ONE_BY_ONE, close_mm=1000.0)
"""How it runs: its errors stay and grow, so what it misses the next group by is shared out along all of its way."""


@dataclass(frozen=True, eq=False)
class PGNetStepper:
    """PG-Net behind the protocol of recurrent propagation; what it remembers is the reference, encoded."""

    network: PGNet
    window: int = ONE_BY_ONE
    ahead = 0
    ages_from_group = False

    @torch.inference_mode()
    def start(self, images: Float32[np.ndarray, "z v u"], masks: Float32[np.ndarray, "z v u"]) -> Tensor:
        """Encode the given slice."""
        self.network.eval()
        return self.network.encode_reference(self._plane(images), self._plane(masks))

    @torch.inference_mode()
    def step(
        self,
        images: Float32[np.ndarray, "z v u"],
        previous: Float32[np.ndarray, "z v u"],
        memory: Tensor,
        age: int,  # noqa: ARG002 - PG-Net takes one slice after another
    ) -> tuple[Float32[np.ndarray, "z v u"], Tensor]:
        """The muscle's probability on one slice."""
        self.network.eval()
        logits = self.network.step(memory, self._plane(images), self._plane(previous))
        return torch.softmax(logits, dim=1)[0, 1:].float().cpu().numpy(), memory

    def _plane(self, planes: Float32[np.ndarray, "z v u"]) -> Tensor:
        return tensor_of(np.ascontiguousarray(planes))[None].to(next(self.network.parameters()).device)


def pg_net(
    network: PGNet,
    sampling: Sampling,
    inference: RecurrentInference | None = None,
    facts: Mapping[str, object] | None = None,
) -> Recurrent:
    """The method.

    Args:
        network: PG-Net.
        sampling: The pixels and slices that it was trained with.
        inference: How runs go; from every given slice to both sides unless given. The stride is 1.
        facts: About the network, for provenance.
    """
    return Recurrent(PGNetStepper(network), sampling, inference or INFERENCE, KIND, facts or {})


def from_weights(weights: Weights, **settings: object) -> Recurrent:
    """The method as trained.

    Args:
        weights: Weights of a PG-Net.
        **settings: Fields of `RecurrentInference`, those that are not to stay at their defaults.

    Raises:
        InputError: Weights of another network, damaged ones, or settings that cannot be.
    """
    weights.check_kind(KIND)
    further_settings(_SharedWithTraining, weights)
    network = filled(PGNet(network_settings(PGNetConfig, weights)), weights.tensors)
    inference = structure(RecurrentInference, settings, KIND, base=INFERENCE)
    return pg_net(network, sampling_settings(weights), inference, {"weights": weights.sha256})


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling: nothing."""
