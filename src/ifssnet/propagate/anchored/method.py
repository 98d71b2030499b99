"""The anchored network: guided interpolation of the drawn slices, corrected by what it sees in the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.nn.networks.anchored import AnchoredNet, AnchoredNetConfig
from ifssnet.nn.tensors import filled
from ifssnet.propagate.anchored.carrying import CarryingStepper
from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.inference import BETWEEN, AnchoredInference
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.anchored.propagation import AnchoredPropagation
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.network_input.trained_settings import (
    further_settings,
    inference_settings,
    network_settings,
    sampling_settings,
)
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.propagation import RecurrentPropagation

KIND = "anchored"


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling."""

    context: Context
    inference: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Anchored:
    """Guided interpolation, corrected by a network.

    Attributes:
        network: Trained, or fresh: then this is guided interpolation.
        sampling: The pixels and slices that it was trained with.
        context: The context that it was trained with.
        inference: What is done with its corrections.
    """

    network: AnchoredNet
    sampling: Sampling
    context: Context
    inference: AnchoredInference = field(default_factory=AnchoredInference)
    name = KIND
    needs_volume = True

    @classmethod
    def from_weights(cls, weights: Weights, **settings: object) -> Anchored:
        """The method as trained.

        Args:
            weights: Weights of an anchored network.
            **settings: Fields of `AnchoredInference`, those that are not to be as in training.

        Raises:
            InputError: Weights of another network, damaged ones, or settings that there are not.
        """
        weights.check_kind(KIND)
        shared = further_settings(_SharedWithTraining, weights)
        trained = inference_settings(AnchoredInference, shared.inference, weights)
        network = filled(AnchoredNet(network_settings(AnchoredNetConfig, weights)), weights.tensors)
        inference = structure(AnchoredInference, settings, KIND, base=trained)
        return cls(network, sampling_settings(weights), shared.context, inference)

    def prepare(self, volume: Volume | None, seeds: Seeds) -> AnchoredPropagation | RecurrentPropagation:
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
        if self.inference.direction == BETWEEN:
            return AnchoredPropagation(corrector, volume, seeds)
        stepper = CarryingStepper(corrector)
        facts = {"network": self.network.config, "context": self.context}
        carried = RecurrentInference(direction=self.inference.direction, stride=1)
        return RecurrentPropagation(stepper, stepper.sampling, carried, facts, volume, seeds)
