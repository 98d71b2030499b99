"""Training of the anchored network: each sample is a drawn slice, with a prior that is made as if it had not been drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Propagator
from ifssnet.core.weights import Weights
from ifssnet.geometry.untyped import expit
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.losses.dice import SoftDiceConfig
from ifssnet.nn.losses.region_losses import RegionLossConfig
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import TWIN, AnchoredNetConfig
from ifssnet.nn.tensors import channels_last, seed_torch, tensor_of
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import KIND, Anchored
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.anchored.references import planes as planes_of
from ifssnet.propagate.network_input.region import Sampling, normalised
from ifssnet.train.data.augment import Bends, GreyChanges, change_grey, draw_warp, flip
from ifssnet.train.data.budget import AnnotationBudget, with_ends
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.data.leg_pixels import LegPixels
from ifssnet.train.data.looks import RandomLooks, change_look
from ifssnet.train.loop.ahead import DrawnAhead
from ifssnet.train.loop.task import arrays_of, drawing_rng, unit_rng
from ifssnet.train.tasks.anchored_samples import RIM_PX, AnchoredSamplesConfig, MuscleSamples, TrainingSample
from ifssnet.train.tasks.carried_runs import CarriedRun, CarriedRunsConfig, RunChanges, RunningPlace, draw_run

WEAK, FULL = SUPERVISIONS = "weak", "full"

_OF_RUNS = 1
"""Tells the random numbers of a unit's runs from those of its other samples."""


@dataclass(frozen=True)
class AnchoredConfig:
    """What is trained, on what.

    Attributes:
        supervision: "weak", only annotated slices are ever labels; "full", every slice is.
        network: And its backbone.
        sampling: Pixels; the same in use.
        context: Slices around a sample; the same in use.
        samples: What is shown.
        runs: Samples that go from slice to slice on the network's own masks; for "full".
        budget: Annotated slices of each leg for "weak", in groups of three; None for `every`.
        every: Slices from group to group of three, from the muscle's first slice (paper, III-C2: 100, the paper's 3.5 %).
        ends: With `every` or a budget: the muscle's first and last slice are annotated, and so are those without it beside
            them, as experts and `ifss seeds` do.
        batch: Samples an update.
        updates: The updates of a unit.
        loss: The loss of the muscle's region; one of `RegionLossConfig`.
        cross_entropy: The weight of cross-entropy beside it.
        bends: Deformations in the plane.
        bent: Share of samples that are bent.
        grey: Changes of grey levels.
        looks: Other looks of a leg, tissue by tissue.
        inference: How the network is used in validation, and unless somebody says otherwise.
    """

    supervision: str = WEAK
    network: AnchoredNetConfig = field(default_factory=AnchoredNetConfig)
    sampling: Sampling = field(default_factory=Sampling)
    context: Context = field(default_factory=Context)
    samples: AnchoredSamplesConfig = field(default_factory=AnchoredSamplesConfig)
    runs: CarriedRunsConfig = field(default_factory=CarriedRunsConfig)
    budget: AnnotationBudget | None = None
    every: int = 100
    ends: bool = True
    batch: int = 8
    updates: int = 16
    loss: RegionLossConfig = field(default_factory=SoftDiceConfig)
    cross_entropy: float = 4.0
    bends: Bends = field(default_factory=Bends)
    bent: float = 0.7
    grey: GreyChanges = field(default_factory=GreyChanges)
    looks: RandomLooks = field(default_factory=RandomLooks)
    inference: AnchoredInference = field(default_factory=AnchoredInference)

    def __post_init__(self) -> None:
        if self.supervision not in SUPERVISIONS:
            raise InputError(f"supervision: one of {', '.join(SUPERVISIONS)}", f"'{self.supervision}'", "Choose one of them.")
        if len(self.context.offsets_mm) != self.network.slices:
            raise InputError(
                f"{self.network.slices} offsets_mm, one a slice of the network",
                f"{self.context.offsets_mm}",
                "Correct context.offsets_mm or network.slices.",
            )
        if min(self.batch, self.updates, self.every) < 1 or self.cross_entropy < 0 or not 0 <= self.bent <= 1:
            raise InputError(
                "batch, updates and every of 1 or more, bent from 0 to 1, cross_entropy not negative",
                f"{self.batch}, {self.updates}, {self.every}, {self.bent}, {self.cross_entropy}",
                "Correct them.",
            )

        if self.runs.places and (self.supervision != FULL or self.runs.places > self.batch):
            raise InputError(
                f"runs.places from 0 to {self.batch}, the samples of a batch, and supervision '{FULL}': all slices are labels",
                f"{self.runs.places} with '{self.supervision}'",
                "Correct them, or set runs.places to 0.",
            )

    @classmethod
    def twin(cls) -> AnchoredConfig:
        """With IFSS-Net's twin encoders: windows of three slices."""
        return cls(network=AnchoredNetConfig.twin(), context=Context(offsets_mm=(-1.1, 0.0, 1.1)))


AnchoredBatch: TypeAlias = tuple[
    Float[Tensor, "batch slice y x"],
    Float[Tensor, "batch 1 y x"],
    Float[Tensor, "batch cue"],
    Float[Tensor, "batch 1 y x"],
]
"""Images, priors, cues and labels."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What is drawn for an update.

    Attributes:
        samples: Those that stand alone.
        runs: Runs that begin with this update; none where they only go on.
    """

    samples: Sequence[TrainingSample]
    runs: tuple[RunningPlace, ...] = ()


class AnchoredLoss(nn.Module):
    """Cross-entropy, weighted, and a loss of the region."""

    def __init__(self, config: RegionLossConfig, cross_entropy: float) -> None:
        super().__init__()
        self.region: nn.Module = config.build()
        self.cross_entropy = cross_entropy

    def forward(self, logit: Float[Tensor, "batch 1 y x"], label: Float[Tensor, "batch 1 y x"]) -> Float[Tensor, ""]:
        """The loss of a batch; labels are 0, 1, or a pixel's share; NaN leaves a pixel out."""
        known = torch.isfinite(label)
        if bool(known.all()):
            entropy = nn.functional.binary_cross_entropy_with_logits(logit, label)
            return self.cross_entropy * entropy + self.region(torch.sigmoid(logit), label)
        weight, label = known.to(logit), torch.where(known, label, 0.0)
        each = nn.functional.binary_cross_entropy_with_logits(logit, label, weight, reduction="sum")
        entropy = each / weight.sum().clamp_min(1.0)
        return self.cross_entropy * entropy + self.region(torch.sigmoid(logit), label, weight)


class AnchoredTask:
    """Batches of slices of random muscles of random legs.

    Args:
        config: What is trained, on what.
        legs: To learn from.
        muscles: The names of the muscles to train on; none for all that each leg has. The network does not know which one
            it sees, so it follows any.
        seed: The seed of the network's start and of every draw.
        annotated: Leg to muscle to the slices that an expert has judged; instead of `config.every` and `config.budget`.

    Raises:
        InputError: No leg, or none with such a muscle.
    """

    def __init__(
        self,
        config: AnchoredConfig,
        legs: Sequence[LabelledLeg],
        muscles: tuple[str, ...],
        seed: int,
        annotated: Mapping[str, Mapping[str, Sequence[int]]] | None = None,
    ) -> None:
        self.muscles, self.seed = tuple(muscles), seed
        self.sources = _sources(config, legs, self.muscles, seed, annotated)
        seed_torch(int(np.random.default_rng([seed]).integers(2**62)))
        network = AnchoredNet(config.network)
        # In use the network sees regions, not crops: they too must come in sizes that it can halve.
        self.config = replace(config, sampling=config.sampling.halved_by(network.multiple))
        # Convolutions of few channels run up to three times as fast in this order on a processor.
        self.network: nn.Module = network if config.network.backbone == TWIN else channels_last(network)
        self.loss: nn.Module = AnchoredLoss(config.loss, config.cross_entropy)
        self.ahead = DrawnAhead(self._draws)

    def unit(self, index: int, share: float) -> Iterator[Float[Tensor, ""]]:
        """Some updates, each on a batch of slices; the same for the whole training."""
        unit_rng(self.seed, index)
        device = next(self.network.parameters()).device
        runs: tuple[RunningPlace, ...] = ()
        for drawn in self.ahead.unit(index, share):
            runs = drawn.runs or runs
            samples = [*drawn.samples, *(run.sample() for run in runs)]
            image, prior, cues, label = (tensor.to(device) for tensor in self._tensors(samples))
            logit = self.network(image, prior, cues)
            # What it finds now is what it is given next, without `carried_logit`; the loss does not reach back through it.
            for run, own in zip(runs, logit.detach()[len(drawn.samples) :, 0].float().cpu().numpy(), strict=True):
                run.found(expit(own))
            yield self.loss(logit, label)

    def expect(self, indices: Sequence[int], share: float) -> None:
        """Draw the batches of these units meanwhile."""
        self.ahead.expect(indices, share)

    def batch(self, rng: np.random.Generator) -> AnchoredBatch:
        """Images, priors, cues and labels of some samples, changed as scanners and legs differ."""
        return self._tensors(self._samples(rng, self.config.batch))

    def _draws(self, index: int, share: float) -> Iterator[_Drawn]:  # noqa: ARG002
        """The samples of a unit's updates, and with the first of them the runs that go through all of them."""
        rng, _ = drawing_rng(self.seed, index)
        alone = self.config.batch - self.config.runs.places
        for update in range(self.config.updates):
            yield _Drawn(self._samples(rng, alone), () if update else self._runs(unit_rng(self.seed, index, _OF_RUNS)))

    def _samples(self, rng: np.random.Generator, count: int) -> Sequence[TrainingSample]:
        return [self._changed(rng, self._source(rng).draw(rng)) for _ in range(count)]

    def _source(self, rng: np.random.Generator) -> MuscleSamples:
        return self.sources[int(rng.integers(len(self.sources)))]

    def _runs(self, rng: np.random.Generator) -> tuple[RunningPlace, ...]:
        """As many places as are wanted, each with runs for all updates of a unit."""
        config = self.config
        changes = RunChanges(config.bends, config.bent, config.grey, config.looks)
        places: list[RunningPlace] = []
        for _ in range(config.runs.places):
            runs: list[CarriedRun] = []
            while (left := config.updates - sum(run.steps for run in runs)) > 0:
                runs.append(draw_run(rng, self._source(rng), config.runs, changes, config.sampling, left))
            places.append(RunningPlace(runs, config.runs.lost_dice, config.network.references))
        return tuple(places)

    def _tensors(self, drawn: Sequence[TrainingSample]) -> AnchoredBatch:
        image = tensor_of(np.stack([sample.grey for sample in drawn]))
        prior = tensor_of(np.stack([sample.prior_px for sample in drawn])[:, None])
        label = tensor_of(np.stack([sample.label for sample in drawn])[:, None])
        if self.config.network.backbone != TWIN:
            image = image.contiguous(memory_format=torch.channels_last)
        return image, prior, tensor_of(np.stack([sample.cues for sample in drawn])), label

    def _changed(self, rng: np.random.Generator, sample: TrainingSample) -> TrainingSample:
        """A sample after augmentation, its grey levels normalised; black without the image.

        All that belongs to a place is bent, cut and turned alike: slices, drawn slices and their shapes, prior and label.
        """
        config, slices = self.config, len(sample.grey)
        drawn = sample.drawn
        grey = sample.grey if drawn is None else np.concatenate([sample.grey, drawn.grey])
        if sample.tissue is not None:
            grey = change_look(rng, grey, sample.tissue, slices, config.sampling.pixel_mm, config.looks)
        grey = change_grey(rng, grey, config.grey)
        prior, label = sample.prior_px, sample.label
        unseen = np.zeros_like(label) if sample.unseen is None else sample.unseen
        shapes = np.zeros((0, *label.shape), np.float32) if drawn is None else drawn.depth_px
        if rng.random() < config.bent:
            warp = draw_warp(rng, (label.shape[0], label.shape[1]), config.sampling.pixel_mm, config.bends)
            grey, prior, label = warp.image(grey), warp.distance(prior), warp.image(label)
            shapes = warp.distance(shapes) if len(shapes) else shapes
            unseen = unseen if sample.unseen is None else warp.image(unseen)
        middle = slice(RIM_PX, -RIM_PX)
        planes = (grey, prior, label, unseen, shapes)
        grey, prior, label, unseen, shapes = (np.ascontiguousarray(array[..., middle, middle]) for array in planes)
        grey, prior, label, unseen, shapes = flip(rng, normalised(grey, config.sampling), prior, label, unseen, shapes)
        if sample.unseen is not None:
            label = np.where(unseen > 0, np.float32(np.nan), label)
        turned = rng.random() < 0.5
        if config.context.zero_image:
            grey = np.zeros_like(grey)
        own, beside, number = grey[:slices], grey[slices:], sample.cues
        if turned:
            own, beside, shapes = own[::-1], beside[::-1], shapes[::-1]
        if drawn is not None:
            counts = np.ascontiguousarray(drawn.counts[::-1] if turned else drawn.counts)
            own, number = np.concatenate([own, planes_of(beside, shapes, counts)]), np.concatenate([number, counts])
        return TrainingSample(np.ascontiguousarray(own), prior, label, number)

    def teach(self, average: nn.Module) -> None:
        """There is no teacher: experts' slices are the only labels."""

    def propagator(self, network: nn.Module) -> Propagator:
        """The method that a user would run, with this network."""
        assert isinstance(network, AnchoredNet)
        # What is validated is the network, not what is left of it where it errs.
        return Anchored(network, self.config.sampling, self.config.context, replace(self.config.inference, check=False))

    def weights(self, network: nn.Module) -> Weights:
        """The network as it goes into a file."""
        config = self.config
        context = {"offsets_mm": list(config.context.offsets_mm), "zero_image": config.context.zero_image}
        shared = {**asdict(config.sampling), "context": context, "inference": asdict(config.inference)}
        # The network sees no names: whatever it was trained on, it follows any muscle whose masks it is given.
        return Weights(KIND, plain_table(config.network), shared, (), arrays_of(network))


def _sources(
    config: AnchoredConfig,
    legs: Sequence[LabelledLeg],
    muscles: tuple[str, ...],
    seed: int,
    annotated: Mapping[str, Mapping[str, Sequence[int]]] | None,
) -> tuple[MuscleSamples, ...]:
    """Every muscle of every leg, with the slices that were annotated of it."""
    found: list[MuscleSamples] = []
    pixels = [LegPixels(leg, config.sampling) for leg in legs]
    ranges: dict[str, dict[str, tuple[int, int]]] = {}
    for leg, seen in zip(legs, pixels, strict=True):
        present = {name: seen.present(value) for value, name in leg.labels.names.items() if not muscles or name in muscles}
        ranges[leg.name] = {name: (slices[0], slices[-1]) for name, slices in present.items() if slices}
    if annotated is None and config.supervision == WEAK:
        drawn = config.budget.annotated(ranges).slices if config.budget is not None else _regular(ranges, config.every)
        annotated = (
            {leg: {name: with_ends(ranges[leg][name], slices) for name, slices in own.items()} for leg, own in drawn.items()}
            if config.ends
            else drawn
        )
    for place, (leg, seen) in enumerate(zip(legs, pixels, strict=True)):
        for value, name in leg.labels.names.items():
            if name not in ranges[leg.name]:
                continue
            seen_slices = None if annotated is None or config.supervision == FULL else annotated[leg.name][name]
            shown = (config.network.references, config.looks.chance > 0)
            found.append(MuscleSamples(seen, value, seen_slices, config.samples, config.context, (seed, place, value), *shown))
    if not found:
        wanted = " or ".join(muscles) or "a muscle"
        raise InputError(f"a leg with {wanted}", f"{len(legs)} legs without", "Give other legs or muscles.")
    return tuple(found)


def _regular(
    ranges: Mapping[str, Mapping[str, tuple[int, int]]], every: int, run: int = 3
) -> dict[str, dict[str, tuple[int, ...]]]:
    """Groups of three from the muscle's first slice on."""
    return {
        leg: {
            name: tuple(z for start in range(first, last + 1, every) for z in range(start, min(start + run, last + 1)))
            for name, (first, last) in muscles.items()
        }
        for leg, muscles in ranges.items()
    }
