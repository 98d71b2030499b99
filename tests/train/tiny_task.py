"""A task that is small enough to read: 2-D convolutions learn bright pixels, with dropout, buffers and a loss that learns.

Run as a program it trains in a folder until it is done or killed: `python tiny_task.py FOLDER UNITS [resume] [slow]`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import Progress, Step, drain
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, Propagator, SimplePropagation
from ifssnet.core.weights import Weights
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.run_folder import RunFolder
from ifssnet.train.loop.task import arrays_of, unit_rng
from ifssnet.train.loop.trainer import Trainer, TrainerConfig
from ifssnet.train.loop.validation import ValidationConfig, validate


@dataclass(frozen=True)
class TinyNetConfig:
    """Channels, and how many numbers are dropped."""

    width: int = 4
    dropout: float = 0.2


@dataclass(frozen=True)
class TinyConfig:
    """A network, and how it is taught."""

    network: TinyNetConfig = TinyNetConfig()
    steps: int = 3
    slices: int = 2
    order: Literal["random", "first"] = "random"


class TinyLoss(nn.Module):
    """Cross-entropy of both kinds of pixels, with a weight that is learned by ascending."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(2))

    @property
    def alpha(self) -> Tensor:
        return torch.softmax(self.raw, 0)[0]

    @property
    def beta(self) -> Tensor:
        return torch.softmax(self.raw, 0)[1]

    def forward(self, logit: Tensor, target: Tensor) -> Tensor:
        each = nn.functional.binary_cross_entropy_with_logits(logit, target, reduction="none")
        return self.alpha * (each * (1 - target)).mean() + self.beta * (each * target).mean()


@dataclass(frozen=True, eq=False)
class TinyPropagator:
    """Every slice for itself."""

    network: nn.Module
    name: str = "tiny"
    needs_volume: bool = True

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:
        assert volume is not None
        return SimplePropagation(partial(self._steps, volume, seeds), MethodDescription())

    @torch.no_grad()
    def _steps(self, volume: Volume, seeds: Seeds) -> Iterator[Step]:
        assert not self.network.training
        for done, z in enumerate(range(seeds.grid.slices), start=1):
            probability = torch.sigmoid(self.network(_tensor(volume.array[z : z + 1])))[0, 0].numpy()
            for label in seeds.labels:
                yield Step(label, z, probability, done, seeds.grid.slices)


class TinyTask:
    """Slices of legs, drawn at random."""

    def __init__(
        self, config: TinyConfig, legs: tuple[LabelledLeg, ...], muscles: tuple[str, ...], seed: int, bad: int = -1
    ) -> None:
        torch.manual_seed(seed)
        width = config.network.width
        self.config, self.legs, self.muscles, self.seed, self.bad = config, legs, muscles, seed, bad
        self.network: nn.Module = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Dropout(config.network.dropout),
            nn.Conv2d(width, 1, 1),
        )
        self.loss: nn.Module = TinyLoss()
        self.units: list[tuple[int, float]] = []
        self.teacher: nn.Module | None = None

    def unit(self, index: int, share: float) -> Iterator[Tensor]:
        self.units.append((index, share))
        rng = unit_rng(self.seed, index)
        for _ in range(self.config.steps):
            leg = self.legs[int(rng.integers(len(self.legs)))]
            z = rng.integers(leg.labels.grid.slices, size=self.config.slices)
            target = np.isin(leg.labels.array[z], list(leg.labels.names))
            loss = self.loss(self.network(_tensor(leg.volume.array[z])), torch.from_numpy(target[:, None]).float())
            yield loss * float("nan") if index == self.bad else loss

    def teach(self, average: nn.Module) -> None:
        self.teacher = average

    def propagator(self, network: nn.Module) -> Propagator:
        return TinyPropagator(network)

    def weights(self, network: nn.Module) -> Weights:
        return Weights("anchored", asdict(self.config.network), {}, self.muscles, arrays_of(network))


def _tensor(planes: np.ndarray) -> Tensor:
    return torch.from_numpy((np.asarray(planes, dtype=np.float32)[:, None] - 60) / 60)


def ball_leg(name: str, seed: int) -> LabelledLeg:
    """A bright ball of radius 8 mm in 24 slices of noise."""
    grid = Grid((24, 24, 24))
    z, y, x = np.indices(grid.shape_zyx)
    inside = (z - 12) ** 2 + (y - 11) ** 2 + (x - 13) ** 2 < 64
    noise = np.random.default_rng(seed).normal(0, 10, grid.shape_zyx)
    grey = np.clip(np.where(inside, 100, 30) + noise, 0, 255).astype(np.uint8)
    return LabelledLeg(name, name, Volume(grey, grid), LabelMap(inside.astype(np.uint8), grid, {1: "SOL"}))


def tiny_trainer(folder: Path, config: TrainerConfig, *, bad: int = -1, validated: bool = True, seed: int = 3) -> Trainer:
    """A trainer of the tiny task on two balls, validated on a third."""
    legs = (ball_leg("A", 1), ball_leg("B", 2))
    task = TinyTask(TinyConfig(), legs, ("SOL",), seed, bad)
    looked = ValidationConfig(every_mm=6.0, legs=1)

    def look(propagator: Propagator, unit: int):
        return (yield from validate(propagator, (ball_leg("C", 3),), looked))

    fabric = Fabric(accelerator="cpu", devices=1)
    return Trainer(task, config, RunFolder(folder), fabric, look if validated else None, {"seed": seed})


def main(folder: str, units: str, *words: str) -> None:
    """Train; with the word `slow`, sleep between units so that somebody can kill it."""
    torch.set_num_threads(1)
    config = TrainerConfig(units=int(units), validations=2, checkpoint_minutes=0.0005)
    trainer = tiny_trainer(Path(folder), config)
    if "resume" not in words:
        trainer.folder.create({})

    def listen(progress: Progress) -> None:
        if "slow" in words:
            time.sleep(0.01)
        sys.stdout.write(f"{progress.stage} {progress.done}\n")
        sys.stdout.flush()

    drain(trainer.run(resume="resume" in words), listen)


if __name__ == "__main__":
    main(*sys.argv[1:])
