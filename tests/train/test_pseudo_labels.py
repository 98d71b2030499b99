"""Pseudo-labels, worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.train.tasks.pseudo_labels import PseudoLabelConfig, guided_label, sequential_label


def window(*values: float) -> torch.Tensor:
    """One pixel a slice."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, len(values), 1, 1)


KNOWN = torch.tensor([[True, False, False]])
CONFIG = PseudoLabelConfig(decay_mm=10.0, least=0.2, handover=(0.2, 0.6), confidence=0.6, teacher_weight=0.7)


def test_the_papers_label_is_the_expert_or_the_window_before_place_by_place():
    last = window(0.1, 0.2, 0.3).requires_grad_()
    label, weight = sequential_label(window(1.0, 0.0, 0.0), KNOWN, last)
    assert label.flatten().tolist() == pytest.approx([1.0, 0.2, 0.3])
    assert weight.flatten().tolist() == [1, 1, 1]
    assert not label.requires_grad


def test_interpolation_weighs_less_with_distance_and_an_expert_one():
    distance_mm = torch.tensor([[0.0, 5.0, 100.0]])
    label, weight = guided_label(window(1, 0, 0), KNOWN, window(0.4, 0.8, 0.6), distance_mm, None, 0.0, CONFIG)
    assert label.flatten().tolist() == pytest.approx([1.0, 0.8, 0.6])
    assert weight.flatten().tolist() == pytest.approx([1.0, math.exp(-0.5), 0.2])


def test_the_teacher_takes_over_where_it_is_sure_and_nowhere_else():
    distance_mm = torch.tensor([[0.0, 5.0, 5.0]])
    teacher = window(0.0, 0.1, 0.75)
    # Half of the handover; |2 * .1 - 1| = .8 is sure, |2 * .75 - 1| = .5 is not.
    label, weight = guided_label(window(1, 0, 0), KNOWN, window(0.4, 0.8, 0.6), distance_mm, teacher, 0.4, CONFIG)
    assert label.flatten().tolist() == pytest.approx([1.0, 0.5 * 0.8 + 0.5 * 0.1, 0.6])
    near = math.exp(-0.5)
    assert weight.flatten().tolist() == pytest.approx([1.0, 0.5 * near + 0.5 * 0.7, near])


def test_before_the_handover_the_teacher_says_nothing_and_after_it_everything_it_is_sure_of():
    distance_mm = torch.zeros(1, 3)
    arguments = (window(1, 0, 0), KNOWN, window(0.4, 0.8, 0.6), distance_mm, window(0, 0.05, 0.95))
    assert guided_label(*arguments, 0.2, CONFIG)[0].flatten().tolist() == pytest.approx([1.0, 0.8, 0.6])
    assert guided_label(*arguments, 0.6, CONFIG)[0].flatten().tolist() == pytest.approx([1.0, 0.05, 0.95])
    assert [round(CONFIG.teachers_share(share), 6) for share in (0.0, 0.2, 0.3, 0.6, 1.0)] == [0, 0, 0.25, 1, 1]


def test_past_the_outermost_slices_interpolation_says_nothing():
    distance_mm = torch.tensor([[0.0, math.inf, 5.0]])
    _, weight = guided_label(window(1, 0, 0), KNOWN, window(0, 0, 0), distance_mm, None, 0.0, CONFIG)
    assert weight.flatten().tolist() == pytest.approx([1.0, 0.0, math.exp(-0.5)])


def test_no_gradient_reaches_the_teacher():
    teacher = window(0.05, 0.05, 0.05).requires_grad_()
    label, weight = guided_label(window(1, 0, 0), KNOWN, window(0.4, 0.8, 0.6), torch.zeros(1, 3), teacher, 1.0, CONFIG)
    assert not label.requires_grad
    assert not weight.requires_grad


def test_settings_that_cannot_be_are_refused():
    for bad in ({"decay_mm": 0.0}, {"handover": (0.7, 0.3)}, {"teacher_weight": 2.0}):
        with pytest.raises(InputError):
            PseudoLabelConfig(**bad)
