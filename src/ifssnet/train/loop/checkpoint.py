"""The whole state of a training between two units: a run goes on from it bit for bit as if it had not stopped."""

from __future__ import annotations

import pickle
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.io.storage.atomic import atomic_path

FORMAT = "ifssnet-checkpoint/1"
_NUMBERS = ("unit", "total", "steps", "seconds", "dice", "best_dice", "best_unit", "waiting", "stopped")


@dataclass(eq=False)
class TrainingState:
    """What changes while a network is trained. Nothing else of the trainer is mutable.

    Attributes:
        network: The network that is trained.
        loss: The loss, with its own parameters if it has any.
        average: The network's moving average.
        optimiser: The optimiser with its moments.
        unit: The units that are done.
        total: The units in all; 0 until that is known.
        steps: The steps of the optimiser that are done.
        seconds: The time that was spent, over all sessions of this run.
        dice: The last validation's Dice; -1 before the first.
        best_dice: The best validation's Dice.
        best_unit: The units that were done by then.
        waiting: The validations since then.
        stopped: Whether the validations ended the training.
    """

    network: nn.Module
    loss: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    unit: int = 0
    total: int = 0
    steps: int = 0
    seconds: float = 0.0
    dice: float = -1.0
    best_dice: float = -1.0
    best_unit: int = 0
    waiting: int = 0
    stopped: bool = False

    def snapshot(self) -> dict[str, Any]:
        """All of it, with the states of all random number generators, as plain data and tensors; the tensors are not copied."""
        modules = {"network": self.network, "loss": self.loss, "average": self.average, "optimiser": self.optimiser}
        return {
            "format": FORMAT,
            **{name: module.state_dict() for name, module in modules.items()},
            **{name: getattr(self, name) for name in _NUMBERS},
            "random": _random_states(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take over a snapshot.

        Raises:
            InputError: The snapshot is another network's.
        """
        try:
            for name in ("network", "loss", "average", "optimiser"):
                getattr(self, name).load_state_dict(snapshot[name])
            for name in _NUMBERS:
                setattr(self, name, snapshot[name])
            _set_random_states(snapshot["random"])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise InputError(
                "the checkpoint of the same network and recipe",
                f"another one ({str(error).splitlines()[0][:120]})",
                "Resume with the recipe that the run was started with.",
            ) from error

    def finite(self) -> bool:
        """Whether every parameter of the network and its average is a finite number."""
        tensors = [*self.network.parameters(), *self.average.parameters(), *self.loss.parameters()]
        return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def save_checkpoint(state: TrainingState, path: Path) -> None:
    """Write a state, beside its target and moved into place: a run killed while it writes keeps the one before.

    Raises:
        InputError: It cannot be written.
    """
    with atomic_path(path, force=True) as partial:
        torch.save(state.snapshot(), partial)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `State.snapshot` gave; nothing in the file can run code.

    Raises:
        InputError: No checkpoint, a damaged one, or one of another version.
    """
    remedy = "Start the run again without --resume, in a new folder or with --force."
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"a checkpoint at {path}", f"'{reason}'", remedy) from error
    snapshot = cast("dict[str, Any]", found) if isinstance(found, dict) else {"format": type(found).__name__}
    if snapshot.get("format") != FORMAT:
        raise InputError(f"a checkpoint in the format {FORMAT}", f"{snapshot.get('format')!r} in {path.name}", remedy)
    return snapshot


def _random_states() -> dict[str, Any]:
    # A library may draw from numpy's old generator, whose state is a tuple as long as no dictionary is asked for.
    state = cast("tuple[str, Sequence[int], int, int, float]", np.random.get_state())  # noqa: NPY002
    name, keys, position, has_gauss, gauss = state
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": (str(name), [int(key) for key in keys], int(position), int(has_gauss), float(gauss)),
        "python": random.getstate(),
    }


def _set_random_states(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))  # noqa: NPY002
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
