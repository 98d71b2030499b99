"""Global feature matching: what it sees, and what it costs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ifssnet.nn.blocks.matching import GlobalFeatureMatching, LocalMatching, SameConv3d


@pytest.mark.parametrize("size", [3, 7, 16])
@pytest.mark.parametrize("side", [3, 4, 16])
def test_any_kernel_on_any_bottleneck_keeps_the_shape(size: int, side: int) -> None:
    match = GlobalFeatureMatching(4, 3, size)
    assert match(torch.randn(2, 4, 3, side, side), torch.randn(2, 4, 3, side, side)).shape == (2, 4, 3, side, side)


def test_even_kernels_have_one_voxel_more_after_than_before() -> None:
    line = SameConv3d(1, 1, (1, 1, 16))
    values = torch.zeros(1, 1, 1, 1, 40, requires_grad=True)
    line(values)[..., 20].sum().backward()
    assert values.grad is not None
    where = values.grad.flatten().nonzero().flatten()
    assert (int(where.min()), int(where.max())) == (20 - 7, 20 + 8)


def test_both_chains_see_the_whole_rectangle_of_both_streams() -> None:
    torch.manual_seed(1)
    match = GlobalFeatureMatching(2, 3, 5)
    for chain in match.chains:
        maps = torch.zeros(1, 4, 5, 11, 11, requires_grad=True)
        chain(maps)[0, 0, 2, 5, 5].backward()
        assert maps.grad is not None
        for stream in maps.grad[0]:
            seen = stream.nonzero()
            assert seen.amin(0).tolist() == [1, 3, 3]
            assert seen.amax(0).tolist() == [3, 7, 7]
            assert len(seen) == 3 * 5 * 5


def test_the_papers_kernels_by_count() -> None:
    match = GlobalFeatureMatching(120, 3, 16, normalise=False)
    chain = (3 * 240 + 16 * 120 + 16 * 120) * 120 + 3 * 120
    residual = 2 * (27 * 120 * 120 + 120)
    assert sum(value.numel() for value in match.parameters()) == 2 * chain + residual == 1_872_960


def test_the_residual_block_is_an_identity_that_learns() -> None:
    match = GlobalFeatureMatching(4, 3, 3)
    for value in match.residual.parameters():
        nn.init.zeros_(value)
    maps = torch.randn(1, 4, 3, 5, 5)
    assert torch.equal(match.residual(maps), maps)


def test_without_matching_each_voxel_is_on_its_own() -> None:
    maps = torch.zeros(1, 3, 3, 5, 5, requires_grad=True)
    LocalMatching(3)(maps, maps)[0, 0, 1, 2, 2].backward()
    assert maps.grad is not None
    assert {tuple(place) for place in maps.grad[0].abs().sum(0).nonzero().tolist()} == {(1, 2, 2)}
