from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_solids import disc, seeds_of

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.progress import Progress, Step, drain
from ifssnet.core.seeds import Seeds
from ifssnet.propagate.assemble import assemble

SHAPE = (6, 8)


def step(label, z, value, where=np.s_[:, :]):
    probability = np.zeros(SHAPE, dtype=np.float32)
    probability[where] = value
    return Step(label, z, probability, 1, 1)


def seeds(masks=None):
    empty = np.zeros(SHAPE, dtype=bool)
    return seeds_of(masks or {1: {0: empty}, 2: {0: empty}}, 5)


def test_the_most_probable_muscle_wins_and_a_half_is_inside():
    steps = [step(1, 2, 0.6), step(2, 2, 0.9, np.s_[:, 4:]), step(1, 3, 0.5), step(2, 4, np.nextafter(np.float32(0.5), 0))]
    labels = drain(assemble(steps, seeds())).labels.array
    assert (labels[2, :, :4] == 1).all()
    assert (labels[2, :, 4:] == 2).all()
    assert (labels[3] == 1).all()
    assert not labels[4].any()
    assert not labels[:2].any()


def test_the_first_label_wins_a_tie_in_either_order():
    for steps in ([step(1, 2, 0.7), step(2, 2, 0.7)], [step(2, 2, 0.7), step(1, 2, 0.7)]):
        assert (drain(assemble(steps, seeds())).labels.array[2] == 1).all()


def test_a_slice_that_comes_twice_counts_as_it_came_last():
    steps = [step(2, 2, 0.9), step(1, 2, 0.6), step(2, 2, 0.1)]
    assert (drain(assemble(steps, seeds())).labels.array[2] == 1).all()


def test_what_the_expert_drew_wins_over_what_was_found():
    mask = np.zeros(SHAPE, dtype=bool)
    mask[2:4, 2:4] = True
    own = seeds({1: {2: mask}, 2: {3: np.zeros(SHAPE, dtype=bool)}})
    # Muscle 1 is found everywhere on the slice where it was drawn, muscle 2 where it was said to be absent.
    steps = [step(1, 2, 1.0), step(2, 2, 1.0), step(2, 3, 1.0)]
    result = drain(assemble(steps, own, keep_probability=True))
    assert ((result.labels.array[2] == 1) == mask).all()
    assert ((result.labels.array[2] == 2) == ~mask).all()
    assert not result.labels.array[3].any()
    assert (result.probability[2] == 1).all()
    assert (result.probability[3] == 0).all()


def test_the_probability_is_of_the_own_label_or_of_the_likeliest():
    steps = [step(1, 2, 0.75, np.s_[:3]), step(2, 2, 0.25)]
    probability = drain(assemble(steps, seeds(), keep_probability=True)).probability
    assert np.allclose(probability[2, :3], 0.75, atol=1e-3)
    assert np.allclose(probability[2, 3:], 0.25, atol=1e-3)
    assert drain(assemble(steps, seeds())).probability is None


def test_progress_is_passed_on():
    work = assemble([Step(1, 2, np.zeros(SHAPE, dtype=np.float32), 3, 9)], seeds())
    assert next(work) == Progress("propagating", 3, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        step(7, 2, 0.5),
        step(1, 5, 0.5),
        step(1, 2, np.nan),
        step(1, 2, 1.5),
        step(1, 2, -0.1),
        Step(1, 2, np.zeros((3, 3), dtype=np.float32), 1, 1),
    ],
)
def test_steps_that_do_not_belong_to_the_seeds_are_refused(wrong):
    with pytest.raises(InputError):
        drain(assemble([wrong], seeds()))


def test_pixels_drawn_twice_stay_with_the_lower_label_and_are_told():
    both = np.ones(SHAPE, dtype=bool)
    with pytest.warns(InputWarning, match="^48 pixels"):
        labels = drain(assemble([], seeds({1: {1: both}, 2: {1: both}}))).labels.array
    assert (labels[1] == 1).all()


@pytest.mark.parametrize(("label", "stored"), [(255, np.uint8), (256, np.uint16), (40000, np.uint16)])
def test_labels_are_stored_in_the_smallest_whole_numbers_that_hold_them(label, stored):
    mask = np.ones(SHAPE, dtype=bool)
    drawn = Seeds({label: {1: mask}}, seeds().grid, {label: "TA"})
    labels = drain(assemble([step(label, 2, 1.0)], drawn)).labels.array
    assert labels.dtype == stored
    assert (labels[1:3] == label).all()


def test_seeds_of_no_muscle_make_an_empty_segmentation():
    assert not drain(assemble([], Seeds({}, seeds().grid, {}))).labels.array.any()


def test_a_probability_is_kept_in_half_precision_down_to_the_smallest_step():
    probability = drain(assemble([step(1, 2, 1.5 / 65534)], seeds(), keep_probability=True)).probability
    assert probability.dtype == np.float16
    assert np.allclose(probability[2], 1 / 65534, rtol=0.05)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_scattered_pixels_go_to_the_most_probable_muscle(seed, pixels):
    rng = np.random.default_rng(seed)
    found = np.zeros((2, *SHAPE), np.float32)
    for label in (0, 1):
        places = rng.choice(found[label].size, pixels, replace=False)
        found[label].flat[places] = rng.random(pixels)
    labels = drain(assemble([Step(label + 1, 2, found[label], 1, 1) for label in (0, 1)], seeds())).labels.array
    expected = np.where(found.max(axis=0) >= 0.5, found.argmax(axis=0) + 1, 0)
    assert (labels[2] == expected).all()


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_the_order_of_the_steps_makes_no_difference(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    own = seeds({1: {0: disc(3, (3, 3), SHAPE), 4: disc(2, (3, 3), SHAPE)}, 2: {2: disc(2, (3, 5), SHAPE)}})
    steps = [Step(label, z, rng.random(SHAPE), 1, 1) for label in (1, 2) for z in range(5)]
    shuffled = data.draw(st.permutations(steps))
    first, second = (drain(assemble(order, own, keep_probability=True)) for order in (steps, shuffled))
    assert (first.labels.array == second.labels.array).all()
    assert (first.probability == second.probability).all()
    for label in (1, 2):
        for z, mask in own.masks[label].items():
            assert ((first.labels.array[z] == label) == mask).all()
