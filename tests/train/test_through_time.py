"""What goes from window to window in training: gradients, states, labels, and how much windows count.

Each test fails on a change that the others let pass; `test_mutants.py` lists those changes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_recurrent_task import NETWORK, NINE, OURS, PAPER, SHORT, task
from tubes import tube

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.weights import Weights
from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig
from ifssnet.propagate.recurrent.ifss_net_method import from_weights
from ifssnet.train.data.budget import AnnotationBudget
from ifssnet.train.data.sequences import SequenceConfig, draw_batch
from ifssnet.train.data.tracks import Track, most_drawn_first
from ifssnet.train.tasks.pseudo_labels import sequential_label
from ifssnet.train.tasks.recurrent import RecurrentTask
from ifssnet.train.tasks.recurrent_windows import RecurrentLoss

PLAIN = replace(PAPER, sequences=SHORT, update="windows")


def _fed(made: RecurrentTask) -> list[tuple[torch.Tensor, object]]:
    """What each call of the network was fed, in order."""
    shown: list[tuple[torch.Tensor, object]] = []
    step = made.network.forward

    def noted(image, mask, state=None):
        shown.append((mask, state))
        return step(image, mask, state)

    made.network.forward = noted
    return shown


@pytest.mark.parametrize("channels", [1, 4])
def test_gradients_go_back_through_masks_and_state_and_stop_where_they_are_cut(channels: int) -> None:
    """Truncated back-propagation reaches through both; a step of the optimiser ends it."""
    made = task(replace(PLAIN, network=replace(NETWORK, mask_channels=channels)))
    shown = _fed(made)
    for loss in made.unit(0, 1.0):
        loss.backward()
    # The first call sees the reference; after it come the windows, two to an update.
    windows = shown[1:]
    assert len(windows) == 4
    for at, (mask, state) in enumerate(windows):
        inside = at % 2 == 1
        assert mask.requires_grad is inside
        assert state is not None
        assert state[0].requires_grad is (inside or at == 0)
        assert state[1].requires_grad is (inside or at == 0)


def test_what_a_window_is_compared_with_reaches_the_network_through_the_one_before() -> None:
    """The gradient of two windows at once is not that of each alone: something comes through time."""
    gradients = []
    for length in (1, 2):
        made = task(replace(PLAIN, tbptt=length, network=replace(NETWORK, state="window"), l2=0.0))
        made.network.eval()
        for loss in made.unit(0, 1.0):
            loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in made.network.parameters() if p.grad is not None]))
    one, two = gradients
    # Twice as many windows in a mean: were nothing carried, one would be twice the other.
    assert torch.norm(one / 2 - two) > 1e-3 * torch.norm(two)


def test_halves_are_halves() -> None:
    made = task(PAPER)
    assert made._borders(9) == {5: 5, 9: 4}
    assert made._borders(8) == {4: 4, 8: 4}
    assert made._borders(1) == {1: 1}
    shown = _fed(made)
    seen = [len(shown) for _ in made.unit(0, 1.0)]
    # One call for the reference, nine windows: the first step of the optimiser comes after five.
    assert seen == [6, 10]


@pytest.mark.parametrize("supervision", ["full", "weak", "weak-literal"])
def test_a_carried_state_goes_with_every_mask_stream(supervision: str) -> None:
    for channels in (1, 4):
        config = replace(PLAIN, supervision=supervision, network=replace(NETWORK, mask_channels=channels))
        assert all(np.isfinite(float(loss.detach())) for loss in task(config).unit(0, 1.0))


def test_the_state_is_carried_over_the_cut_and_its_window_is_not() -> None:
    made = task(PLAIN)
    shown = _fed(made)
    list(made.unit(0, 1.0))
    states = [state for _, state in shown[1:]]
    assert all(state is not None and bool(state[0].any()) for state in states)
    assert not torch.equal(states[1][0], states[2][0])


def test_legs_with_many_drawn_slices_come_first() -> None:
    legs = [tube(seed=seed, slices=72) for seed in range(3)]
    budget = AnnotationBudget(first=32, decay=0.5, floor=4, leg_slices=64, order="shuffled", seed=2)
    config = replace(PLAIN, supervision="weak-literal", budget=budget, order="decremental")
    made = RecurrentTask(config, legs, (), 7)
    drawn = [sum(track.present.size for track in own) for own in made._in_turn]
    assert drawn == sorted(drawn, reverse=True)
    assert drawn[0] > 2 * drawn[2]
    names = [own[0].leg.name for own in made._in_turn]
    assert names != [leg.name for leg in legs], "the order of the legs as they were listed would pass anyhow"
    for index in range(6):
        assert {track.leg.name for track in made._tracks_of(index)} == {names[index % 3]}
    assert len({track.leg.name for track in RecurrentTask(replace(config, order="random"), legs, (), 7)._tracks_of(0)}) == 3
    with pytest.raises(InputError, match="order"):
        replace(config, order="given")


def test_a_unit_shows_the_leg_whose_turn_it_is() -> None:
    legs = [tube(seed=seed) for seed in range(2)]
    for index in range(2):
        made = RecurrentTask(replace(PLAIN, supervision="weak-literal", budget=NINE, order="decremental"), legs, (), 7)
        own = made._in_turn[index % 2]
        others = [track for track in made.tracks if track not in own]
        for track in others:
            track.grey = None  # type: ignore[method-assign, assignment]
        list(made.unit(index, 1.0))
    assert [own[0].leg.name for own in most_drawn_first([Track(leg, 100, made.config.sampling) for leg in legs])] == [
        "tube0",
        "tube1",
    ]


def test_both_readings_of_the_papers_fifth_figure() -> None:
    """Windows {k, k + 1, k + 2} and {k - 1, k, k + 1} share two slices: place by place they are neighbours' labels."""
    last = torch.arange(3.0).reshape(1, 3, 1, 1).expand(1, 3, 2, 2)
    masks, known = torch.full((1, 3, 2, 2), 9.0), torch.tensor([[False, False, False]])
    label, weight = sequential_label(masks, known, last)
    assert label[0, :, 0, 0].tolist() == [0, 1, 2]
    assert weight.min() == 1
    label, weight = sequential_label(masks, known, last, 1, "slice")
    assert label[0, :2, 0, 0].tolist() == [1, 2]
    assert weight[0, :, 0, 0].tolist() == [1, 1, 0]
    # Windows three apart share nothing; an expert's slices always count.
    _, weight = sequential_label(masks, torch.tensor([[False, True, False]]), last, 3, "slice")
    assert weight[0, :, 0, 0].tolist() == [0, 1, 0]
    label, _ = sequential_label(masks, torch.tensor([[True, False, False]]), last, 1, "slice")
    assert label[0, 0, 0, 0] == 9


def test_readings_give_other_trainings() -> None:
    config = replace(PLAIN, supervision="weak-literal", sequences=replace(SHORT, strides=(1, 1)))
    place, slice_ = (
        [float(x.detach()) for x in task(replace(config, pseudo=replace(config.pseudo, compared=word))).unit(0, 1.0)]
        for word in ("place", "slice")
    )
    assert place != slice_
    with pytest.raises(InputError, match="compared"):
        replace(config.pseudo, compared="both")


@pytest.mark.parametrize("cross_entropy", [0.0, 2.0])
def test_a_window_of_less_weight_counts_less(cross_entropy: float) -> None:
    torch.manual_seed(0)
    loss = RecurrentLoss(PAPER.loss, cross_entropy)
    logit, label = torch.randn(2, 3, 4, 4), (torch.rand(2, 3, 4, 4) > 0.5).float()
    ones = torch.ones_like(logit)

    def of(rows: slice, weight: torch.Tensor, lines: slice = slice(None)) -> float:
        parts = (planes[rows, :, lines] for planes in (logit, label, weight))
        return float(loss(*parts).detach())

    both = slice(0, 2)
    assert of(both, 0.2 * ones) == pytest.approx(0.2 * of(both, ones), rel=1e-4)
    # One of two windows: the other's share stays.
    mixed = ones.clone()
    mixed[1] = 0.5
    assert of(both, mixed) == pytest.approx((of(slice(0, 1), ones) + 0.5 * of(slice(1, 2), ones)) / 2, rel=1e-4)
    # What was never seen takes nothing from the weight of the rest.
    part = ones.clone()
    part[:, :, :2] = 0
    assert of(both, part) == pytest.approx(of(both, ones, slice(2, 4)), rel=1e-4)


def test_every_tensor_of_a_batch_is_turned_alike() -> None:
    """Joint flips: bright is inside, on every tensor that belongs to a place, whichever way a sequence is laid."""
    leg = tube(seed=3)
    track = Track(leg, 100, OURS.sampling, tuple(range(4, 68, 6)))
    config = SequenceConfig(slices=(20, 20), strides=(3, 3), flip_x=True, flip_z=True, lag_slices=0, shift_px=0)
    columns = set()
    for seed in range(12):
        batch = draw_batch(np.random.default_rng(seed), [track], config, OURS.sampling, 3, 1.0)
        assert batch.guided is not None
        for time in range(len(batch.images)):
            for place in range(3):
                bright = batch.images[time, 0, place] > 1.8
                for planes in (batch.guided, *([batch.masks] if batch.known[time, 0, place] else [])):
                    inside = planes[time, 0, place] > 0.5
                    if inside.any():
                        both = (bright & inside).sum() * 2 / (bright.sum() + inside.sum())
                        assert both > 0.7, (seed, time, place)
        lagged, whole = batch.lagged[-1, 0, 0] > 0.5, batch.whole[-1, 0, 0] > 0.5
        assert np.array_equal(lagged, whole)
        near = batch.guided[-1, 0, 0] > 0.5
        if near.any() and whole.any():
            assert 2 * (near & whole).sum() / (near.sum() + whole.sum()) > 0.4
        columns.add(float(np.argwhere(batch.guided[0, 0, 0] > 0.5).mean(axis=0)[1].round(1)))
    assert len(columns) > 2


def test_dropout_is_the_papers_unless_somebody_says_otherwise() -> None:
    network = IFSSNet(IFSSNetConfig(widths=(4, 4, 8, 8, 8), blocks="light", bottleneck="light", matching_size=3))
    rates = {
        "encoder": network.encoders.dropout.p,
        "lstm": network.memory.dropout.p,
        "decoder": {refine.dropout.p for refine in network.decoder.refine},
    }
    assert rates == {"encoder": 0.1, "lstm": 0.4, "decoder": {0.1}}


def test_the_image_joins_the_mask_stream_after_every_stage() -> None:
    torch.manual_seed(0)
    encoders = IFSSNet(IFSSNetConfig.small((4, 4, 8))).encoders.eval()
    image, mask = torch.rand(1, 1, 3, 16, 16), torch.rand(1, 1, 3, 16, 16)
    with torch.no_grad():
        _, _, skips = encoders(image, mask)
        for stage, skip in zip(encoders.stages, skips, strict=True):
            image, mask = stage(image), stage(mask)
            mask = mask + image
            assert torch.allclose(skip, mask, atol=1e-5)
            image, mask = encoders.pool(image), encoders.pool(mask)


def test_the_decoder_takes_every_stages_skip_in() -> None:
    torch.manual_seed(0)
    decoder = IFSSNet(IFSSNetConfig.small((4, 4, 8))).decoder.eval()
    maps = torch.rand(1, 8, 3, 4, 4)
    skips = [torch.rand(1, width, 3, 32 >> stage, 32 >> stage) for stage, width in enumerate((4, 4, 8))]
    with torch.no_grad():
        before = decoder(maps, skips)
        for stage in range(3):
            changed = [torch.zeros_like(skip) if at == stage else skip for at, skip in enumerate(skips)]
            assert not torch.allclose(decoder(maps, changed), before)


def test_both_chains_of_the_matching_layer_count_and_are_not_the_same() -> None:
    torch.manual_seed(0)
    matching = IFSSNet(IFSSNetConfig.small((4, 4, 8), matching_size=5)).matching
    kernels = [[tuple(part.convolution.kernel_size) for part in chain] for chain in matching.chains]
    assert kernels == [[(3, 1, 1), (1, 5, 1), (1, 1, 5)], [(3, 1, 1), (1, 1, 5), (1, 5, 1)]]
    image, mask = torch.rand(1, 8, 3, 6, 6), torch.rand(1, 8, 3, 6, 6)
    before = matching(image, mask)
    before.sum().backward()
    gradients = [[part.convolution.weight.grad for part in chain] for chain in matching.chains]
    assert all(gradient is not None and bool(gradient.any()) for chain in gradients for gradient in chain)
    for chain in matching.chains:
        saved = chain[2].convolution.weight.detach().clone()
        with torch.no_grad():
            chain[2].convolution.weight.zero_()
            assert not torch.allclose(matching(image, mask), before)
            chain[2].convolution.weight.copy_(saved)


def test_what_the_matching_layer_sees_is_what_it_says() -> None:
    """The paper's f sees the whole slice from its middle alone; the far corner takes 2 f - 1."""
    for size, whole in ((4, False), (6, False), (7, True)):
        matching = IFSSNet(IFSSNetConfig.small((4, 4, 8), matching_size=size)).matching
        assert matching.sees_whole(4, 4) is whole
        seen = torch.zeros(1, 16, 3, 4, 4, requires_grad=True)
        torch.nn.init.constant_(seen, 0.5)
        for chain in matching.chains:
            for part in chain:
                torch.nn.init.ones_(part.convolution.weight)
            chain(seen)[0, 0, 1, 0, 0].backward()
        corner = bool(seen.grad[0, 0, 1, 3, 3] != 0)
        assert corner or not whole
        middle = torch.zeros(1, 16, 3, 4, 4, requires_grad=True)
        matching.chains[0](middle)[0, 0, 1, 1, 1].backward()
        assert bool((middle.grad[0, 0, 1] != 0).all()) or size < 6


def test_a_step_that_the_network_was_not_trained_at_is_named() -> None:
    made = task(replace(OURS, inference=replace(OURS.inference, stride=3)))
    weights = made.weights(made.network)
    card = {"recipe": {"config": {"sequences": {"strides": [3, 3]}}}}
    trained = Weights(weights.kind, weights.network, weights.sampling, (), weights.tensors, card)
    from_weights(trained)
    with pytest.warns(InputWarning, match="strides of 3 slices and goes at 1"):
        from_weights(trained, stride=1)
    span = {"recipe": {"config": {"sequences": {"strides": [1, 3]}}}}
    from_weights(Weights(weights.kind, weights.network, weights.sampling, (), weights.tensors, span), stride=1)
    # A card that says nothing of it is believed.
    from_weights(weights, stride=1)
