"""What recurrent training shows its network, and that it repeats itself; a small leg learned by heart."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tubes import tube

from ifssnet.core.errors import InputError
from ifssnet.nn.losses.tversky import TverskyConfig
from ifssnet.nn.networks.ifss_net import IFSSNetConfig
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.ifss_net import window_logit
from ifssnet.propagate.recurrent.ifss_net_method import from_weights
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.seeding.protocols import restrict
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.train.data.budget import AnnotationBudget
from ifssnet.train.data.sequences import SequenceConfig, draw_batch
from ifssnet.train.data.tracks import Track
from ifssnet.train.loop.average import start_average
from ifssnet.train.loop.gradients import GradientSum
from ifssnet.train.loop.task import TrainingTask
from ifssnet.train.tasks.recurrent import RecurrentTask
from ifssnet.train.tasks.recurrent_config import RecurrentConfig

PIXELS = Sampling(pixel_mm=1.0, margin_mm=6.0, multiple_px=8, least_px=32, slice_mm=0.5)
NETWORK = IFSSNetConfig.small((4, 4), state="carried")
NINE = AnnotationBudget(policy="constant", constant=9, leg_slices=64)
PAPER = RecurrentConfig(
    network=NETWORK, sampling=PIXELS, budget=NINE, sequences=SequenceConfig(slices=(30, 30), strides=(3, 3)), tbptt=2
)
OURS = replace(
    RecurrentConfig.robust(network=replace(NETWORK, state="window")),
    sampling=PIXELS,
    budget=NINE,
    sequences=SequenceConfig(slices=(30, 30), strides=(3, 3), augment=True, flip_x=True, corrupt=0.5, together=2),
)


def task(config: RecurrentConfig) -> RecurrentTask:
    return RecurrentTask(config, [tube(seed=0), tube(seed=1)], (), 7)


def losses(made: RecurrentTask, index: int, share: float) -> list[float]:
    return [float(loss.detach()) for loss in made.unit(index, share)]


SHORT = SequenceConfig(slices=(15, 15), strides=(3, 3))


@pytest.mark.parametrize(
    "config",
    [
        replace(PAPER, sequences=SHORT),
        replace(PAPER, sequences=SHORT, supervision="weak-literal"),
        replace(OURS, sequences=replace(OURS.sequences, slices=(15, 15))),
        replace(OURS, sequences=replace(OURS.sequences, slices=(15, 15)), supervision="weak"),
    ],
    ids=["paper", "paper-weak", "ours", "ours-weak"],
)
def test_a_unit_depends_on_seed_and_index_alone(config):
    first, second = task(config), task(config)
    for made in (first, second):
        assert isinstance(made, TrainingTask)
        made.teach(start_average(made.network))
    for share in (0.0, 1.0):
        losses(second, 1, share)
        fifth = losses(first, 5, share)
        assert fifth == losses(second, 5, share)
    assert fifth != losses(first, 6, 1.0)


def test_the_paper_steps_twice_a_sequence_and_ours_every_other_window():
    # 30 slices hold (30 - 3) / 3 = 9 windows after the reference.
    assert len(losses(task(PAPER), 0, 1.0)) == 2
    assert len(losses(task(OURS), 0, 1.0)) == 5


def test_single_windows_are_drawn_anew_for_each_update_and_fed_masks_from_further_back():
    made = task(replace(OURS, single_share=1.0, single_updates=3))
    assert len(losses(made, 0, 0.5)) == 3
    assert len(set(losses(made, 0, 0.5))) == 3
    shown = []
    step = made.network.forward

    def noted(image, mask, state=None):
        shown.append((image, mask))
        return step(image, mask, state)

    made.network.forward = noted
    list(made.unit(0, 0.5))
    assert [len(image) for image, _ in shown] == [2 * OURS.sequences.together] * 3
    # No window sees another's masks: all that it is fed was known before.
    assert all(mask.requires_grad is False for _, mask in shown)


def test_a_run_in_feeds_single_windows_what_the_network_found_and_is_not_learned_from():
    config = replace(OURS, single_share=1.0, single_updates=6, single_run_in=3, run_in_from=0.5)
    made = task(config)
    shown = []
    step = made.network.forward

    def noted(image, mask, state=None):
        logits, state = step(image, mask, state)
        shown.append((mask, logits))
        return logits, state

    made.network.forward = noted
    losses(made, 0, 0.4)
    assert len(shown) == 6
    shown.clear()
    losses(made, 0, 0.5)
    learned = [at for at, (_, logits) in enumerate(shown) if logits.requires_grad]
    assert len(learned) == 6
    run_ins = np.diff([-1, *learned]) - 1
    assert run_ins.min() == 0
    assert run_ins.max() == 3
    # Masks of the leg are 0 far outside; what the network found is a sigmoid of at least -4.8 there.
    assert all((float(shown[at][0].min()) > 0) == (run_in > 0) for at, run_in in zip(learned, run_ins, strict=True))


def test_the_teacher_of_single_windows_takes_over_late_and_sees_undamaged_masks():
    config = replace(OURS, supervision="weak", single_share=1.0, single_updates=4)
    made = task(replace(config, sequences=replace(config.sequences, corrupt=1.0)))
    teacher = start_average(made.network)
    made.teach(teacher)
    shown: dict[str, list[torch.Tensor]] = {"network": [], "teacher": []}
    for name, network in (("network", made.network), ("teacher", teacher)):
        step = network.forward

        def noted(image, mask, state=None, name=name, step=step):
            logits, state = step(image, mask, state)
            assert logits.requires_grad == (name == "network")
            shown[name].append(mask)
            return logits, state

        network.forward = noted
    begins, _ = config.pseudo.handover
    losses(made, 0, begins)
    assert [len(masks) for masks in shown.values()] == [4, 0]
    losses(made, 1, begins + 0.1)
    assert [len(masks) for masks in shown.values()] == [8, 4]
    assert all(not torch.equal(one, other) for one, other in zip(shown["network"][4:], shown["teacher"], strict=True))


def test_with_few_labels_the_last_window_of_a_run_in_lies_about_a_drawn_slice():
    made = RecurrentTask(replace(OURS, supervision="weak"), [tube()], (), 0)
    singles = replace(OURS.sequences, corrupt=0.0).singles(3, run_in=2)
    for seed in range(10):
        batch = draw_batch(np.random.default_rng(seed), made.tracks, singles, PIXELS, 3, 0.0)
        assert len(batch.known) == 4
        assert batch.known[-1][:, 1].all()


def test_sequences_grow():
    growing = replace(PAPER.sequences, grown=0.5, shortest=1)
    made = task(replace(PAPER, update="windows", tbptt=1, sequences=growing))
    assert [len(losses(made, 0, share)) for share in (0.0, 0.25, 0.5, 1.0)] == [1, 5, 9, 9]


def test_windows_are_the_legs_slices_in_the_order_of_the_run():
    leg = tube(slices=40, first=2, last=37)
    ramp = np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None, None], leg.volume.array.shape).copy()
    leg = replace(leg, volume=replace(leg.volume, array=ramp))
    track = Track(leg, 100, PIXELS)
    config = SequenceConfig(slices=(20, 20), strides=(2, 2), beyond=0, shift_px=0, from_ends=0.0)
    ways = set()
    for seed in range(12):
        batch = draw_batch(np.random.default_rng(seed), [track], config, PIXELS, 3, 1.0)
        slices = np.rint(batch.images[:, 0].max(axis=(2, 3)) * PIXELS.sd + PIXELS.mean).astype(int)
        step = slices[0, 1] - slices[0, 0]
        ways.add(int(step))
        assert step in (-1, 1)
        assert np.array_equal(slices, slices[0, 0] + step * (2 * np.arange(9)[:, None] + np.arange(3)))
        assert slices.min() >= 2
        assert slices.max() <= 37
        truth = [[int((leg.labels.array[z] == 100).sum()) for z in window] for window in slices]
        assert np.array_equal(batch.masks[:, 0].sum(axis=(2, 3)), truth)
        assert batch.known.all()
    assert ways == {-1, 1}


def test_weak_supervision_knows_the_drawn_slices_and_nothing_else():
    leg = tube(seed=2)
    drawn = [4, 5, 6, 34, 35, 36, 65, 66, 67]
    # A truth that lies wherever nobody drew: whoever looked would be caught.
    lying = leg.labels.array.copy()
    lying[[z for z in range(len(lying)) if z not in drawn]] = 100
    config = SequenceConfig(slices=(50, 50), strides=(3, 3), beyond=6, shift_px=0)
    for seed in range(4):
        batches = [
            draw_batch(np.random.default_rng(seed), [Track(each, 100, PIXELS, drawn)], config, PIXELS, 3, 1.0)
            for each in (leg, replace(leg, labels=replace(leg.labels, array=lying)))
        ]
        for name in ("masks", "known", "guided", "distance_mm", "lagged", "whole", "images"):
            assert np.array_equal(getattr(batches[0], name), getattr(batches[1], name)), name
        assert batches[0].known[0].all()
        assert not batches[0].known.all()


def test_a_reference_lies_on_neighbouring_slices_however_far_the_steps_go():
    """As in use, where an expert has drawn three slices in a row; all of it is known under weak supervision."""
    leg, sampling = tube(), replace(PIXELS, slice_mm=2.0)
    drawn = (4, 5, 6, 30, 31, 32, 65, 66, 67)
    known = set(map(int, drawn))
    config = SequenceConfig(slices=(12, 12), strides=(3, 3), flip_z=True)
    for seed in range(12):
        batch = draw_batch(np.random.default_rng(seed), [Track(leg, 100, sampling, drawn)], config, sampling, 3, 1.0)
        assert batch.known[0].all()
        masks = [leg.labels.array[z] == 100 for z in known]
        areas = {int(mask.sum()) for mask in masks}
        assert {round(float(plane.sum())) for plane in batch.masks[0, 0]} <= areas


def test_guided_labels_lie_close_to_the_truth_that_they_do_not_know():
    leg = tube(seed=2)
    track = Track(leg, 100, PIXELS, [4, 5, 6, 20, 21, 22, 36, 37, 38, 52, 53, 54, 65, 66, 67])
    between = np.array([12, 29, 45, 60])
    region = track.region(between)
    guided, true = track.guided(between, region) >= 0.5, Track(leg, 100, PIXELS).masks(between, region) >= 0.5
    assert 2 * (guided & true).sum() / (guided.sum() + true.sum()) > 0.93
    assert track.distance_mm(np.array([12, 21, 60])).tolist() == [3.0, 0.0, 2.5]


def test_gathered_gradients_are_those_of_the_sum():
    layer = torch.nn.Linear(3, 1)
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    parts = [layer(row).square().sum() for row in x]
    whole = torch.autograd.grad(sum(parts), list(layer.parameters()), retain_graph=True)
    gathered = GradientSum(list(layer.parameters()))
    gathered.add(parts[0] + parts[1])
    gathered.add(parts[2])
    loss = gathered.loss(parts[3])
    assert float(loss.detach()) == pytest.approx(float(sum(part.detach() for part in parts)))
    loss.backward()
    for parameter, expected in zip(layer.parameters(), whole, strict=True):
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, expected)


def test_equation_four_is_one_minus_the_mean_index_by_w_plus_decay():
    config = replace(PAPER, loss=TverskyConfig(form="fixed", smooth=0.0), l2=0.0)
    with_decay = replace(config, l2=1e-3)
    plain, literal = losses(task(replace(config, divide_by_window=False)), 3, 1.0), losses(task(config), 3, 1.0)
    assert literal == pytest.approx([1 - (1 - loss) / 3 for loss in plain], abs=1e-6)
    made = task(with_decay)
    decay = 1e-3 * sum(float(parameter.detach().square().sum()) for parameter in made.network.parameters())
    assert losses(made, 3, 1.0) == pytest.approx([loss + decay for loss in literal], abs=1e-6)


def test_a_correction_of_nothing_holds_the_nearest_mask():
    config = replace(OURS, network=replace(NETWORK, zero_last=True), output="correction")
    network = RecurrentTask(config, [tube()], (), 0).network.eval()
    previous = torch.zeros(1, 3, 16, 16)
    for place in range(3):
        previous[0, place, 4:12, 4 + place : 12] = 1
    for stride, nearest in ((1, [1, 2, 2]), (2, [2, 2, 2]), (3, [2, 2, 2])):
        logit, _ = window_logit(network, torch.randn(1, 3, 16, 16), previous, None, "correction", stride)
        assert torch.equal(logit >= 0, previous[:, nearest] >= 0.5)
    # Half a pixel inside a straight border, then a pixel more; the square's middle is 3.5 pixels from three borders.
    assert logit[0, 0, 8, 6:9].tolist() == pytest.approx([0.4, 1.2, 2.0])
    # Without any mask every pixel is outside, by as much as there is.
    nothing, _ = window_logit(network, torch.randn(1, 3, 16, 16), 0 * previous, None, "correction", 3)
    assert torch.allclose(nothing, torch.full_like(nothing, -4.8))


def test_the_mask_stream_is_told_how_far_the_border_is_and_how_old_the_mask():
    config = replace(OURS, network=replace(NETWORK, mask_channels=4, stem=4))
    network = RecurrentTask(config, [tube()], (), 0).network.eval()
    given: list[torch.Tensor] = []
    network.mask_stem.register_forward_pre_hook(lambda _module, shown: given.append(shown[0]))
    previous = torch.zeros(2, 3, 16, 16)
    previous[:, :, 4:12, 4:12] = 1
    window_logit(network, torch.randn(2, 3, 16, 16), previous, None, "direct", 3, torch.tensor([3.0, 12.0]))
    probability, near, far, away = given[0].unbind(1)
    assert torch.equal(probability, previous)
    # Half a pixel inside the border, and 3.5 in the middle; 3.5 pixels outside, straight above.
    assert near[0, 0, 4, 8].item() == pytest.approx(math.tanh(0.5 / 4), abs=1e-5)
    assert far[0, 0, 7, 7].item() == pytest.approx(3.5 / 4, abs=1e-5)
    assert far[0, 0, 0, 8].item() == pytest.approx(-3.5 / 4, abs=1e-5)
    assert [float(one.unique()) for one in away] == pytest.approx([math.log1p(3) / 3, math.log1p(12) / 3])


def test_single_windows_say_how_old_their_masks_are():
    singles = OURS.sequences.singles(3)
    batch = draw_batch(np.random.default_rng(1), RecurrentTask(OURS, [tube()], (), 0).tracks, singles, PIXELS, 3, 0.0)
    ages = batch.lags[1]
    assert ages.shape == (singles.together,)
    assert ages.min() >= batch.stride
    assert ages.max() <= batch.stride + singles.lag_slices
    assert len(set(ages.tolist())) > 1


def test_with_few_labels_single_windows_lie_about_drawn_slices_or_past_the_last():
    made = RecurrentTask(replace(OURS, supervision="weak"), [tube()], (), 0)
    singles = replace(OURS.sequences, corrupt=0.0).singles(3)
    about = past = 0
    for seed in range(20):
        batch = draw_batch(np.random.default_rng(seed), made.tracks, singles, PIXELS, 3, 0.0)
        for known, masks in zip(batch.known[1], batch.masks[1], strict=True):
            empty = not masks[known].any()
            about += bool(known[1]) and not empty
            past += bool(known.all()) and empty
        # Beside a drawn slice the next one is a step away.
        assert batch.distance_mm[1].max() <= 0.5 * 8 or past
    assert about > past > 0
    assert about + past == 20 * singles.together


def test_gradients_reach_the_network_and_the_losss_weights():
    made = task(PAPER)
    loss = next(made.unit(0, 1.0))
    loss.backward()
    gradients = [parameter.grad for parameter in made.loss.parameters()]
    assert gradients
    assert all(gradient is not None for gradient in gradients)
    assert sum(float(p.grad.abs().sum()) for p in made.network.parameters() if p.grad is not None) > 0


def test_weights_make_the_same_propagator_again():
    made = task(replace(OURS, feedback="hard", inference=RecurrentInference(direction="forward", stride=2)))
    weights = made.weights(made.network)
    again, before = from_weights(weights), made.propagator(copy.deepcopy(made.network))
    leg = tube(seed=1)
    seeds = restrict(sample_seeds(leg.labels, every=30), "first-three")
    assert again.inference.feedback == "hard"
    assert again.inference.stride == 2
    assert from_weights(weights, direction="both").inference.direction == "both"
    for one, other in zip(before.prepare(leg.volume, seeds).steps(), again.prepare(leg.volume, seeds).steps(), strict=True):
        assert one.z == other.z
        assert np.array_equal(one.probability, other.probability)


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="multiple_px"):
        RecurrentConfig(network=NETWORK, sampling=replace(PIXELS, multiple_px=2))
    with pytest.raises(InputError, match="budget"):
        replace(PAPER, supervision="weak", budget=AnnotationBudget(policy="full"))
    with pytest.raises(InputError, match="muscles"):
        RecurrentTask(PAPER, [tube()], ("GL",), 0)
    with pytest.raises(InputError):
        SequenceConfig(strides=(0, 3))
