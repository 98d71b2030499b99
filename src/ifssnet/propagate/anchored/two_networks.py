"""One weights file with two anchored networks: one corrects between drawn slices, the other carries masks on from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.propagate.anchored.inference import BETWEEN
from ifssnet.propagate.recurrent.inference import BOTH, FORWARD

CARRYING = "carrying."
"""What the names of the second network's tensors begin with."""


def correcting(weights: Weights) -> Weights:
    """The network that corrects interpolation, for that alone; weights of a single network as they are."""
    own = {name: tensor for name, tensor in weights.tensors.items() if not name.startswith(CARRYING)}
    if len(own) == len(weights.tensors):
        return weights
    return replace(weights, tensors=own, sampling=_directed(weights, BETWEEN))


def carrying(weights: Weights) -> Weights | None:
    """The network that carries masks on; None where one network does both."""
    size = len(CARRYING)
    own = {name[size:]: tensor for name, tensor in weights.tensors.items() if name.startswith(CARRYING)}
    return replace(weights, tensors=own, sampling=_directed(weights, FORWARD)) if own else None


def for_use_of(example: Weights, weights: Weights) -> Weights:
    """Take the one of two networks that is used as an example is: forward, or between drawn slices.

    Weights of one network stay as they are, and so does everything where the example has two networks itself.
    """
    second = carrying(weights)
    if second is None or carrying(example) is not None:
        return weights
    inference = example.sampling.get("inference")
    forward = isinstance(inference, Mapping) and cast("Mapping[str, object]", inference).get("direction") == FORWARD
    return second if forward else correcting(weights)


def joined(first: Weights, second: Weights) -> Weights:
    """Both networks as one file, which does both unless told otherwise.

    Args:
        first: It corrects; the file's card is its own, with that of the second one in it.
        second: It carries; of two networks the one that does.

    Raises:
        InputError: They are not two anchored networks of one size, trained at the same pixels.
    """
    first, second = correcting(first), carrying(second) or correcting(second)
    second.check_kind(first.kind)
    alike = [
        {name: value for name, value in each.sampling.items() if name != "inference"} | {"network": each.network}
        for each in (first, second)
    ]
    if alike[0] != alike[1] or "context" not in first.sampling:
        raise InputError(
            "two anchored networks of one size, trained at the same pixels",
            f"{first.kind} and {second.kind} that differ",
            "Train the second one from the weights of the first: ifss train --from WEIGHTS.",
        )
    tensors = {**first.tensors, **{f"{CARRYING}{name}": tensor for name, tensor in second.tensors.items()}}
    return replace(first, tensors=tensors, sampling=_directed(first, BOTH), card={**first.card, "carrying": dict(second.card)})


def _directed(weights: Weights, direction: str) -> dict[str, object]:
    """What use shares with training, in another direction."""
    inference = cast("Mapping[str, object]", weights.sampling["inference"])
    return {**weights.sampling, "inference": {**inference, "direction": direction}}
