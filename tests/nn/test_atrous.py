"""The atrous block: its dilation, what is left out of it, and how far it sees."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.atrous import AtrousSeparableConv3d
from ifssnet.nn.blocks.choices import IN_PLANE, SAME, shares
from ifssnet.nn.blocks.convolution import convolution, normalisation
from ifssnet.nn.blocks.depthwise import depthwise

SHAPES = [(3, 20, 17), (3, 8, 30), (3, 5, 5), (1, 6, 6), (7, 24, 24)]


def literal(maps: Tensor, weight: Tensor, dilation: tuple[int, int, int]) -> Tensor:
    """Every tap at its place, zeros where it leaves the maps: what the paper writes."""
    padding = [rate * (size // 2) for rate, size in zip(dilation, weight.shape[2:], strict=True)]
    return F.conv3d(maps, weight, padding=padding, dilation=dilation, groups=maps.shape[1])


def extent(field: Tensor) -> tuple[int, ...]:
    """Sides of the box of what is not zero."""
    return tuple(int(where.max() - where.min()) + 1 for where in field.nonzero(as_tuple=True))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dilation", [(1, 1, 1), (6, 6, 6), (1, 6, 6), (18, 18, 18), (1, 18, 18), (2, 3, 5)])
def test_what_is_left_out_changes_nothing(shape: tuple[int, int, int], dilation: tuple[int, int, int]) -> None:
    torch.manual_seed(1)
    maps, weight = torch.randn(2, 3, *shape, dtype=torch.float64), torch.randn(3, 1, 3, 3, 3, dtype=torch.float64)
    target = torch.randn_like(maps)
    values, gradients = [], []
    for way in (literal, depthwise):
        here = maps.clone().requires_grad_(), weight.clone().requires_grad_()
        out = way(*here, dilation)
        (out * target).sum().backward()
        values.append(out)
        gradients.append([value.grad for value in here])
    torch.testing.assert_close(values[1], values[0])
    torch.testing.assert_close(gradients[1], gradients[0])


def test_a_filter_without_depth_keeps_slices_apart() -> None:
    torch.manual_seed(1)
    maps = torch.randn(2, 3, 4, 9, 9, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(depthwise(maps, weight), literal(maps, weight, (1, 1, 1)))
    assert torch.autograd.gradcheck(depthwise, (maps[:1, :, :2, :4, :4], weight))


@pytest.mark.parametrize(("rate", "side"), [(1, 3), (6, 13), (12, 25), (18, 37)])
@pytest.mark.parametrize("depth_dilation", [SAME, IN_PLANE])
def test_receptive_fields(rate: int, side: int, depth_dilation: str) -> None:
    torch.manual_seed(1)
    block = AtrousSeparableConv3d(1, 2, "light", rates=(rate,), depth_dilation=depth_dilation, normalise=False)
    maps = torch.zeros(1, 1, 39, 39, 39, requires_grad=True)
    # Before the rectifier, which would hide what lies behind a negative value.
    block.pointwise[0](block.depthwise[0](maps))[0, 0, 19, 19, 19].backward()
    assert maps.grad is not None
    assert extent(maps.grad[0, 0]) == (side if depth_dilation == SAME else 3, side, side)


def test_in_three_slices_only_the_rate_of_one_reaches_the_neighbours() -> None:
    torch.manual_seed(1)
    for depth_dilation, reaching in ((SAME, [True, False, False, False]), (IN_PLANE, [True] * 4)):
        block = AtrousSeparableConv3d(1, 4, depth_dilation=depth_dilation)
        block(torch.randn(1, 1, 3, 40, 40)).sum().backward()
        gradients = [filtered.weight.grad for filtered in block.depthwise]
        assert [bool(gradient[:, :, [0, 2]].any()) for gradient in gradients] == reaching
        assert all(bool(gradient[:, :, 1].any()) for gradient in gradients)


def test_readings_have_the_parameters_that_they_say() -> None:
    def count(reading: str) -> int:
        return sum(value.numel() for value in AtrousSeparableConv3d(30, 60, reading, normalise=False).parameters())

    filters = 4 * 30 * 27
    assert count("full") == filters + 4 * (30 * 60 + 60) + (240 * 60 + 60)
    assert count("light") == filters + 30 * 60 + 60


def test_thirty_channels_are_shared_by_four_rates() -> None:
    assert sorted(shares(30, 4)) == [7, 7, 8, 8]
    block = AtrousSeparableConv3d(2, 30, "light")
    assert block(torch.randn(1, 2, 3, 8, 8)).shape == (1, 30, 3, 8, 8)


@pytest.mark.parametrize("separable", [True, False])
@pytest.mark.parametrize("depth", [1, 3])
def test_convolutions_keep_the_shape_and_the_neighbours(separable: bool, depth: int) -> None:
    torch.manual_seed(1)
    maps = torch.randn(1, 4, 3, 7, 7, requires_grad=True)
    out = convolution(4, 5, depth, separable)(maps)
    assert out.shape == (1, 5, 3, 7, 7)
    out[0, 2, 1, 3, 3].backward()
    assert maps.grad is not None
    assert extent(maps.grad[0].abs().sum(0)) == (depth, 3, 3)


def test_groups_divide_the_channels() -> None:
    assert [normalisation(channels, True).num_groups for channels in (4, 16, 30, 60, 64, 120)] == [1, 4, 6, 6, 8, 8]
    assert list(normalisation(30, False).parameters()) == []


def test_an_unknown_dilation_is_refused() -> None:
    with pytest.raises(InputError, match="depth_dilation"):
        AtrousSeparableConv3d(1, 4, depth_dilation="none")
