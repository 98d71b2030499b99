"""`ifss weights`: what comes with the package, its model cards, and how a training's weights become a file to ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.weights import open_weights, save_weights
from ifssnet.propagate.anchored.two_networks import for_use_of, joined
from ifssnet.propagate.methods import learned
from ifssnet.workflow.files.default_weights import find_weights, shipped_weights
from ifssnet.workflow.files.result_files import check_suffix, check_target
from ifssnet.workflow.training.model_card import card_of, model_card
from ifssnet.workflow.training.results import PackedWeights, WeightsFacts

MEGABYTE = 1e6
PACKAGE_MB = 12.0
"""What all weights in the package may take together."""


def packed_table(packed: PackedWeights) -> dict[str, Json]:
    """What was written, as plain data."""
    weights = {key: value for key, value in plain_table(packed.weights).items() if key != "name"}
    sizes: dict[str, Json] = {"bytes_before": packed.bytes_before, "largest_change": packed.largest_change}
    return {"output": str(packed.output), **weights, **sizes}


def list_weights() -> list[WeightsFacts]:
    """The weights that come with the package.

    Raises:
        InputError: One of them is damaged, or safetensors is not installed.
    """
    return [weights_facts(path) for path in shipped_weights().values()]


def weights_facts(path: Path) -> WeightsFacts:
    """What a weights file is; what its card does not tell is empty.

    Raises:
        InputError: It cannot be read.
    """
    weights = open_weights(path)
    card, size = card_of(weights), path.stat().st_size
    return WeightsFacts(
        path.stem, weights.kind, size, card.stored, weights.sha256, weights.muscles, card.trained_on, card.metrics
    )


def card_text(given: str | Path) -> str:
    """The model card of weights: the one that lies beside the file, else what the file itself tells, as Markdown.

    Args:
        given: A file, or the name of weights that come with the package.

    Raises:
        InputError: There are none, or they cannot be read.
    """
    path = find_weights(given, None)
    beside = path.with_suffix(".md")
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    return model_card(path.stem, open_weights(path), path.stat().st_size)


def pack_weights(
    source: Path,
    output: Path,
    *,
    others: Sequence[Path] = (),
    carrying: Path | None = None,
    half: bool = False,
    at_most_mb: float = PACKAGE_MB,
    force: bool = False,
) -> PackedWeights:
    """Write the weights of a training as a file to ship, and see that it works: read back, whole, and its network built.

    Args:
        source: A weights file, such as a run's `best.safetensors`.
        output: Where to; a name that ends in .safetensors.
        others: Weights of the same network whose mean with the first is written, each counting as much.
        carrying: Weights of an anchored network that carries masks from slice to slice; they go into the same file, which
            then does both.
        half: Store 16 bits a number instead of 32; the card then says `stored = fp16`.
        at_most_mb: The largest file, 10^6 bytes.
        force: Replace a file that is there.

    Returns:
        What was written, and the largest change that rounding made to a number.

    Raises:
        InputError: Weights of different networks, that are not finite, that 16 bits cannot hold, that do not fit their own
            network, or a file that is too large; nothing is written then.
    """
    check_suffix(output, (".safetensors",))
    check_target(output, force, source)
    first = open_weights(source)
    weights = _mean([first, *(for_use_of(first, open_weights(path)) for path in others)])
    weights = weights if carrying is None else joined(weights, open_weights(carrying))
    _check_finite(weights)
    with atomic_path(output, force=force) as partial:
        save_weights(weights, partial, half=half)
        size = partial.stat().st_size
        if size > at_most_mb * MEGABYTE:
            remedy = "Raise --at-most-mb if it is not for the package." if half else "Add --half, or raise --at-most-mb."
            raise InputError(f"a file of at most {at_most_mb:g} MB", f"{size / MEGABYTE:.1f} MB", remedy)
        packed = open_weights(partial, weights.kind)
        # A file whose tensors lack one, or have another shape than its configuration says, would fail at every user's.
        learned(packed.kind, packed, "cpu")
    return PackedWeights(output, weights_facts(output), source.stat().st_size, _largest_change(weights, packed))


def _mean(several: Sequence[Weights]) -> Weights:
    """The mean of weights, with the card of the first.

    Raises:
        InputError: They are not of one network and sampling.
    """
    first = several[0]
    if len(several) == 1:
        return first
    for other in several[1:]:
        other.check_kind(first.kind)
        alike = (other.network, _trained(other), other.muscles) == (first.network, _trained(first), first.muscles)
        if not alike or _shapes(other) != _shapes(first):
            raise InputError(
                "weights of one network, trained at the same pixels",
                f"two kinds of {first.kind}",
                "Average runs of one recipe.",
            )
    means = {
        name: np.mean([each.tensors[name].astype(np.float64) for each in several], axis=0).astype(tensor.dtype)
        for name, tensor in first.tensors.items()
    }
    return replace(first, tensors=means)


def _trained(weights: Weights) -> dict[str, object]:
    """What use shares with training, without what may be set in use."""
    return {name: value for name, value in weights.sampling.items() if name != "inference"}


def _shapes(weights: Weights) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in weights.tensors.items()}


def _check_finite(weights: Weights) -> None:
    """Refuse numbers that are none.

    Raises:
        InputError: There is one.
    """
    for name, tensor in weights.tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            count = int((~np.isfinite(tensor)).sum())
            raise InputError("weights that are finite", f"{count} numbers in {name} that are not", "Train the network again.")


def _largest_change(before: Weights, after: Weights) -> float:
    """Largest absolute difference of any number."""
    changes = (
        float(np.abs(tensor.astype(np.float64) - after.tensors[name].astype(np.float64)).max(initial=0.0))
        for name, tensor in before.tensors.items()
    )
    return max(changes)
