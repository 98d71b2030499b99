"""A network tuned on one leg's own annotated slices, and kept only where slices that were kept back come out better.

Some annotated groups are kept back: the network neither learns from them nor sees them while it learns. Afterwards each is
hidden as the method's own check hides groups, and both networks find it. A network is not judged on what it learned by heart.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import Progress
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.tensors import filled
from ifssnet.propagate.anchored.inference import BETWEEN
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.own_leg import OwnLeg
from ifssnet.propagate.anchored.propagation import AnchoredPropagation
from ifssnet.propagate.seeding.annotated_groups import find_groups
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.average import start_average, update_average
from ifssnet.train.loop.schedule import OptimiserConfig, ScheduleConfig, set_rate
from ifssnet.train.loop.task import arrays_of
from ifssnet.train.tasks.anchored import AnchoredConfig, AnchoredTask
from ifssnet.train.tasks.anchored_samples import AnchoredSamplesConfig

EVERY_THIRD = 3
"""The first of three groups that can be hidden is kept back, and so on."""

CLEAR = 0.02
"""What Dice has to gain where a single group was kept back, and nothing says how much groups differ."""


@dataclass(frozen=True)
class AdaptationConfig:
    """How long a network is tuned, and how fast.

    Attributes:
        updates: Steps of the optimiser.
        batch: Samples a step.
        samples: What is shown to the network.
        optimiser: The optimiser and its learning rate.
        schedule: How the learning rate changes.
        average_decay: The share of the weights' moving average that each step keeps.
        most_s: Seconds of learning after which it ends early; what was learned until then is judged.
        seed: The seed of every draw.
    """

    updates: int = 150
    batch: int = 8
    samples: AnchoredSamplesConfig = field(default_factory=AnchoredSamplesConfig)
    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(learning_rate=3e-4))
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    average_decay: float = 0.97
    most_s: float = 50.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.updates < 1 or not self.most_s > 0 or not 0 <= self.average_decay < 1:
            raise InputError(
                "updates of 1 or more, most_s above 0, and an average_decay from 0 to below 1",
                f"{self.updates}, {self.most_s} and {self.average_decay}",
                "Correct them.",
            )


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What came of it.

    Attributes:
        start: The network that it began with.
        tuned: The tuned network; it remembers the leg, see `OwnLeg`.
        kept_back: The slices that were kept back, ascending.
        dice_before: Mean Dice on them of the network that it began with, every correction counted in full.
        dice_after: The same of the tuned network.
        gain_error: Standard error of what it gained, over these groups; None where there is one.
        dice_interpolation: The same of guided interpolation alone.
        updates: Steps of the optimiser.
        seconds: How long it learned.
    """

    start: Weights
    tuned: Weights
    kept_back: tuple[int, ...]
    dice_before: float
    dice_after: float
    gain_error: float | None
    dice_interpolation: float
    updates: int
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the tuned network gained more on the groups that were kept back than its standard error, or `CLEAR`."""
        return self.dice_after - self.dice_before > (CLEAR if self.gain_error is None else self.gain_error)

    @property
    def weights(self) -> Weights:
        """The network to use on this leg."""
        return self.tuned if self.kept else self.start


def adapt(
    weights: Weights, volume: Volume, seeds: Seeds, config: AdaptationConfig | None = None
) -> Generator[Progress, None, Adaptation]:
    """Tune a network on the annotated slices of one leg.

    Args:
        weights: Those of an anchored network.
        volume: Grey levels from 0 to 255, on the seeds' grid.
        seeds: What the expert drew.
        config: How long, and how fast.

    Raises:
        InputError: Weights of another network, or no muscle with three annotated groups in a row, of which one can be kept
            back.
    """
    config = config or AdaptationConfig()
    method = Anchored.from_weights(weights)
    kept_back = _kept_back(seeds)
    if not kept_back:
        raise InputError(
            "a muscle drawn at three places or more, of which one is kept back to see whether tuning helps",
            f"{max((len(find_groups(own)) for own in seeds.masks.values()), default=0)} at most",
            "Draw more slices, or use the network as it is.",
        )
    average, updates, seconds = yield from _learn(_task(weights, method, volume, seeds, kept_back, config), config)
    own_leg = OwnLeg.of(volume, {z for label in seeds.labels for z in _learned(seeds, label, kept_back)})
    tuned = replace(weights, tensors=arrays_of(average), sampling={**weights.sampling, "own_leg": plain_table(own_leg)})
    interpolated, before = _hidden_dice(replace(method, own_leg=own_leg), volume, seeds)
    _, after = _hidden_dice(Anchored.from_weights(tuned), volume, seeds)
    gain = after - before
    error = float(np.std(gain, ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else None
    means = float(np.mean(before)), float(np.mean(after))
    return Adaptation(weights, tuned, kept_back, *means, error, float(np.mean(interpolated)), updates, seconds)


def _kept_back(seeds: Seeds) -> tuple[int, ...]:
    """The middle slice of every third group that lies between two others with its muscle, of all muscles, ascending."""
    found: set[int] = set()
    for label in seeds.labels:
        groups = find_groups(seeds.masks[label])
        inner = [
            groups[at].middle
            for at in range(1, len(groups) - 1)
            if groups[at - 1].present and groups[at].present and groups[at + 1].present
        ]
        found |= set(inner[::EVERY_THIRD])
    return tuple(sorted(found))


def _learned(seeds: Seeds, label: int, kept_back: Sequence[int]) -> tuple[int, ...]:
    """The annotated slices of a muscle but those of groups that are kept back."""
    groups = find_groups(seeds.masks[label])
    return tuple(z for group in groups if not set(kept_back) & set(group.slices) for z in group.slices)


def _task(
    weights: Weights,
    method: Anchored,
    volume: Volume,
    seeds: Seeds,
    kept_back: Sequence[int],
    config: AdaptationConfig,
) -> AnchoredTask:
    """Training on this leg alone, with the groups that are kept back as if nobody had annotated them."""
    labels: UInt8[np.ndarray, "z y x"] = np.zeros(seeds.grid.shape_zyx, dtype=np.uint8)
    annotated: dict[str, tuple[int, ...]] = {}
    names: dict[int, str] = {}
    for value, label in enumerate(seeds.labels, start=1):
        learned = _learned(seeds, label, kept_back)
        for z in learned:
            labels[z][seeds.masks[label][z]] = value
        if any(seeds.masks[label][z].any() for z in learned):
            names[value], annotated[str(value)] = str(value), learned
    leg = LabelledLeg("leg", "leg", volume, LabelMap(labels, seeds.grid, names))
    own = AnchoredConfig(
        network=method.network.config,
        sampling=method.sampling,
        context=method.context,
        inference=method.inference,
        samples=config.samples,
        batch=config.batch,
        updates=config.updates,
    )
    task = AnchoredTask(own, (leg,), (), config.seed, {leg.name: annotated})
    filled(task.network, weights.tensors)
    return task


def _learn(task: AnchoredTask, config: AdaptationConfig) -> Generator[Progress, None, tuple[nn.Module, int, float]]:
    """The averaged network, its updates, and the seconds they took."""
    network, average = task.network.train(), start_average(task.network)
    optimiser = config.optimiser.build(network, task.loss)
    step, begun = 0, time.monotonic()
    for loss in task.unit(0, 0.0):
        set_rate(optimiser, config.schedule.factor(step, config.updates))
        optimiser.zero_grad(set_to_none=True)
        cast("Any", loss).backward()
        if config.optimiser.clip_norm > 0:
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.optimiser.clip_norm)
        optimiser.step()
        step += 1
        update_average(average, network, config.average_decay, step)
        yield Progress("tuning the network", step, config.updates)
        if time.monotonic() - begun > config.most_s:
            break
    return average, step, time.monotonic() - begun


def _hidden_dice(
    method: Anchored, volume: Volume, seeds: Seeds
) -> tuple[Float[np.ndarray, " group"], Float[np.ndarray, " group"]]:
    """Dice of interpolation and of a network on each of the groups that were kept back."""
    between = replace(method, inference=replace(method.inference, direction=BETWEEN))
    propagation = between.prepare(volume, seeds)
    assert isinstance(propagation, AnchoredPropagation), "the direction decides"
    scores = [each for own in propagation.hidden_dice().values() for each in own.values()]
    return np.array([each[0] for each in scores]), np.array([each[-1] for each in scores])
