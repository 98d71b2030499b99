"""Training of the 3-D U-Net: every slice labelled, patches of the volume, Dice loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.losses.dice import soft_dice_loss
from ifssnet.nn.networks.unet_3d import UNet3dConfig, UNet3dNetwork
from ifssnet.nn.tensors import seed_torch, tensor_of
from ifssnet.propagate.baselines.unet_3d import KIND, SLICE_MM, UNet3d, UNet3dInference, whole_slice
from ifssnet.propagate.network_input.region import Region, Sampling, crop, normalised, slice_step
from ifssnet.train.data.augment import GreyChanges, change_grey, flip
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.task import arrays_of, unit_rng


@dataclass(frozen=True)
class UNet3dTrainingConfig:
    """What the network is shown.

    Attributes:
        network: Its size; its classes follow from the muscles.
        sampling: Its voxels, about as long as wide.
        window_zyx: Network voxels of a patch, and of a window in use; cut down to the slice, up to the network's multiple.
        batch: Patches an update.
        updates: The updates of a unit.
        cross_entropy: Its weight beside Dice; 0 leaves Dice alone.
        grey: How grey levels are changed.
        flip: Share of the patches that are seen from the other side, as a leg of the other side is.
    """

    network: UNet3dConfig = field(default_factory=UNet3dConfig)
    sampling: Sampling = field(default_factory=lambda: Sampling(slice_mm=SLICE_MM))
    window_zyx: tuple[int, int, int] = (32, 128, 128)
    batch: int = 2
    updates: int = 8
    cross_entropy: float = 0.0
    grey: GreyChanges = field(default_factory=GreyChanges)
    flip: float = 0.5

    def __post_init__(self) -> None:
        if min(self.batch, self.updates) < 1 or not 0 <= self.flip <= 1 or self.cross_entropy < 0:
            raise InputError(
                "batch and updates of 1 or more, flip from 0 to 1, cross_entropy not negative",
                f"{self.batch}, {self.updates}, {self.flip}, {self.cross_entropy}",
                "Correct them.",
            )
        if len(self.window_zyx) != 3 or any(side < 1 or side % self.network.multiple for side in self.window_zyx):
            raise InputError(
                f"sides of a window that are multiples of {self.network.multiple}", f"{self.window_zyx}", "Correct window_zyx."
            )

    @classmethod
    def light(cls) -> UNet3dTrainingConfig:
        """What two processor cores can train."""
        return cls(network=UNet3dConfig.light(), window_zyx=(32, 96, 96), batch=1)


class ClassesLoss(nn.Module):
    """1 - Dice, averaged over all classes, the background too, and cross-entropy beside it where asked."""

    def __init__(self, cross_entropy: float = 0.0) -> None:
        super().__init__()
        self.cross_entropy = cross_entropy

    def forward(
        self, logits: Float[Tensor, "batch class z y x"], target: Float[Tensor, "batch class z y x"]
    ) -> Float[Tensor, ""]:
        """The loss of a batch; targets are shares of a voxel that add up to 1 over the classes; NaN leaves a voxel out."""
        probability, known = torch.softmax(logits, dim=1), torch.isfinite(target)
        voxels_known = 1.0
        if not bool(known.all()):
            probability, target = torch.where(known, probability, 0.0), torch.where(known, target, 0.0)
            voxels_known = float(known.float().mean())
        # A class over the whole batch: a patch that lacks a muscle would make the smallest false positive a total loss.
        loss = soft_dice_loss(probability.transpose(0, 1).contiguous(), target.transpose(0, 1).contiguous())
        if self.cross_entropy:
            loss = loss + self.cross_entropy * nn.functional.cross_entropy(logits, target) / max(voxels_known, 1e-6)
        return loss


class UNet3dTask:
    """Random patches of random legs.

    Args:
        config: What the network is shown.
        legs: To learn from.
        muscles: Names, in the order of the network's classes, none for all that any leg has; a leg that lacks one teaches
            that it is absent.
        seed: The seed of the network's start and of every draw.
    """

    def __init__(self, config: UNet3dTrainingConfig, legs: Sequence[LabelledLeg], muscles: tuple[str, ...], seed: int) -> None:
        named = {name for leg in legs for name in leg.muscles}
        muscles = muscles or tuple(dict.fromkeys(name for leg in legs for name in leg.muscles))
        if not muscles or not named.issuperset(muscles):
            raise InputError(
                f"some of the legs' muscles {', '.join(sorted(named)) or '(none)'}",
                f"{', '.join(muscles) or 'none'}",
                "Give some.",
            )
        size = replace(config.network, classes=len(muscles) + 1)
        sampling = config.sampling.halved_by(size.multiple)
        self.config = replace(config, network=size, sampling=sampling)
        self.legs, self.muscles, self.seed = tuple(legs), tuple(muscles), seed
        seed_torch(int(np.random.default_rng([seed]).integers(2**62)))
        self.network: nn.Module = UNet3dNetwork(size)
        self.loss: nn.Module = ClassesLoss(config.cross_entropy)

    def unit(self, index: int, share: float) -> Iterator[Float[Tensor, ""]]:  # noqa: ARG002
        """Some updates, each on some patches; the same for the whole training."""
        rng = unit_rng(self.seed, index)
        device = next(self.network.parameters()).device
        for _ in range(self.config.updates):
            drawn = [self._patch(rng, self.legs[int(rng.integers(len(self.legs)))]) for _ in range(self.config.batch)]
            # Slices of the volumes may differ in size, and then so may patches that are cut down to them.
            height, width = (min(grey.shape[axis] for grey, _ in drawn) for axis in (1, 2))
            grey = tensor_of(np.stack([grey[:, :height, :width] for grey, _ in drawn])[:, None]).to(device)
            target = tensor_of(np.stack([shares[:, :, :height, :width] for _, shares in drawn])).to(device)
            yield self.loss(self.network(grey), target)

    def _patch(
        self, rng: np.random.Generator, leg: LabelledLeg
    ) -> tuple[Float32[np.ndarray, "z y x"], Float32[np.ndarray, "class z y x"]]:
        """Normalised grey levels of a patch, and the share of each class in its voxels."""
        config, grid = self.config, leg.volume.grid
        step, whole = slice_step(grid, config.sampling), whole_slice(grid, config.sampling)
        depth, *sides = config.window_zyx
        region = _inside(rng, whole, (min(sides[0], whole.shape_yx[0]), min(sides[1], whole.shape_yx[1])))
        first = int(rng.integers(-step * depth // 2, max(1, grid.slices - step * depth // 2)))
        wanted = first + step * np.arange(depth)
        there = (wanted >= 0) & (wanted < grid.slices)
        grey = np.zeros((depth, *region.shape_yx), dtype=np.float32)
        shares = np.zeros((len(self.muscles) + 1, *grey.shape), dtype=np.float32)
        grey[there] = crop(leg.volume.array[wanted[there]], region)
        labels = leg.labels.array[wanted[there]]
        for index, muscle in enumerate(self.muscles, start=1):
            for value, name in leg.labels.names.items():
                if name == muscle:
                    shares[index, there] += crop(labels == value, region)
        shares[0] = 1 - shares[1:].sum(axis=0)
        if leg.volume.seen is not None:
            unseen = np.zeros(grey.shape, dtype=bool)
            unseen[there] = crop((~leg.volume.seen[wanted[there]]).astype(np.uint8), region) > 0
            shares[:, unseen] = np.nan
        grey, shares = flip(rng, change_grey(rng, grey, config.grey), shares, chance=config.flip)
        return normalised(grey, config.sampling), shares

    def teach(self, average: nn.Module) -> None:
        """There is no teacher."""

    def propagator(self, network: nn.Module) -> Propagator:
        """The method that a user would run, with this network."""
        return UNet3d(network, self.muscles, self.config.sampling, UNet3dInference(self.config.window_zyx))

    def weights(self, network: nn.Module) -> Weights:
        """The network as it goes into a file."""
        shared = {**asdict(self.config.sampling), "window_zyx": list(self.config.window_zyx)}
        return Weights(KIND, plain_table(self.config.network), shared, self.muscles, arrays_of(network))


def _inside(rng: np.random.Generator, whole: Region, shape_yx: tuple[int, int]) -> Region:
    """A smaller region somewhere in a larger one."""
    down, right = (int(rng.integers(all_px - px + 1)) for all_px, px in zip(whole.shape_yx, shape_yx, strict=True))
    return Region(whole.factor, whole.top + down * whole.factor, whole.left + right * whole.factor, shape_yx)
