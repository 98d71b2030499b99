"""The ConvLSTM: its equations, one cell in both directions, and what it carries over."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.conv_lstm import BiConvLSTM, ConvLSTM, detached


def module(direction: str = "both", separable: bool = False) -> BiConvLSTM:
    torch.manual_seed(1)
    return BiConvLSTM(3, direction, separable=separable).eval()


def test_one_voxel_is_an_lstm() -> None:
    torch.manual_seed(1)
    cell, known = ConvLSTM(3, 3), nn.LSTMCell(3, 3)
    with torch.no_grad():
        # A 3 x 3 filter on a single pixel meets nothing but its middle; PyTorch's order of the gates is i, f, g, o.
        order = torch.tensor([0, 1, 2, 3, 4, 5, 9, 10, 11, 6, 7, 8])
        known.weight_ih.copy_(cell.from_slices.weight[order, :, 0, 1, 1])
        known.weight_hh.copy_(cell.from_hidden.weight[order, :, 0, 1, 1])
        known.bias_ih.copy_(cell.from_slices.bias[order])
        known.bias_hh.zero_()
    maps, state = torch.randn(2, 3, 1, 1, 1), (torch.randn(2, 3, 1, 1), torch.randn(2, 3, 1, 1))
    hidden, memory = cell(cell.from_slices(maps)[:, :, 0], state)
    expected = known(maps[..., 0, 0, 0], (state[0][..., 0, 0], state[1][..., 0, 0]))
    torch.testing.assert_close((hidden[..., 0, 0], memory[..., 0, 0]), expected)


@pytest.mark.parametrize("separable", [False, True])
def test_backward_is_the_forward_cell_on_the_slices_turned_round(separable: bool) -> None:
    both, forward = module(separable=separable), module("forward", separable)
    forward.load_state_dict(both.state_dict())
    assert sum(value.numel() for value in both.parameters()) == sum(value.numel() for value in forward.parameters())
    maps = torch.randn(2, 3, 4, 6, 5)
    ahead = forward(maps)[0] - maps
    back = (forward(maps.flip(2))[0] - maps.flip(2)).flip(2)
    torch.testing.assert_close(both(maps)[0], maps + ahead + back)


def test_a_sequence_in_two_parts_is_the_whole_when_the_state_is_carried() -> None:
    forward = module("forward")
    maps = torch.randn(1, 3, 6, 5, 5)
    whole, last = forward(maps)
    first, state = forward(maps[:, :, :3])
    second, end = forward(maps[:, :, 3:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=2), whole)
    torch.testing.assert_close(end, last)
    assert not torch.allclose(forward(maps[:, :, 3:])[0], second)


def test_the_state_carried_is_the_forward_one() -> None:
    both, forward = module(), module("forward")
    forward.load_state_dict(both.state_dict())
    maps = torch.randn(1, 3, 3, 5, 5)
    start = forward(torch.randn(1, 3, 3, 5, 5))[1]
    torch.testing.assert_close(both(maps, start)[1], forward(maps, start)[1])


def test_a_detached_state_stops_back_propagation() -> None:
    forward = module()
    first = torch.randn(1, 3, 3, 5, 5, requires_grad=True)
    state = forward(first)[1]
    forward(torch.randn(1, 3, 3, 5, 5), detached(state))[0].sum().backward()
    assert first.grad is None
    forward(torch.randn(1, 3, 3, 5, 5), state)[0].sum().backward()
    assert first.grad is not None
    assert bool(first.grad.any())
    assert detached(None) is None


def test_left_out_it_is_nothing() -> None:
    none = module("none")
    maps = torch.randn(1, 3, 3, 5, 5)
    assert list(none.parameters()) == []
    out, state = none(maps)
    assert torch.equal(out, maps)
    assert state is None


def test_dropout_is_the_papers_in_training_only() -> None:
    torch.manual_seed(1)
    none = BiConvLSTM(8, "none").train()
    share = float((none(torch.ones(1, 8, 3, 32, 32))[0] == 0).float().mean())
    assert share == pytest.approx(0.4, abs=0.02)


def test_the_cell_begins_by_remembering() -> None:
    assert torch.equal(ConvLSTM(2, 3).from_slices.bias[3:6], torch.ones(3))


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(InputError, match="direction"):
        BiConvLSTM(3, "backward")
