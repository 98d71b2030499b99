"""Runs in training: each slice from the mask that the network found on the slice before, shown as in use."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.augment import Bends, GreyChanges
from ifssnet.train.data.leg import LabelledLeg
from ifssnet.train.data.leg_pixels import LegPixels
from ifssnet.train.data.looks import RandomLooks
from ifssnet.train.tasks.anchored import AnchoredConfig, AnchoredTask
from ifssnet.train.tasks.anchored_samples import AnchoredSamplesConfig, MuscleSamples
from ifssnet.train.tasks.carried_runs import CarriedRun, CarriedRunsConfig, RunChanges, RunningPlace, draw_run, is_lost

PIXELS = Sampling(pixel_mm=1.0, margin_mm=6.0, multiple_px=4, least_px=32)
PLAIN = RunChanges(Bends(), 0.0, GreyChanges(chance=0.0), RandomLooks(patched=0.0))
NETWORK = AnchoredNetConfig(widths=(8, 12), references=True, cues=4)
FIRST, LAST = 8, 46
SMALL = AnchoredConfig(
    supervision="full",
    network=NETWORK,
    sampling=PIXELS,
    samples=AnchoredSamplesConfig(crop_px=48, carry=1.0, hide=0.0, blend=0.0, warp=0.0),
    runs=CarriedRunsConfig(places=2),
    batch=3,
    updates=5,
)


def _leg(tip: float = 2.0) -> LabelledLeg:
    """A cone that wanders, 39 slices of 1 mm long; the grey level of a slice tells its number."""
    y, x = np.mgrid[:56, :56]
    inside = np.zeros((56, 56, 56), dtype=bool)
    for z in range(FIRST, LAST + 1):
        inside[z] = np.hypot(y - 26 - 0.1 * z, x - 28) < tip + 0.2 * (z - FIRST)
    grid = Grid(inside.shape, (1.0, 1.0, 1.0))
    grey = np.broadcast_to(np.arange(100, 156, dtype=np.uint8)[:, None, None], inside.shape).copy()
    return LabelledLeg("P1", "P1", Volume(grey, grid), LabelMap(inside.astype(np.uint8) * 7, grid, {7: "SOL"}))


def _source(leg: LabelledLeg) -> MuscleSamples:
    return MuscleSamples(LegPixels(leg, PIXELS), 7, None, SMALL.samples, Context(), (0, 0, 7), True)


def _run(seed: int, most: int = 30, changes: RunChanges = PLAIN, tip: float = 2.0, **config: float) -> CarriedRun:
    rng = np.random.default_rng(seed)
    return draw_run(rng, _source(_leg(tip)), CarriedRunsConfig(places=1, **config), changes, PIXELS, most)  # type: ignore[arg-type]


def _slices(planes: np.ndarray) -> list[int]:
    return [round(float(plane.max()) * PIXELS.sd + PIXELS.mean) - 100 for plane in planes]


def _upwards(from_ends: float) -> CarriedRun:
    return next(run for run in (_run(seed, from_ends=from_ends) for seed in range(20)) if _slices(run.images[-1:])[0] > 30)


def test_a_run_shows_what_is_shown_in_use() -> None:
    """From the first three slices of a muscle upwards: the slices around each one, the drawn one, and both distances."""
    leg, network = _leg(), AnchoredNet(NETWORK)
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def noted(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
        seen.append((image[0].numpy(), prior[0, 0].numpy(), cues[0].numpy()))
        return torch.zeros_like(prior)

    network.correction = noted  # type: ignore[method-assign]
    seeds = sample_seeds(leg.labels, first_only=True, ends=False)
    inference = AnchoredInference(direction="forward", carried_logit=0.0)
    list(Anchored(network, PIXELS, Context(), inference).prepare(leg.volume, seeds).steps())
    run = _upwards(from_ends=1.0)
    place = RunningPlace([run], 0.0, True)
    # The first two windows in use end on slices that are not yet found.
    for image, prior, cues in seen[2 : 2 + run.steps]:
        sample = place.sample()
        assert _slices(sample.grey[:6]) == _slices(image[:6]), place
        assert np.allclose(sample.cues, cues, atol=1e-6)
        assert (sample.prior_px >= 0).sum() == (prior >= 0).sum()
        assert np.allclose(np.sort(sample.grey[7][sample.grey[7] > 0]), np.sort(image[7][image[7] > 0]), atol=1e-5)
        held = 0.8 * np.clip(sample.prior_px, -6, 6)
        place.found((1 / (1 + np.exp(-held))).astype(np.float32))


def test_labels_are_those_of_the_slices_that_are_sought() -> None:
    leg = _source(_leg()).leg
    for seed in range(8):
        run = _run(seed, from_ends=0.5)
        place = RunningPlace([run], 0.0, True)
        for _ in range(run.steps):
            sample = place.sample()
            z = _slices(sample.grey[2:3])[0]
            assert sample.label.sum() == leg.mask(z, 7).sum()
            place.found(sample.label)


def test_the_next_slice_is_carried_from_what_was_found() -> None:
    place = RunningPlace([_run(0)], 0.2, True)
    sample = place.sample()
    found = np.where(sample.label > 0, np.float32(0.8), np.float32(0.1))
    found[20:23] *= np.float32(0.5)
    place.found(found)
    assert np.array_equal(place.sample().prior_px, soft_depth(found))


def test_a_run_that_has_lost_the_muscle_goes_on_from_the_true_mask() -> None:
    place = RunningPlace([_run(0)], 0.2, True)
    label = place.sample().label
    place.found(np.zeros_like(label))
    assert np.array_equal(place.sample().prior_px, soft_depth(label))
    third, whole, nothing = np.zeros((3, 8, 8), dtype=np.float32)
    third[:1], whole[:3] = 1, 1
    assert not is_lost(third, whole, 0.5)
    assert is_lost(third, whole, 0.6)
    # Past its end there is no muscle to be lost.
    assert not is_lost(third, nothing, 0.9)


def test_runs_start_at_ends_as_often_as_asked_and_go_on_past_the_other_one() -> None:
    starts = [_run(seed, from_ends=1.0, beyond_mm=6.0) for seed in range(12)]
    given = {_slices(run.given.grey[None])[0] for run in starts}
    assert given == {FIRST + 2, LAST - 2}
    for run in starts:
        past = [not mask.any() for mask in run.masks]
        # The step is 2 mm, the way past the end 6.
        assert sum(past) == 3
        assert past == sorted(past)
    given = {_slices(_run(seed, from_ends=0.0).given.grey[None])[0] for seed in range(30)}
    assert len(given) > 12
    assert _run(3, most=4, from_ends=1.0).steps == 4


def test_one_run_follows_another_each_from_its_own_drawn_slice() -> None:
    runs = [_run(seed, most=3) for seed in (1, 2)]
    place = RunningPlace(runs, 0.0, True)
    for step in range(6):
        sample = place.sample()
        run = runs[step // 3]
        assert sample.grey.shape[0] == 9
        assert np.array_equal(sample.label, run.masks[1 + step % 3])
        if step == 3:
            assert np.array_equal(sample.prior_px, np.clip(soft_depth(run.masks[0]), -100, 100))
        place.found(np.zeros_like(sample.label))


def test_a_tip_of_a_few_pixels_is_there_to_start_from_however_the_plane_is_bent() -> None:
    bent = replace(PLAIN, bent=1.0)
    for seed in range(25):
        run = _run(seed, most=2, changes=bent, tip=0.6, from_ends=1.0)
        assert (run.masks[0] >= 0.5).any()
        assert (run.given.depth_px >= 0).any()


def test_a_unit_with_runs_depends_on_its_number_and_the_network_alone() -> None:
    legs = (_leg(), replace(_leg(3.0), name="P2"))
    after, alone = AnchoredTask(SMALL, legs, (), 5), AnchoredTask(SMALL, legs, (), 5)
    _disturb(after)
    alone.network.load_state_dict(after.network.state_dict())
    list(after.unit(0, 0.0))
    again = [float(loss.detach()) for loss in after.unit(1, 0.0)]
    assert len(again) == SMALL.updates
    assert [float(loss.detach()) for loss in alone.unit(1, 0.5)] == again
    # What the network finds is what it is given: another one goes another way.
    _disturb(alone)
    fed = [_priors(task, 2) for task in (after, alone)]
    assert np.array_equal(fed[0][0], fed[1][0])
    assert not np.array_equal(fed[0][1], fed[1][1])
    # The samples that stand alone are the same with runs and without.
    apart = AnchoredTask(replace(SMALL, batch=1, runs=CarriedRunsConfig()), legs, (), 5)
    apart.network.load_state_dict(after.network.state_dict())
    assert np.array_equal(_priors(apart, 2)[1][0], fed[0][1][0])


def _disturb(task: AnchoredTask) -> None:
    for parameter in task.network.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.2)


def _priors(task: AnchoredTask, updates: int) -> list[np.ndarray]:
    """The priors of the first updates of a unit; runs come last in a batch."""
    given: list[np.ndarray] = []
    handle = task.network.register_forward_pre_hook(lambda _, inputs: given.append(inputs[1].numpy().copy()))
    list(islice(task.unit(0, 0.0), updates))
    handle.remove()
    return given


def test_runs_need_every_slice_as_a_label_and_room_in_the_batch() -> None:
    with pytest.raises(InputError, match="supervision 'full'"):
        replace(SMALL, supervision="weak")
    with pytest.raises(InputError, match=r"runs\.places from 0 to 3"):
        replace(SMALL, runs=CarriedRunsConfig(places=4))
    for wrong in ({"places": -1}, {"given": 0}, {"from_ends": 1.5}, {"lost_dice": 1.0}, {"beyond_mm": float("nan")}):
        with pytest.raises(InputError, match="lost_dice"):
            CarriedRunsConfig(**wrong)  # type: ignore[arg-type]
