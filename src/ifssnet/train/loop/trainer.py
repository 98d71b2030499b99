"""The loop: units of a task, one after another, with checkpoints from which a run goes on as if it had never stopped."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass, field, replace

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Propagator
from ifssnet.train.loop.ahead import DrawsAhead
from ifssnet.train.loop.average import start_average, update_average
from ifssnet.train.loop.checkpoint import TrainingState, load_checkpoint, save_checkpoint
from ifssnet.train.loop.processes import SideBySide, mean_of_all, own_units, share_gradients
from ifssnet.train.loop.run_folder import RunFolder
from ifssnet.train.loop.schedule import OptimiserConfig, ScheduleConfig, set_rate
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.loop.validation import Validation

Validate = Callable[[Propagator, int], Generator[Progress, None, Validation]]
"""Propagates the validation legs after a number of units."""


@dataclass(frozen=True)
class TrainerConfig:
    """How long a network is trained, how fast, and how often it is validated.

    Attributes:
        units: The units of training, where no time is given.
        optimiser: The optimiser and its learning rate.
        schedule: How the learning rate changes.
        average_decay: The share of the weights' moving average that each step keeps (measured best: .997); 0 keeps no average.
        validations: How many times the network is validated, at even distances; once more before the first unit.
        patience: How many validations without a better one stop the training; 0 never stops it.
        side_by_side: Units that are trained at a time, their gradients averaged; 0 for as many as there are processes. With
            a number of its own a training gives the same weights, up to rounding, by any number of processes.
        checkpoint_minutes: A checkpoint is written after each validation, and when the last one is older than this.
    """

    units: int = 1000
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    average_decay: float = 0.997
    validations: int = 8
    patience: int = 0
    side_by_side: int = 0
    checkpoint_minutes: float = 2.0

    def __post_init__(self) -> None:
        if self.units < 1 or min(self.validations, self.patience, self.side_by_side) < 0 or not self.checkpoint_minutes >= 0:
            raise InputError(
                "at least one unit, and validations, patience, side_by_side and checkpoint_minutes from 0",
                f"{self.units}, {self.validations}, {self.patience}, {self.side_by_side} and {self.checkpoint_minutes}",
                "Correct them.",
            )
        if not 0 <= self.average_decay < 1:
            raise InputError("an average_decay from 0 to below 1", f"{self.average_decay}", "Correct it.")


@dataclass(frozen=True)
class TrainingOutcome:
    """How a training ended.

    Attributes:
        units: The units that were trained.
        total: The units that were planned.
        steps: The steps of the optimiser.
        seconds: The time that it took, over all sessions.
        best_dice: The best validation's Dice; None where there was no validation.
        best_unit: The units that had been trained by then.
        stopped_early: Whether the validations ended the training.
    """

    units: int
    total: int
    steps: int
    seconds: float
    best_dice: float | None
    best_unit: int
    stopped_early: bool


@dataclass(frozen=True)
class _Unit:
    """What a unit of training gave: the mean of its losses, and the learning rate."""

    loss: float
    learning_rate: float


@dataclass(frozen=True, eq=False)
class Trainer:
    """One training in one folder.

    Attributes:
        task: What is trained.
        config: How it is trained.
        folder: Where the files go; `RunFolder.create` has made it.
        fabric: The device, the precision and the processes; launched.
        validate: Propagates the validation legs; None where there are none.
        about: What the card of the weights says beside the progress, as plain data.
    """

    task: TrainingTask
    config: TrainerConfig
    folder: RunFolder
    fabric: Fabric
    validate: Validate | None = None
    about: Mapping[str, object] = field(default_factory=dict[str, object])

    def run(self, minutes: float | None = None, resume: bool = False) -> Generator[Progress, None, TrainingOutcome]:
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
            validation = yield from self._validate(state)
            state.total = self.config.units if minutes is None else (yield from self._units_that_fit(state, minutes, begun))
            self._on_first(lambda: self._keep(state, None, validation))
        try:
            yield from self._train(state)
        finally:
            if isinstance(self.task, DrawsAhead):
                self.task.expect((), 0.0)
        dice = state.best_dice if state.best_dice >= 0 else None
        return TrainingOutcome(state.unit, state.total, state.steps, state.seconds, dice, state.best_unit, state.stopped)

    def _train(self, state: TrainingState) -> Generator[Progress]:
        """All units that are left."""
        clock, saved = _Clock(state), time.monotonic()
        while state.unit < state.total and not state.stopped:
            unit = self._train_unit(state, ahead=True)
            clock.end_unit(state)
            validation = (yield from self._validate(state)) if self._due(state) else None
            clock.end_validation(state)
            # Written by the first process alone, whose clock is nobody else's business.
            if (
                validation is not None
                or state.unit == state.total
                or time.monotonic() - saved > 60 * self.config.checkpoint_minutes
            ):
                self._on_first(lambda unit=unit, validation=validation: self._keep(state, unit, validation))
                saved = time.monotonic()
            else:
                self._on_first(lambda unit=unit: self.folder.append_log(self._row(state, unit, None)))
            yield Progress("training", state.unit, state.total, clock.words(state, unit.loss))

    def _begin(self) -> TrainingState:
        network, loss = self.task.network.to(self.fabric.device), self.task.loss.to(self.fabric.device)
        if self.fabric.world_size > 1:
            network.load_state_dict(self.fabric.broadcast(network.state_dict()))
        return TrainingState(network.train(), loss, start_average(network), self.config.optimiser.build(network, loss))

    def _expect(self, state: TrainingState) -> None:
        """Tell a task that draws ahead which units come now and next."""
        if isinstance(self.task, DrawsAhead):
            for unit in range(state.unit, min(state.unit + 2, state.total)):
                self.task.expect(own_units(unit, self.config.side_by_side, self.fabric), unit / max(state.total, 1))

    def _train_unit(self, state: TrainingState, ahead: bool = False) -> _Unit:
        """One unit, or several side by side: for each loss backward; then clip, step, average."""
        rate = set_rate(state.optimiser, self.config.schedule.factor(state.unit, state.total))
        own = own_units(state.unit, self.config.side_by_side, self.fabric)
        if ahead:
            self._expect(state)
        state.network.train()
        values: list[float] = []

        def learn(loss: Tensor) -> None:
            values.append(_finite(float(loss.detach()), state))
            self.fabric.backward(loss)

        units = SideBySide(self.task, own, state.unit / max(state.total, 1), self.fabric)
        state.optimiser.zero_grad(set_to_none=True)
        while running := units.advance(learn):
            share_gradients(state.optimiser, running, self.fabric)
            norm = _clip(state, self.config.optimiser.clip_norm)
            _finite(norm, state)
            state.optimiser.step()
            state.steps += 1
            update_average(state.average, state.network, self.config.average_decay, state.steps)
            state.optimiser.zero_grad(set_to_none=True)
        if not state.finite():
            _finite(math.nan, state)
        state.unit += 1
        return _Unit(mean_of_all(values, self.fabric), rate)

    def _units_that_fit(self, state: TrainingState, minutes: float, begun: float) -> Generator[Progress, None, int]:
        """Time some units, early and late ones of a curriculum, undo them, and count how many fit beside the validations."""
        validation_s = time.monotonic() - begun if self.validate is not None else 0.0
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
        left_s = 60 * minutes - (time.monotonic() - begun) - self.config.validations * validation_s
        return int(self.fabric.broadcast(max(1, int(left_s * (len(times) - 1) / sum(times[1:])))))

    def _due(self, state: TrainingState) -> bool:
        """Whether the next of the evenly spread validations falls on this unit."""
        wanted, total = min(self.config.validations, state.total), state.total
        return state.unit * wanted // total > (state.unit - 1) * wanted // total

    def _validate(self, state: TrainingState) -> Generator[Progress, None, Validation | None]:
        """Validate the averaged network, and remember whether it is the best; only the first process does the work."""
        if self.validate is None:
            return None
        validation: Validation | None = None
        if self.fabric.is_global_zero:
            validation = yield from self.validate(self.task.propagator(state.average), state.unit)
        state.dice = float(self.fabric.broadcast(validation.mean_dice if validation is not None else 0.0))
        if state.dice > state.best_dice:
            state.best_dice, state.best_unit, state.waiting = state.dice, state.unit, 0
        else:
            state.waiting += 1
        state.stopped = 0 < self.config.patience <= state.waiting
        return validation

    def _keep(self, state: TrainingState, unit: _Unit | None, validation: Validation | None) -> None:
        """Log, weights, checkpoint, in this order: a run killed in between does the same again."""
        self.folder.append_log(self._row(state, unit, validation))
        card: dict[str, object] = {**self.about, "unit": state.unit, "units": state.total, "steps": state.steps}
        if validation is not None:
            card["validation"] = validation.numbers()
        # Without validation the last weights are the best that are known.
        best = (validation is None and self.validate is None) or (validation is not None and state.best_unit == state.unit)
        self.folder.save_weights(replace(self.task.weights(state.average), card=card), best)
        save_checkpoint(state, self.folder.checkpoint)

    def _row(self, state: TrainingState, unit: _Unit | None, validation: Validation | None) -> dict[str, int | float | None]:
        """A line of the log: the unit, the loss' own weights where it has any, and the validation where there was one."""
        row: dict[str, int | float | None] = {"unit": state.unit, "seconds": state.seconds}
        row |= {"loss": None, "learning_rate": None} if unit is None else asdict(unit)
        for name in ("alpha", "beta"):
            value = getattr(self.task.loss, name, None)
            if isinstance(value, Tensor):
                row[name] = float(value.detach())
        return row | (validation.numbers() if validation is not None else {})

    def _on_first(self, write: Callable[[], None]) -> None:
        if self.fabric.is_global_zero:
            write()


class _Clock:
    """How long units and validations take in this session, and so how long is left."""

    def __init__(self, state: TrainingState) -> None:
        self.at = time.monotonic()
        self.first, self.training_s, self.validation_s = state.unit, 0.0, 0.0

    def end_unit(self, state: TrainingState) -> None:
        """Count the time since the last call as training."""
        state.seconds += (passed := time.monotonic() - self.at)
        self.training_s, self.at = self.training_s + passed, self.at + passed

    def end_validation(self, state: TrainingState) -> None:
        """Count the time since the last call as validation."""
        state.seconds += (passed := time.monotonic() - self.at)
        self.validation_s, self.at = self.validation_s + passed, self.at + passed

    def words(self, state: TrainingState, loss: float) -> str:
        """Loss, validation Dice and time left, for a person."""
        left_s = (self.training_s + self.validation_s) / max(state.unit - self.first, 1) * (state.total - state.unit)
        dice = f", Dice {state.dice:.3f} (best {state.best_dice:.3f})" if state.dice >= 0 else ""
        left = f"{left_s / 60:.0f} min left" if left_s >= 90 else f"{left_s:.0f} s left"
        return f"loss {loss:.3f}{dice}, {left}"


def _clip(state: TrainingState, longest: float) -> float:
    """Shorten the network's gradient; return how long it was."""
    parameters = [parameter for parameter in state.network.parameters() if parameter.grad is not None]
    return float(torch.nn.utils.clip_grad_norm_(parameters, longest if longest > 0 else math.inf))


def _finite(value: float, state: TrainingState) -> float:
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
