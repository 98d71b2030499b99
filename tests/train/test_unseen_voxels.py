"""What was never seen teaches nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tubes import tube

from ifssnet.nn.losses.dice import SoftDiceConfig
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.pg_net import PGNetConfig
from ifssnet.nn.networks.unet_3d import UNet3dConfig
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.data.sequences import SequenceConfig, draw_batch
from ifssnet.train.data.tracks import Track
from ifssnet.train.tasks.anchored import AnchoredConfig, AnchoredLoss, AnchoredTask
from ifssnet.train.tasks.anchored_samples import AnchoredSamplesConfig
from ifssnet.train.tasks.pg_net import MaskLoss, PGNetTask, PGNetTrainingConfig
from ifssnet.train.tasks.recurrent_windows import WindowBatch
from ifssnet.train.tasks.unet_3d import ClassesLoss, UNet3dTask, UNet3dTrainingConfig

SAMPLING = Sampling(margin_mm=6.0, least_px=48)
ANCHORED = AnchoredConfig(
    network=AnchoredNetConfig(widths=(8, 12, 16)),
    sampling=SAMPLING,
    samples=AnchoredSamplesConfig(crop_px=48),
    every=15,
    batch=4,
)


def with_mask(leg: LabelledLeg, seen: np.ndarray) -> LabelledLeg:
    return replace(leg, volume=replace(leg.volume, seen=seen))


def half_seen() -> LabelledLeg:
    leg = tube()
    seen = np.ones(leg.volume.array.shape, dtype=bool)
    seen[:, :, 24:] = False
    return with_mask(leg, seen)


def all_seen() -> LabelledLeg:
    leg = tube()
    return with_mask(leg, np.ones(leg.volume.array.shape, dtype=bool))


@pytest.mark.parametrize("entropy", [0.0, 4.0])
def test_the_anchored_loss_leaves_pixels_out(entropy: float):
    loss = AnchoredLoss(SoftDiceConfig(), entropy)
    logit, label = torch.randn(2, 1, 6, 8), (torch.rand(2, 1, 6, 8) > 0.5).float()
    whole = loss(logit[..., :4], label[..., :4])
    label[..., 4:] = torch.nan
    found = loss(logit, label)
    assert float(found) == pytest.approx(float(whole), rel=1e-5)
    logit[..., 4:] += 3
    assert float(loss(logit, label)) == pytest.approx(float(found), rel=1e-6)


@pytest.mark.parametrize("entropy", [0.0, 1.0])
def test_the_loss_of_classes_leaves_voxels_out(entropy: float):
    loss = ClassesLoss(entropy)
    logit = torch.randn(1, 3, 2, 4, 8, requires_grad=True)
    target = torch.nn.functional.one_hot(torch.randint(0, 3, (1, 2, 4, 8)), 3).movedim(-1, 1).float()
    whole = loss(logit[..., :4], target[..., :4])
    target[..., 4:] = torch.nan
    found = loss(logit, target)
    assert float(found.detach()) == pytest.approx(float(whole.detach()), rel=1e-4)
    found.backward()
    assert logit.grad is not None
    assert torch.isfinite(logit.grad).all()
    assert float(logit.grad[..., 4:].abs().max()) == 0


def test_samples_of_the_anchored_network_have_no_label_where_nothing_was_seen():
    plain = replace(ANCHORED, bent=0.0)
    label = AnchoredTask(plain, [half_seen()], ("SOL",), 1).batch(np.random.default_rng(5))[3]
    share = float(torch.isnan(label).float().mean())
    assert 0.2 < share < 0.8
    losses = list(AnchoredTask(ANCHORED, [half_seen()], ("SOL",), 1).unit(0, 0.0))
    assert all(torch.isfinite(each) for each in losses)


def test_a_mask_under_which_all_was_seen_changes_no_sample():
    legs = (tube(), all_seen())
    without, within = (AnchoredTask(ANCHORED, [leg], ("SOL",), 1).batch(np.random.default_rng(5)) for leg in legs)
    assert all(torch.equal(a, b) for a, b in zip(without, within, strict=True))


def test_windows_of_the_recurrent_network_have_no_weight_where_nothing_was_seen():
    config = SequenceConfig(slices=(30, 30), strides=(3, 3), augment=False, shift_px=0)
    half = Track(half_seen(), 100, SAMPLING)
    shown = WindowBatch(draw_batch(np.random.default_rng(1), [half], config, SAMPLING, 3, 1.0), torch.device("cpu"), True)
    weight = shown.learned(1, torch.ones_like(shown.masks[1]))
    assert 0.2 < float(weight.mean()) < 0.8
    assert set(weight.unique().tolist()) == {0.0, 1.0}
    plain = draw_batch(np.random.default_rng(1), [Track(tube(), 100, SAMPLING)], config, SAMPLING, 3, 1.0)
    assert plain.unseen is None
    np.testing.assert_array_equal(plain.images, shown.images.numpy())


@pytest.mark.parametrize("dice", [0.0, 1.0])
def test_the_loss_of_pg_net_leaves_pixels_out(dice: float):
    loss = MaskLoss(dice)
    logits, target = torch.randn(2, 2, 6, 8, requires_grad=True), torch.rand(2, 1, 6, 8)
    weight = torch.ones(2, 1, 6, 8)
    assert loss(logits, target, weight).item() == pytest.approx(loss(logits, target).item(), rel=1e-5)
    weight[..., 4:] = 0
    found = loss(logits, target, weight)
    assert found.item() == pytest.approx(loss(logits[..., :4], target[..., :4]).item(), rel=1e-5)
    found.backward()
    assert logits.grad is not None
    assert float(logits.grad[..., 4:].abs().max()) == 0


def test_runs_of_pg_net_have_no_weight_where_nothing_was_seen():
    config = PGNetTrainingConfig(PGNetConfig("light", (8, 16, 16), decoder=8, groups=4), SAMPLING, batch=2, steps=2, updates=1)
    half, plain = (PGNetTask(config, [leg], ("SOL",), 1) for leg in (half_seen(), tube()))
    seen = half._runs(np.random.default_rng(3), 2)[0].seen
    assert seen is not None
    assert 0.2 < float(seen.mean()) < 0.8
    (without,) = plain.unit(0, 0.0)
    (within,) = PGNetTask(config, [all_seen()], ("SOL",), 1).unit(0, 0.0)
    assert within.item() == pytest.approx(without.item(), rel=1e-5)
    (left_out,) = half.unit(0, 0.0)
    assert left_out.item() != pytest.approx(without.item(), rel=1e-3)


def test_patches_of_the_3d_unet_have_no_target_where_nothing_was_seen():
    sampling = replace(SAMPLING, slice_mm=1.0)
    config = UNet3dTrainingConfig(UNet3dConfig(2, (4, 8, 8), 1), sampling, (16, 32, 32), batch=1, updates=1)
    task = UNet3dTask(config, [half_seen()], ("SOL",), 1)
    assert all(torch.isfinite(loss) for loss in task.unit(0, 0.0))
    shares = [np.isnan(task._patch(np.random.default_rng(k), half_seen())[1]).mean() for k in range(4)]
    assert 0 < float(np.mean(shares)) < 1
