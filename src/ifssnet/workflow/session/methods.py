"""The methods that a session propagates with, built once and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from ifssnet.workflow.leg.method_choice import CLASSICAL, NETWORK, choose
from ifssnet.workflow.leg.segment_files import BuiltMethod, build

INTERPOLATION = CLASSICAL
"""The method that reads no grey levels and always runs."""

ADAPTED = "adapted.safetensors"
"""The network of a case that was tuned on its slices, in the case's folder."""


@dataclass(frozen=True, eq=False)
class Methods:
    """Methods by name; a network is read from its file once.

    Attributes:
        device: Where networks compute: "auto", "cpu" or "cuda".
    """

    device: str = "auto"
    _built: dict[str, BuiltMethod] = field(default_factory=dict[str, BuiltMethod])
    _lock: Lock = field(default_factory=Lock)

    def best(self) -> str:
        """The method that runs where nobody names one: the network where it can run, else interpolation."""
        return choose(None, None, {}, volume_given=True).method

    def of_case(self, name: str, folder: Path) -> BuiltMethod:
        """A method as a case has it: with the network that was tuned on its slices, where there is one.

        Raises:
            InputError: No such method, one that cannot run here, or damaged weights.
        """
        own = folder / ADAPTED
        if name != NETWORK or not own.is_file():
            return self.get(name)
        return build(choose(name, own, {}, volume_given=True), {}, self.device)

    def get(self, name: str) -> BuiltMethod:
        """A method, ready to run.

        Raises:
            InputError: No such method, or one that cannot run here.
        """
        with self._lock:
            if name not in self._built:
                self._built[name] = build(choose(name, None, {}, volume_given=True), {}, self.device)
            return self._built[name]
