"""Propagation of masks by a network that sees its own last masks: window after window away from each given group.

The networks are steppers. What is fed back, where a run starts and ends, and how two runs become one, is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.propagation import RecurrentPropagation
from ifssnet.propagate.recurrent.run import Stepper


@dataclass(frozen=True, eq=False)
class Recurrent:
    """Propagates given masks from window to window; one muscle at a time, so its cost in memory is that of a gap.

    Attributes:
        stepper: The network behind its protocol.
        sampling: The network's pixels, as in its training.
        inference: How to run.
        name: The method's name on the command line.
        facts: About the network and its weights, for provenance.
    """

    stepper: Stepper
    sampling: Sampling = field(default_factory=Sampling)
    inference: RecurrentInference = field(default_factory=RecurrentInference)
    name: str = "recurrent"
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
    needs_volume = True

    def __post_init__(self) -> None:
        if self.inference.stride > self.stepper.window:
            raise InputError(
                f"a stride of at most {self.stepper.window}, the window's depth",
                f"{self.inference.stride}",
                "Choose a smaller stride, so that no slice is left out.",
            )

    def prepare(self, volume: Volume | None, seeds: Seeds) -> RecurrentPropagation:
        """The method with its leg.

        Raises:
            InputError: There is no volume.
        """
        if volume is None:
            raise InputError(f"a volume for the method '{self.name}'", "none", "Give the volume.")
        return RecurrentPropagation(self.stepper, self.sampling, self.inference, self.facts, volume, seeds)
