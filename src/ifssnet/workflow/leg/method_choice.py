"""Which method runs when nobody names one: the best that what is installed and what is given allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.methods import LEARNED, require_library
from ifssnet.workflow.files.default_weights import default_weights, find_weights

NETWORK, CLASSICAL = "anchored", "shape-interpolation"
"""The product's default, and what takes its place."""


@dataclass(frozen=True)
class Choice:
    """A method to run.

    Attributes:
        method: A name in `ifssnet.propagate.methods.METHODS`, or what somebody took for one.
        weights: The file with its weights; None for methods without.
        why: Why it was chosen; empty where somebody named it.
    """

    method: str
    weights: Path | None = None
    why: str = ""


def choose(method: str | None, weights: str | Path | None, settings: Mapping[str, object], *, volume_given: bool) -> Choice:
    """The method to run.

    Args:
        method: The one that was named, which is always taken; None where none was.
        weights: A file, a name of weights that come with the package, or "default"; None where nothing was said.
        settings: The settings that the method is to have.
        volume_given: Whether there are grey levels to read.

    Raises:
        InputError: Weights that there are not, or for a method that has none.
    """
    direction = settings.get("direction")
    if method is not None and method not in LEARNED:
        if weights is not None:
            raise InputError(f"weights for one of {', '.join(LEARNED)}", f"weights for {method}", "Leave out --weights.")
        return Choice(method)
    if method is not None:
        require_library(method)
        return Choice(method, find_weights(weights, method, direction))
    if weights is not None:
        path = find_weights(weights, NETWORK, direction)
        kind = open_weights(path).kind
        return Choice(kind, path, f"{path.name} holds weights of {kind}")
    path = default_weights(NETWORK, direction)
    if lacking := _lacking(path, settings, volume_given):
        return Choice(CLASSICAL, None, f"no method was named, and {lacking}")
    return Choice(NETWORK, path, "no method was named, and this network's weights come with the package")


def default_choice() -> Choice:
    """The method that runs on a volume where nobody names one, and why."""
    return choose(None, None, {}, volume_given=True)


def _lacking(weights: Path | None, settings: Mapping[str, object], volume_given: bool) -> str:
    """What stands against the network; empty where nothing does."""
    known = {field.name for field in fields(AnchoredInference)}
    if foreign := sorted(set(settings) - known):
        return f"{foreign[0]} is no setting of the network {NETWORK}"
    if not volume_given:
        return f"the network {NETWORK} reads a volume, which was not given"
    if weights is None:
        return f"no weights of the network {NETWORK} come with this version"
    try:
        require_library(NETWORK)
    except InputError:
        return f"the network {NETWORK} needs a library that runs it: {install_command('run')}"
    return ""
