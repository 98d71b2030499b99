"""The trained network with its input: what it adds to the logits of a prior."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32

from ifssnet.nn.networks.anchored_config import CorrectionNetwork
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.network_input.region import Sampling


@dataclass(frozen=True, eq=False)
class Corrector:
    """A network that corrects guided interpolation.

    Attributes:
        network: Trained, or fresh: then it corrects nothing.
        sampling: The pixels and slices that it was trained with.
        context: The context that it was trained with.
        inference: What is done with its corrections.
    """

    network: CorrectionNetwork
    sampling: Sampling
    context: Context
    inference: AnchoredInference = field(default_factory=AnchoredInference)

    def prior_logit(self, prior_px: Float[np.ndarray, "*plane y x"]) -> Float[np.ndarray, "*plane y x"]:
        """The logit that the network starts from, of the prior's depth in pixels."""
        config = self.network.config
        clipped = np.clip(prior_px, -config.clip_px, config.clip_px)
        return np.asarray(clipped * prior_px.dtype.type(config.gain), dtype=prior_px.dtype)

    def corrections(
        self,
        image: Float32[np.ndarray, "batch slice v u"],
        prior: Float32[np.ndarray, "batch 1 v u"],
        cue_values: Float32[np.ndarray, "batch cue"],
    ) -> Float32[np.ndarray, "batch v u"]:
        """What the network adds to some priors' logits."""
        return self.network.run((image, prior, cue_values))[0][:, 0]
