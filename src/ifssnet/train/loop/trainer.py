"""The loop: units of a task, one after another, with checkpoints from which a run goes on as if it had never stopped."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Json, Propagator
from ifssnet.train.loop.average import averaged, update
from ifssnet.train.loop.checkpoint import State, load_checkpoint, save_checkpoint
from ifssnet.train.loop.processes import losses, share_gradients
from ifssnet.train.loop.run_folder import RunFolder
from ifssnet.train.loop.schedule import OptimiserConfig, ScheduleConfig, set_rate
from ifssnet.train.loop.task import Task
from ifssnet.train.loop.validation import Validation

Validate = Callable[[Propagator, int], Generator[Progress, None, Validation]]
"""Propagates the validation legs after so many units."""


@dataclass(frozen=True)
class TrainerConfig:
    """How long, how fast, and how often it is looked at.

    Attributes:
        units: Of training in all, where no time is given.
        optimiser: And its learning rate.
        schedule: How the rate changes.
        average_decay: Of the moving average of the weights, a step (findings: .997); 0 keeps none.
        validations: How many times it is validated, evenly spread; once more before the first unit.
        patience: Validations without a better one after which training stops; 0 never stops.
        checkpoint_minutes: A checkpoint is written after each validation, and when the last one is so old.
    """

    units: int = 1000
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    average_decay: float = 0.997
    validations: int = 8
    patience: int = 0
    checkpoint_minutes: float = 2.0

    def __post_init__(self) -> None:
        if self.units < 1 or self.validations < 0 or self.patience < 0 or not self.checkpoint_minutes >= 0:
            raise InputError(
                "at least one unit, and validations, patience and checkpoint_minutes from 0",
                f"{self.units}, {self.validations}, {self.patience} and {self.checkpoint_minutes}",
                "Correct them.",
            )
        if not 0 <= self.average_decay < 1:
            raise InputError("an average_decay from 0 to below 1", f"{self.average_decay}", "Correct it.")


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        units: That were trained.
        total: That were planned.
        steps: Of the optimiser.
        seconds: Over all sessions.
        best_dice: Of validation; None where there was none.
        best_unit: Units trained when it was reached.
        stopped_early: Whether validation ended it.
    """

    units: int
    total: int
    steps: int
    seconds: float
    best_dice: float | None
    best_unit: int
    stopped_early: bool


@dataclass(frozen=True, eq=False)
class Trainer:
    """One training in one folder.

    Attributes:
        task: What is trained.
        config: How.
        folder: Where its files go; `RunFolder.create` has made it.
        fabric: Device, precision and processes; launched.
        validate: Propagates the validation legs; None where there are none.
        about: Goes onto the card of the weights.
    """

    task: Task
    config: TrainerConfig
    folder: RunFolder
    fabric: Fabric
    validate: Validate | None = None
    about: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def run(self, minutes: float | None = None, resume: bool = False) -> Generator[Progress, None, Outcome]:
        """Train to the end.

        Args:
            minutes: Train about so long instead of `config.units`: some units are timed and undone, then as many are
                planned as fit. The plan is in the checkpoint, and a run of as many units gives the same weights.
            resume: Go on from the checkpoint, if there is one.

        Raises:
            InputError: A checkpoint that does not fit, or a loss or weights that are no longer finite.
        """
        state = self._begin()
        self.task.teach(state.average)
        if resume and self.folder.checkpoint.is_file():
            state.restore(load_checkpoint(self.folder.checkpoint))
            self._on_first(lambda: self.folder.cut_log(state.unit))
        else:
            self._on_first(lambda: self.folder.log.unlink(missing_ok=True))
            begun = time.monotonic()
            looked = yield from self._look(state)
            state.total = self.config.units if minutes is None else (yield from self._units_that_fit(state, minutes, begun))
            self._on_first(lambda: self._keep(state, looked, {}))
        clock, saved = _Clock(state), time.monotonic()
        while state.unit < state.total and not state.stopped:
            told = self._train_unit(state)
            clock.tick(state)
            looked = (yield from self._look(state)) if self._due(state) else None
            clock.looked(state)
            # Written by the first process alone, whose clock is nobody else's business.
            if (
                looked is not None
                or state.unit == state.total
                or time.monotonic() - saved > 60 * self.config.checkpoint_minutes
            ):
                self._on_first(lambda looked=looked, told=told: self._keep(state, looked, told))
                saved = time.monotonic()
            else:
                self._on_first(lambda told=told: self.folder.append_log(self._row(state, told, None)))
            yield Progress("training", state.unit, state.total, clock.words(state, told["loss"]))
        dice = state.best_dice if state.best_dice >= 0 else None
        return Outcome(state.unit, state.total, state.steps, state.seconds, dice, state.best_unit, state.stopped)

    def _begin(self) -> State:
        network, loss = self.task.network.to(self.fabric.device), self.task.loss.to(self.fabric.device)
        if self.fabric.world_size > 1:
            network.load_state_dict(self.fabric.broadcast(network.state_dict()))
        return State(network.train(), loss, averaged(network), self.config.optimiser.build(network, loss))

    def _train_unit(self, state: State) -> dict[str, float]:
        """One unit: for each loss backward, clip, step, average. With several processes each takes a unit of its own."""
        rate = set_rate(state.optimiser, self.config.schedule.factor(state.unit, state.total))
        own = state.unit * self.fabric.world_size + self.fabric.global_rank
        state.network.train()
        values: list[float] = []
        for loss, running in losses(self.task, own, state.unit / max(state.total, 1), self.fabric):
            state.optimiser.zero_grad(set_to_none=True)
            if loss is not None:
                values.append(_finite(float(loss.detach()), state))
                self.fabric.backward(loss)
            share_gradients(state.optimiser, running, self.fabric)
            norm = _clip(state, self.config.optimiser.clip_norm)
            _finite(norm, state)
            state.optimiser.step()
            state.steps += 1
            update(state.average, state.network, self.config.average_decay, state.steps)
        if not state.finite():
            _finite(math.nan, state)
        state.unit += 1
        return {"loss": sum(values) / len(values) if values else 0.0, "learning_rate": rate}

    def _units_that_fit(self, state: State, minutes: float, begun: float) -> Generator[Progress, None, int]:
        """Time some units, early and late ones of a curriculum, undo them, and count how many fit beside the validations."""
        looking_s = time.monotonic() - begun if self.validate is not None else 0.0
        before, times = copy.deepcopy(state.snapshot()), list[float]()
        started = time.monotonic()
        # The first unit fills caches and is not counted; a twentieth of the time is enough for the rest.
        while self.fabric.broadcast(len(times) < 4 or (time.monotonic() - started < 3 * minutes and len(times) < 60)):
            state.unit, state.total = (0, 2, 1)[len(times) % 3], 3
            at = time.monotonic()
            self._train_unit(state)
            times.append(time.monotonic() - at)
            yield Progress("timing some units", len(times), 60)
        state.restore(before)
        left_s = 60 * minutes - (time.monotonic() - begun) - self.config.validations * looking_s
        return int(self.fabric.broadcast(max(1, int(left_s * (len(times) - 1) / sum(times[1:])))))

    def _due(self, state: State) -> bool:
        """Whether the next of the evenly spread validations falls on this unit."""
        wanted, total = min(self.config.validations, state.total), state.total
        return state.unit * wanted // total > (state.unit - 1) * wanted // total

    def _look(self, state: State) -> Generator[Progress, None, Validation | None]:
        """Validate the averaged network, and remember whether it is the best; only the first process does the work."""
        if self.validate is None:
            return None
        looked: Validation | None = None
        if self.fabric.is_global_zero:
            looked = yield from self.validate(self.task.propagator(state.average), state.unit)
        state.dice = float(self.fabric.broadcast(looked.mean_dice if looked is not None else 0.0))
        if state.dice > state.best_dice:
            state.best_dice, state.best_unit, state.waiting = state.dice, state.unit, 0
        else:
            state.waiting += 1
        state.stopped = 0 < self.config.patience <= state.waiting
        return looked

    def _keep(self, state: State, looked: Validation | None, told: Mapping[str, float]) -> None:
        """Log, weights, checkpoint, in this order: a run killed in between does the same again."""
        self.folder.append_log(self._row(state, told, looked))
        card: dict[str, Json] = {**self.about, "unit": state.unit, "units": state.total, "steps": state.steps}
        if looked is not None:
            card["validation"] = looked.numbers()
        # Without validation the last weights are the best that are known.
        best = (looked is None and self.validate is None) or (looked is not None and state.best_unit == state.unit)
        self.folder.save_weights(replace(self.task.weights(state.average), card=card), best)
        save_checkpoint(state, self.folder.checkpoint)

    def _row(self, state: State, told: Mapping[str, float], looked: Validation | None) -> dict[str, Json]:
        row: dict[str, Json] = {"unit": state.unit, "seconds": state.seconds}
        row |= {name: told.get(name) for name in ("loss", "learning_rate")}
        for name in ("alpha", "beta"):
            value = getattr(self.task.loss, name, None)
            if isinstance(value, Tensor):
                row[name] = float(value.detach())
        return row | (looked.numbers() if looked is not None else {})

    def _on_first(self, write: Callable[[], None]) -> None:
        if self.fabric.is_global_zero:
            write()


class _Clock:
    """How long units and validations take in this session, and so how long is left."""

    def __init__(self, state: State) -> None:
        self.at = time.monotonic()
        self.first, self.trained_s, self.looked_s = state.unit, 0.0, 0.0

    def tick(self, state: State) -> None:
        """A unit is done."""
        state.seconds += (passed := time.monotonic() - self.at)
        self.trained_s, self.at = self.trained_s + passed, self.at + passed

    def looked(self, state: State) -> None:
        """A validation may have been done."""
        state.seconds += (passed := time.monotonic() - self.at)
        self.looked_s, self.at = self.looked_s + passed, self.at + passed

    def words(self, state: State, loss: float) -> str:
        """Loss, validation Dice and time left, for a person."""
        left_s = (self.trained_s + self.looked_s) / max(state.unit - self.first, 1) * (state.total - state.unit)
        dice = f", Dice {state.dice:.3f} (best {state.best_dice:.3f})" if state.dice >= 0 else ""
        left = f"{left_s / 60:.0f} min left" if left_s >= 90 else f"{left_s:.0f} s left"
        return f"loss {loss:.3f}{dice}, {left}"


def _clip(state: State, longest: float) -> float:
    """Shorten the network's gradient; return how long it was."""
    parameters = [parameter for parameter in state.network.parameters() if parameter.grad is not None]
    return float(torch.nn.utils.clip_grad_norm_(parameters, longest if longest > 0 else math.inf))


def _finite(value: float, state: State) -> float:
    """Refuse to go on from what is no number: the checkpoint before stays.

    Raises:
        InputError: It is NaN or infinite.
    """
    if math.isfinite(value):
        return value
    raise InputError(
        "a loss, gradients and weights that stay finite",
        f"{value} in unit {state.unit} (step {state.steps}); the weights and the checkpoint before it are kept",
        "Start again with a lower trainer.optimiser.learning_rate, or from the weights kept (--from).",
    )
