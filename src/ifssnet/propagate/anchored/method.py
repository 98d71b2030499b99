"""The anchored network: guided interpolation of the drawn slices, corrected by what it sees in the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.nn.engines.compiled import ENGINES, TORCH
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig, CorrectionNetwork
from ifssnet.nn.networks.anchored_graph import CompiledAnchored, correction_graph, has_graph
from ifssnet.propagate.anchored.beyond import BetweenAndBeyond
from ifssnet.propagate.anchored.carrying import CarryingStepper
from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.inference import BETWEEN, AnchoredInference
from ifssnet.propagate.anchored.own_leg import OwnLeg
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.anchored.propagation import AnchoredPropagation
from ifssnet.propagate.anchored.two_networks import carrying, correcting
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.network_input.trained_settings import (
    further_settings,
    inference_settings,
    network_settings,
    sampling_settings,
)
from ifssnet.propagate.recurrent.inference import BOTH, FORWARD, RecurrentInference
from ifssnet.propagate.recurrent.propagation import RecurrentPropagation

KIND = "anchored"


def engines(weights: Weights) -> tuple[str, ...]:
    """What can run a network of this kind, the fastest first.

    Raises:
        InputError: Weights of another network, or damaged ones.
    """
    weights.check_kind(KIND)
    return ENGINES if has_graph(network_settings(AnchoredNetConfig, weights)) else (TORCH,)


def _of_torch(config: AnchoredNetConfig, weights: Weights) -> CorrectionNetwork:
    from ifssnet.nn.networks.anchored import AnchoredNet
    from ifssnet.nn.tensors import filled

    return filled(AnchoredNet(config), weights.tensors)


def _of_engine(config: AnchoredNetConfig, weights: Weights, engine: str) -> CorrectionNetwork:
    return CompiledAnchored(correction_graph(config, weights.tensors), engine, config)


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling."""

    context: Context
    inference: Mapping[str, object]
    own_leg: OwnLeg | None = None


@dataclass(frozen=True, eq=False)
class Anchored:
    """Guided interpolation, corrected by a network.

    Attributes:
        network: Trained, or fresh: then this is guided interpolation.
        sampling: The pixels and slices that it was trained with.
        context: The context that it was trained with.
        inference: What is done with its corrections.
        own_leg: The leg that the network was tuned on; None for one that was not.
        carrying: The network that carries masks from slice to slice; None where `network` does that, too.
    """

    network: CorrectionNetwork
    sampling: Sampling
    context: Context
    inference: AnchoredInference = field(default_factory=AnchoredInference)
    own_leg: OwnLeg | None = None
    carrying: CorrectionNetwork | None = None
    name = KIND
    needs_volume = True

    @classmethod
    def from_weights(cls, weights: Weights, engine: str = TORCH, **settings: object) -> Anchored:
        """The method as trained.

        Args:
            weights: Weights of an anchored network.
            engine: What runs it, one of `engines(weights)`.
            **settings: Fields of `AnchoredInference`, those that are not to be as in training.

        Raises:
            InputError: Weights of another network, damaged ones, or settings that there are not.
        """
        weights.check_kind(KIND)
        shared = further_settings(_SharedWithTraining, weights)
        trained = inference_settings(AnchoredInference, shared.inference, weights)
        config = network_settings(AnchoredNetConfig, weights)
        make = _of_torch if engine == TORCH else partial(_of_engine, engine=engine)
        first, other = make(config, correcting(weights)), carrying(weights)
        second = None if other is None else make(config, other)
        inference = structure(AnchoredInference, settings, KIND, base=trained)
        return cls(first, sampling_settings(weights), shared.context, inference, shared.own_leg, second)

    def prepare(self, volume: Volume | None, seeds: Seeds) -> AnchoredPropagation | RecurrentPropagation | BetweenAndBeyond:
        """The method with its leg.

        Raises:
            InputError: No volume, or one on another grid.
        """
        if volume is None:
            raise InputError("a volume", "none", f"Give the volume: {KIND} reads grey levels.")
        if volume.grid.shape_zyx != seeds.grid.shape_zyx:
            raise InputError(
                f"seeds for a volume of {volume.grid.shape_zyx} voxels (z, y, x)",
                f"{seeds.grid.shape_zyx}",
                "Give the seeds that were drawn on this volume.",
            )
        corrector = Corrector(self.network, self.sampling, self.context, self.inference)
        between = AnchoredPropagation(corrector, volume, seeds, self.own_leg)
        direction = self.inference.direction
        if direction == BETWEEN:
            return between
        network = self.carrying or self.network
        stepper = CarryingStepper(replace(corrector, network=network), to_ends=direction == BOTH)
        level = 0.0 if stepper.to_ends else self.inference.carried_logit
        facts = {"network": network.config, "engine": network.engine, "context": self.context, "carried_logit": level}
        carried = RecurrentInference(direction=direction, stride=1)
        carrying = RecurrentPropagation(stepper, stepper.sampling, carried, facts, volume, seeds, direction == BOTH)
        return carrying if direction == FORWARD else BetweenAndBeyond(between, carrying)
