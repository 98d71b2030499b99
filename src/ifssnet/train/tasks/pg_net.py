"""Training of PG-Net: runs away from a reference, its own masks fed back, back-propagation through a few steps at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.losses.dice import soft_dice_loss
from ifssnet.nn.networks.pg_net import PGNet, PGNetConfig
from ifssnet.nn.tensors import seed_torch, tensor_of
from ifssnet.propagate.network_input.region import Region, Sampling, crop, normalised, pixel_mm, region_of, slice_step
from ifssnet.propagate.recurrent.pg_net import KIND, pg_net
from ifssnet.train.data.augment import Corruption, GreyChanges, change_grey, corrupt_mask, flip
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.task import arrays_of, unit_rng


@dataclass(frozen=True)
class PGNetTrainingConfig:
    """What the network is shown.

    Attributes:
        network: Its size.
        sampling: Its pixels and slices.
        batch: Runs side by side, each of a leg and a muscle of its own.
        steps: Through which the error goes back (Oh et al. 2018: 4 to 8, rising).
        updates: A unit's, one after another along the same runs: `steps` times as many steps, at the end of training.
        most_skip: The longest step in slices; the shortest is 1 (Oh et al.: frames are left out at random).
        beyond: Steps that a run goes on past the end of its muscle, at most, unless it is longer than the muscle.
        corrupt: Share of runs whose first mask is not the reference's own but one that drifted.
        corruption: How far it drifted.
        dice: Weight of soft Dice beside the cross-entropy (Oh et al.: cross-entropy alone).
        grey: How grey levels are changed, all of a run alike.
        flip: Share of the runs that are seen from the other side.
    """

    network: PGNetConfig = field(default_factory=PGNetConfig)
    sampling: Sampling = field(default_factory=Sampling)
    batch: int = 4
    steps: int = 4
    updates: int = 8
    most_skip: int = 4
    beyond: int = 8
    corrupt: float = 0.5
    corruption: Corruption = field(default_factory=Corruption)
    dice: float = 1.0
    grey: GreyChanges = field(default_factory=GreyChanges)
    flip: float = 0.5

    def __post_init__(self) -> None:
        if min(self.batch, self.steps, self.updates, self.most_skip) < 1:
            raise InputError(
                "batch, steps, updates and most_skip of 1 or more",
                f"{self.batch}, {self.steps}, {self.updates} and {self.most_skip}",
                "Correct them.",
            )
        if not (0 <= self.corrupt <= 1 and 0 <= self.flip <= 1 and self.dice >= 0 and self.beyond >= 0):
            raise InputError(
                "corrupt and flip from 0 to 1, dice and beyond not negative",
                f"{self.corrupt}, {self.flip}, {self.dice} and {self.beyond}",
                "Correct them.",
            )

    @classmethod
    def light(cls) -> PGNetTrainingConfig:
        """What two processor cores can train."""
        return cls(network=PGNetConfig.light(), batch=3, steps=3)


class MaskLoss(nn.Module):
    """Cross-entropy of background and muscle, and beside it soft Dice over all slices together.

    Runs leave the muscle at its ends; Dice of such a slice alone would be all or nothing.
    """

    def __init__(self, dice: float = 1.0) -> None:
        super().__init__()
        self.dice = dice

    def forward(
        self,
        logits: Float[Tensor, "batch 2 y x"],
        target: Float[Tensor, "batch 1 y x"],
        weight: Float[Tensor, "batch 1 y x"] | None = None,
    ) -> Float[Tensor, ""]:
        """The loss of a batch of slices; the target is the muscle's share of each pixel; a weight of 0 leaves one out."""
        classes = torch.cat([1 - target, target], dim=1)
        probability = torch.softmax(logits, dim=1)[None, :, 1]
        if weight is None:
            entropy = nn.functional.cross_entropy(logits, classes)
            return entropy + self.dice * soft_dice_loss(probability, target[None, :, 0])
        each = nn.functional.cross_entropy(logits, classes, reduction="none") * weight[:, 0]
        entropy = each.sum() / weight.sum().clamp(min=1)
        return entropy + self.dice * soft_dice_loss(probability, target[None, :, 0], weight[None, :, 0])


@dataclass(frozen=True, eq=False)
class Sequence2d:
    """One run: the reference first, then a slice a step.

    Attributes:
        images: Normalised grey levels.
        masks: The truth, how much of each pixel the muscle covers.
        first: The mask that the first step is given.
        seen: 0 where any part of a pixel was never seen, else 1.
    """

    images: Float32[np.ndarray, "z v u"]
    masks: Float32[np.ndarray, "z v u"]
    first: Float32[np.ndarray, "v u"]
    seen: Float32[np.ndarray, "z v u"] | None = None


class PGNetTask:
    """Runs from a slice of a muscle to either side, as propagation goes.

    Args:
        config: What the network is shown.
        legs: To learn from.
        muscles: The muscles to train on, none for all; the network does not know which one it follows.
        seed: The seed of the network's start and of every draw.
    """

    def __init__(self, config: PGNetTrainingConfig, legs: Sequence[LabelledLeg], muscles: tuple[str, ...], seed: int) -> None:
        seed_torch(int(np.random.default_rng([seed]).integers(2**62)))
        self.network: nn.Module = PGNet(config.network)
        self.loss: nn.Module = MaskLoss(config.dice)
        self.config = replace(config, sampling=config.sampling.halved_by(2**config.network.scales))
        self.legs, self.muscles, self.seed = tuple(legs), tuple(muscles), seed
        self._where = [
            (leg, value, np.flatnonzero(np.any(leg.labels.array == value, axis=(1, 2))))
            for leg in self.legs
            for value, name in leg.labels.names.items()
            if not muscles or name in muscles
        ]
        self._where = [(leg, value, slices) for leg, value, slices in self._where if slices.size]
        if not self._where:
            raise InputError(f"legs with a muscle among {', '.join(muscles) or 'all'}", "none", "Give other legs or muscles.")

    def unit(self, index: int, share: float) -> Iterator[Float[Tensor, ""]]:
        """Some runs side by side, longer as training goes on."""
        rng = unit_rng(self.seed, index)
        updates = 1 + round((self.config.updates - 1) * min(1.0, 2 * share))
        runs = self._runs(rng, updates * self.config.steps)
        network, device = self.network, next(self.network.parameters()).device
        assert isinstance(network, PGNet)
        images = tensor_of(np.stack([run.images for run in runs], axis=1)[:, :, None]).to(device)
        masks = tensor_of(np.stack([run.masks for run in runs], axis=1)[:, :, None]).to(device)
        previous = tensor_of(np.stack([run.first for run in runs])[:, None]).to(device)
        weight = None
        if any(run.seen is not None for run in runs):
            seen = [np.ones_like(run.masks) if run.seen is None else run.seen for run in runs]
            weight = tensor_of(np.stack(seen, axis=1)[:, :, None]).to(device)
        for update in range(updates):
            # Encoded anew after each update: the weights have changed, and the reference stream learns as well.
            reference = network.encode_reference(images[0], masks[0])
            now = range(1 + update * self.config.steps, 1 + (update + 1) * self.config.steps)
            found: list[Tensor] = []
            for step in now:
                found.append(network.step(reference, images[step], previous))
                previous = torch.softmax(found[-1], dim=1)[:, 1:]
            counts = None if weight is None else weight[now.start : now.stop].flatten(0, 1)
            yield self.loss(torch.cat(found), masks[now.start : now.stop].flatten(0, 1), counts)
            previous = previous.detach()

    def _runs(self, rng: np.random.Generator, length: int) -> list[Sequence2d]:
        """Runs of one shape, each with its own leg, muscle, start, direction and step."""
        config = self.config
        drawn: list[tuple[LabelledLeg, int, Int[np.ndarray, " step"], Region]] = []
        for _ in range(config.batch):
            leg, value, present = self._where[int(rng.integers(len(self._where)))]
            step = slice_step(leg.volume.grid, config.sampling) * int(rng.integers(1, config.most_skip + 1))
            way, past = int(rng.choice((-1, 1))), int(rng.integers(config.beyond + 1))
            start = self._start(present, int(rng.choice(present)), way * step, length, past)
            slices = np.clip(start + way * step * np.arange(length + 1), 0, leg.volume.grid.slices - 1)
            ends = {int(z): leg.labels.array[z] == value for z in slices[:: max(1, length // 4)]}
            drawn.append((leg, value, slices, region_of(ends, leg.volume.grid, config.sampling)))
        rows, columns = (max(region.shape_yx[axis] for *_, region in drawn) for axis in (0, 1))
        runs: list[Sequence2d] = []
        for leg, value, slices, region in drawn:
            away = [int(a) for a in rng.integers(-region.factor * 4, region.factor * 4 + 1, 2)]
            top = region.top - region.factor * ((rows - region.shape_yx[0]) // 2) + away[0]
            left = region.left - region.factor * ((columns - region.shape_yx[1]) // 2) + away[1]
            runs.append(self._run(rng, leg, value, slices, Region(region.factor, top, left, (rows, columns))))
        return runs

    @staticmethod
    def _start(present: Int[np.ndarray, " slice"], start: int, step: int, length: int, past: int) -> int:
        """Where a run starts: as drawn, or so far back that it goes no more than `past` steps past the muscle's end."""
        first, last = int(present[0]), int(present[-1])
        back = start + step * length - (last if step > 0 else first) - step * past
        wanted = start - max(back, 0) if step > 0 else start - min(back, 0)
        return int(present[np.abs(present - min(max(wanted, first), last)).argmin()])

    def _run(
        self, rng: np.random.Generator, leg: LabelledLeg, value: int, slices: Int[np.ndarray, " step"], region: Region
    ) -> Sequence2d:
        config, pixel = self.config, pixel_mm(leg.volume.grid, self.config.sampling)
        grey = change_grey(rng, crop(leg.volume.array[slices], region), config.grey)
        seen = () if leg.volume.seen is None else (crop((~leg.volume.seen[slices]).astype(np.uint8), region) == 0,)
        images, masks, *seen = flip(rng, grey, crop(leg.labels.array[slices] == value, region), *seen, chance=config.flip)
        drifts = rng.random() < config.corrupt
        first = corrupt_mask(rng, masks[0], pixel, config.corruption) if drifts else masks[0]
        weight = seen[0].astype(np.float32) if seen else None
        return Sequence2d(normalised(images, config.sampling), masks, first, weight)

    def teach(self, average: nn.Module) -> None:
        """There is no teacher."""

    def propagator(self, network: nn.Module) -> Propagator:
        """The method that a user would run, with this network."""
        assert isinstance(network, PGNet)
        return pg_net(network, self.config.sampling)

    def weights(self, network: nn.Module) -> Weights:
        """The network as it goes into a file."""
        only = self.muscles if len(self.muscles) == 1 else ()
        return Weights(KIND, plain_table(self.config.network), asdict(self.config.sampling), only, arrays_of(network))
