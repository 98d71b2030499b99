from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tubes import tube

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.nn.networks.pg_net import PGNetConfig
from ifssnet.nn.networks.unet_3d import UNet3dConfig
from ifssnet.propagate.baselines.unet_3d import UNet3d
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent import pg_net
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.tasks.pg_net import PGNetTask, PGNetTrainingConfig
from ifssnet.train.tasks.unet_3d import UNet3dTask, UNet3dTrainingConfig

SMALL = Sampling(pixel_mm=1.0, slice_mm=0.5, margin_mm=4.0, least_px=32)
PG_NET = PGNetTrainingConfig(
    PGNetConfig("light", (8, 16, 16), decoder=8, groups=4), SMALL, batch=2, steps=2, updates=3, corrupt=1.0
)
UNET = UNet3dTrainingConfig(UNet3dConfig(2, (4, 8, 8), 1), replace(SMALL, slice_mm=1.0), (16, 32, 32), batch=1, updates=2)


def pg_task(seed: int = 0, config: PGNetTrainingConfig = PG_NET) -> TrainingTask:
    return PGNetTask(config, [tube(seed=0), tube(seed=1)], ("SOL",), seed)


def unet_task(seed: int = 0, config: UNet3dTrainingConfig = UNET) -> TrainingTask:
    return UNet3dTask(config, [tube(seed=0), tube(seed=1)], ("SOL",), seed)


BOTH = pytest.mark.parametrize("make", [pg_task, unet_task])


def losses(task: TrainingTask, index: int, share: float = 1.0) -> list[float]:
    return [loss.item() for loss in task.unit(index, share)]


def learn(task: TrainingTask, units: int, rate: float) -> list[float]:
    """Units in their order with Adam, the rate falling as a half cosine; the losses."""
    optimiser = torch.optim.AdamW(task.network.parameters(), lr=rate)
    values: list[float] = []
    task.network.train()
    for index in range(units):
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * index / units)))
        for loss in task.unit(index, index / units):
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(task.network.parameters(), 1.0)
            optimiser.step()
            values.append(loss.item())
    return values


@BOTH
def test_a_unit_depends_on_its_number_and_the_seed_alone(make) -> None:
    first, second = make(), make()
    assert isinstance(first, TrainingTask)
    for index in (0, 1):
        losses(second, index)
    torch.rand(7)
    assert losses(first, 2) == losses(second, 2)
    assert losses(first, 2) != losses(first, 3)
    assert losses(make(1), 2) != losses(first, 2)


@BOTH
def test_every_parameter_learns(make) -> None:
    task = make()
    sum(task.unit(0, 0.0)).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in task.network.parameters())


@BOTH
def test_what_is_learned_lowers_the_loss(make) -> None:
    task = make()
    values = learn(task, 12, 1e-2)
    assert np.mean(values[-4:]) < 0.8 * np.mean(values[:4])


def test_runs_grow_longer_as_training_goes_on() -> None:
    task = pg_task()
    assert [len(losses(task, 0, share)) for share in (0.0, 0.25, 0.5, 1.0)] == [1, 2, 3, 3]


@pytest.mark.parametrize(
    ("drawn", "step", "start"),
    [
        (20, 1, 20),  # ends on 32, inside
        (45, 1, 41),  # would end on 57; 53 is three steps past the last slice
        (12, -1, 19),  # would end on 0; 7 is three steps past the first
        (12, -2, 28),  # steps of two slices: 4 is three steps past
        (12, 9, 10),  # longer than the muscle: from its other end
    ],
)
def test_runs_leave_their_muscle_by_a_few_steps_only(drawn: int, step: int, start: int) -> None:
    assert PGNetTask._start(np.arange(10, 51), drawn, step, 12, 3) == start


def test_a_run_is_fed_its_own_masks_and_no_gradient_crosses_an_update() -> None:
    task = pg_task(config=replace(PG_NET, batch=1, steps=2, updates=2))
    seen: list[torch.Tensor] = []
    step = task.network.step

    def noted(reference: torch.Tensor, image: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        seen.append(previous)
        logits = step(reference, image, previous)
        seen.append(torch.softmax(logits, 1)[:, 1:])
        return logits

    task.network.step = noted
    list(task.unit(0, 1.0))
    given, made = seen[0::2], seen[1::2]
    assert not given[0].requires_grad
    assert [mask.requires_grad for mask in given] == [False, True, False, True]
    for mask, before in zip(given[1:], made[:-1], strict=True):
        torch.testing.assert_close(mask, before)


def test_a_muscle_that_a_leg_lacks_is_absent_from_its_patches() -> None:
    with_it, without = tube(seed=0), tube(seed=1)
    bare = LabelMap(without.labels.array, without.labels.grid, {100: "GM"})
    task = UNet3dTask(UNET, [with_it, LabelledLeg("b", "b", without.volume, bare)], (), 0)
    assert task.muscles == ("SOL", "GM")
    rng = np.random.default_rng(0)
    for leg, absent in zip(task.legs, (2, 1), strict=True):
        grey, shares = task._patch(rng, leg)
        assert grey.shape == (16, 32, 32)
        assert shares[3 - absent].sum() > 0
        assert shares[absent].sum() == 0
        np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)
        bright = grey[shares[3 - absent] > 0.5].mean()
        assert bright > grey[shares[0] > 0.5].mean()


@BOTH
def test_weights_make_the_same_method(make) -> None:
    task = make()
    learn(task, 2, 1e-2)
    leg = tube(slices=16, first=0, last=15)
    mask = leg.labels.array[6] > 0
    seeds = Seeds({1: {6: mask}}, leg.volume.grid, {1: "SOL"})
    weights = task.weights(task.network)
    load = pg_net.from_weights if weights.kind == "pg-net" else UNet3d.from_weights
    trained, loaded = task.propagator(task.network), load(weights)
    assert isinstance(trained, Propagator)
    for one, other in zip(trained.prepare(leg.volume, seeds).steps(), loaded.prepare(leg.volume, seeds).steps(), strict=True):
        assert (one.label, one.z) == (other.label, other.z)
        np.testing.assert_allclose(one.probability, other.probability, atol=1e-6)


def test_a_network_of_one_muscle_says_so_and_one_of_several_takes_any() -> None:
    leg = tube()
    two = LabelledLeg("two", "two", leg.volume, LabelMap(leg.labels.array, leg.labels.grid, {100: "SOL", 101: "GM"}))
    assert pg_task().weights(pg_task().network).muscles == ("SOL",)
    task = PGNetTask(PG_NET, [two], ("SOL", "GM"), 0)
    assert task.weights(task.network).muscles == ()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PGNetTask(PG_NET, [tube()], ("GM",), 0),
        lambda: UNet3dTask(UNET, [tube()], ("GM",), 0),
        lambda: replace(PG_NET, steps=0),
        lambda: replace(UNET, window_zyx=(10, 32, 32)),
    ],
)
def test_what_cannot_be_trained_is_refused(wrong) -> None:
    with pytest.raises(InputError):
        wrong()
