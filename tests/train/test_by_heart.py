"""Each network learns one small leg by heart and finds all of it again from three drawn slices, in minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tubes import tube

from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.ifss_net import IFSSNetConfig
from ifssnet.nn.networks.pg_net import PGNetConfig
from ifssnet.nn.networks.unet_3d import UNet3dConfig
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.seeding.protocols import restrict
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.budget import AnnotationBudget
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.average import start_average, update_average
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.tasks.anchored import AnchoredConfig, AnchoredTask
from ifssnet.train.tasks.anchored_samples import AnchoredSamplesConfig
from ifssnet.train.tasks.pg_net import PGNetTask, PGNetTrainingConfig
from ifssnet.train.tasks.recurrent import RecurrentTask
from ifssnet.train.tasks.recurrent_config import RecurrentConfig
from ifssnet.train.tasks.unet_3d import UNet3dTask, UNet3dTrainingConfig

PIXELS = Sampling(pixel_mm=1.0, margin_mm=6.0, multiple_px=8, least_px=32, slice_mm=0.5)
LEG = tube(seed=0)


def ifss_net() -> tuple[TrainingTask, int]:
    quiet = {"encoder_dropout": 0.0, "lstm_dropout": 0.0, "decoder_dropout": 0.0}
    base = RecurrentConfig.robust(network=IFSSNetConfig.small((8, 8, 16), zero_last=True, **quiet))
    sequences = replace(base.sequences, augment=False, flip_x=False, beyond=9)
    return RecurrentTask(replace(base, sampling=PIXELS, sequences=sequences), [LEG], (), 3), 45


def pg_net() -> tuple[TrainingTask, int]:
    network = PGNetConfig("light", (8, 16, 16), decoder=8, groups=4)
    config = PGNetTrainingConfig(network, PIXELS, batch=4, steps=4, updates=6, most_skip=1, beyond=6, flip=0.0)
    return PGNetTask(config, [LEG], (), 3), 100


def unet_3d() -> tuple[TrainingTask, int]:
    network = UNet3dConfig(2, (8, 16, 16), 1)
    config = UNet3dTrainingConfig(network, replace(PIXELS, slice_mm=1.0), (16, 48, 48), batch=2, updates=4)
    return UNet3dTask(config, [LEG], ("SOL",), 3), 50


def anchored() -> tuple[TrainingTask, int]:
    samples = AnchoredSamplesConfig(crop_px=48, noise=0.0, beyond_mm=4.0, widest_gap_mm=40.0)
    network = AnchoredNetConfig(widths=(16, 16, 32))
    # Over 60 slices the volume of the interpolation is as wrong as its shape.
    inference = AnchoredInference(keep_volume=0.0)
    config = AnchoredConfig(
        "full", network, replace(PIXELS, least_px=48), samples=samples, batch=8, updates=10, inference=inference
    )
    return AnchoredTask(config, [LEG], (), 3), 120


def trained(task: TrainingTask, units: int, rate: float = 3e-3) -> torch.nn.Module:
    """The averaged network after all units, as the trainer makes it."""
    average, step = start_average(task.network), 0
    optimiser = torch.optim.AdamW(task.network.parameters(), rate)
    task.network.train()
    for index in range(units):
        for group in optimiser.param_groups:
            group["lr"] = rate * (1 - index / units)
        for loss in task.unit(index, index / units):
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(task.network.parameters(), 1.0)
            optimiser.step()
            step += 1
            update_average(average, task.network, 0.99, step)
    return average


def dice(method: Propagator, leg: LabelledLeg, protocol: str) -> float:
    """On the slices that were not given, from the first three drawn slices, or from them and the last one."""
    seeds = sample_seeds(leg.labels, every=100, ends=protocol == "all-seeds")
    seeds = restrict(seeds, protocol)
    given = list(seeds.slices(100))
    assert [z for z in given if seeds.masks[100][z].any()] in ([4, 5, 6], [4, 5, 6, 67])
    found = drain(assemble(method.prepare(leg.volume, seeds).steps(), seeds)).labels.array == 100
    free = np.ones(len(found), dtype=bool)
    free[given] = False
    true = leg.labels.array == 100
    return float(2 * (found & true)[free].sum() / (found[free].sum() + true[free].sum()))


def forward(method: Any) -> Propagator:
    return replace(method, inference=RecurrentInference(direction="forward", stride=method.inference.stride))


@pytest.mark.slow
@pytest.mark.parametrize("make", [ifss_net, pg_net])
def test_a_recurrent_network_follows_it_from_three_slices(make: Callable[[], tuple[TrainingTask, int]]) -> None:
    task, units = make()
    assert dice(forward(task.propagator(trained(task, units))), LEG, "first-three") >= 0.95


@pytest.mark.slow
def test_the_3d_u_net_finds_it_without_any() -> None:
    task, units = unet_3d()
    assert dice(task.propagator(trained(task, units)), LEG, "first-three") >= 0.95


@pytest.mark.slow
def test_the_anchored_network_finds_it_between_three_slices_and_the_other_end() -> None:
    task, units = anchored()
    assert dice(ShapeInterpolation(), LEG, "all-seeds") < 0.8
    assert dice(task.propagator(trained(task, units)), LEG, "all-seeds") >= 0.95


@pytest.mark.slow
def test_weak_training_from_nothing_is_better_than_the_interpolation_that_it_began_with() -> None:
    """On slices that nobody drew: their labels were interpolated, and wrong, because the tube wanders in between."""
    quiet = {"encoder_dropout": 0.0, "lstm_dropout": 0.0, "decoder_dropout": 0.0}
    base = RecurrentConfig.robust(network=IFSSNetConfig.small((8, 8, 16), zero_last=True, **quiet))
    legs = [tube(seed=seed) for seed in range(4)]
    budget = AnnotationBudget(policy="constant", constant=9, leg_slices=64, spread="ends")
    config = replace(base, supervision="weak", sampling=PIXELS, budget=budget)
    task = RecurrentTask(config, legs, (), 3)
    network = trained(task, 60)
    better = []
    for leg, track in zip(legs, task.tracks, strict=True):
        drawn = {int(z): leg.labels.array[z] == 100 for z in track.present}
        assert len(drawn) == 9
        free = np.setdiff1d(np.arange(4, 68), list(drawn))
        true = leg.labels.array[free] == 100
        scores = []
        for method in (ShapeInterpolation(), task.propagator(network)):
            seeds = Seeds({100: drawn}, leg.labels.grid, {100: "SOL"})
            found = drain(assemble(method.prepare(leg.volume, seeds).steps(), seeds)).labels.array[free] == 100
            scores.append(2 * (found & true).sum() / (found.sum() + true.sum()))
        better.append(scores[1] - scores[0])
    assert min(better) > 0
    assert np.mean(better) > 0.02
