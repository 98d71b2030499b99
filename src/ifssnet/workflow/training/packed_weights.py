"""`ifss weights`: what comes with the package, its model cards, and how a training's weights become a file to ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Json
from ifssnet.core.weights import Weights
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.storage.weights import STORED, open_weights, save_weights
from ifssnet.propagate.methods import learned
from ifssnet.workflow.files.default_weights import find_weights, shipped_weights
from ifssnet.workflow.files.result_files import check_suffix, check_target
from ifssnet.workflow.training.model_card import metrics_of, model_card, trained_on

MEGABYTE = 1e6
PACKAGE_MB = 12.0
"""What all weights in the package may take together."""


def list_weights() -> list[dict[str, Json]]:
    """The weights that come with the package, each as plain data.

    Raises:
        InputError: One of them is damaged, or safetensors is not installed.
    """
    return [described(path) for path in shipped_weights().values()]


def described(path: Path) -> dict[str, Json]:
    """One weights file as `ifss weights list` shows it; what its card does not tell is None or empty."""
    weights = open_weights(path)
    return {
        "name": path.stem,
        "kind": weights.kind,
        "bytes": path.stat().st_size,
        "stored": weights.card.get(STORED, "fp32"),
        "sha256": weights.sha256,
        "muscles": list(weights.muscles),
        "trained_on": trained_on(weights),
        "metrics": dict(metrics_of(weights)),
    }


def card_of(given: str | Path) -> str:
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
    source: Path, output: Path, *, half: bool = False, at_most_mb: float = PACKAGE_MB, force: bool = False
) -> dict[str, Json]:
    """Write the weights of a training as a file to ship, and see that it works: read back, whole, and its network built.

    Args:
        source: A weights file, such as a run's `best.safetensors`.
        output: Where to; a name that ends in .safetensors.
        half: Store 16 bits a number instead of 32; the card then says `stored = fp16`.
        at_most_mb: The largest file, 10^6 bytes.
        force: Replace a file that is there.

    Returns:
        What was written, and the largest change that rounding made to a number.

    Raises:
        InputError: Weights that are not finite, that 16 bits cannot hold, that do not fit their own network, or a file that
            is too large; nothing is written then.
    """
    check_suffix(output, (".safetensors",))
    check_target(output, force, source)
    weights = open_weights(source)
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
    return {
        "output": str(output),
        **{key: value for key, value in described(output).items() if key != "name"},
        "bytes_before": source.stat().st_size,
        "largest_change": _largest_change(weights, packed),
    }


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
