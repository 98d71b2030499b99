"""The methods that a session propagates with, built once and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from ifssnet.workflow.leg.method_choice import CLASSICAL, choose
from ifssnet.workflow.leg.segment_files import BuiltMethod, build

INTERPOLATION = CLASSICAL
"""The method that reads no grey levels and always runs."""


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

    def get(self, name: str) -> BuiltMethod:
        """A method, ready to run.

        Raises:
            InputError: No such method, or one that cannot run here.
        """
        with self._lock:
            if name not in self._built:
                self._built[name] = build(choose(name, None, {}, volume_given=True), {}, self.device)
            return self._built[name]
