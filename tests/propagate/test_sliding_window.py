"""A network over windows: where each window lies, what counts where they overlap, what lies beyond a short volume."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ifssnet.propagate.network_input.sliding_window import LEAST_WEIGHT, over_windows

CPU = torch.device("cpu")


class Recorder(nn.Module):
    """Two classes: how many windows came before, and the window itself."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[Tensor] = []

    def forward(self, window: Tensor) -> Tensor:
        self.windows.append(window.clone())
        number = torch.full_like(window, float(len(self.windows) - 1))
        return torch.cat([number, window], dim=1)


def test_windows_lie_side_by_side_and_the_last_one_ends_with_the_volume() -> None:
    volume = torch.arange(9.0)[:, None, None].expand(9, 2, 2).contiguous()
    network = Recorder()
    found = over_windows(network, volume, (4, 2, 2), 0.25, 0.0, CPU)
    # Steps of 3 slices: the third window would end with slice 9, which is not there.
    assert [int(window[0, 0, 0, 0, 0]) for window in network.windows] == [0, 3, 5]
    torch.testing.assert_close(found[1], volume)


def test_overlapping_windows_are_averaged_with_gaussian_weights() -> None:
    found = over_windows(Recorder(), torch.zeros(7, 1, 1), (4, 1, 1), 0.25, 0.0, CPU)[0, :, 0, 0]
    # Slice 3 is the last one of window 0 and the first one of window 1: equal weights.
    assert found.tolist() == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0]
    found = over_windows(Recorder(), torch.zeros(6, 1, 1), (4, 1, 1), 0.5, 0.0, CPU)[0, :, 0, 0]
    # A window of 4 slices has an SD of half a slice; its slices lie 1.5, 0.5, 0.5 and 1.5 from the middle.
    outer, inner = (math.exp(-((away / 0.5) ** 2) / 2) for away in (1.5, 0.5))
    assert found[2] == pytest.approx(outer / (outer + inner))
    assert found[3] == pytest.approx(inner / (outer + inner))


def test_no_voxel_is_lost_where_its_weight_is_almost_nothing() -> None:
    corner = math.exp(-(((15.5 / 4) ** 2) / 2) * 3)
    assert corner < LEAST_WEIGHT**2
    found = over_windows(Recorder(), torch.zeros(32, 32, 48), (32, 32, 32), 0.5, 0.0, CPU)[0]
    # At the border of a window the least weight stands against that of the other's middle, which is the least as well.
    assert found[0, 0, 24] == pytest.approx(0.5)


def test_a_short_volume_lies_in_the_middle_of_the_window() -> None:
    network = Recorder()
    volume = torch.ones(3, 2, 2)
    found = over_windows(network, volume, (8, 2, 2), 0.25, -7.0, CPU)
    (window,) = network.windows
    assert window[0, 0, :, 0, 0].tolist() == [-7.0, -7.0, 1.0, 1.0, 1.0, -7.0, -7.0, -7.0]
    assert found.shape == (2, 3, 2, 2)
    torch.testing.assert_close(found[1], volume)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.9])
@pytest.mark.parametrize("shape", [(5, 9, 4), (17, 4, 8), (4, 4, 4)])
def test_what_windows_do_not_change_comes_back(shape: tuple[int, int, int], overlap: float) -> None:
    volume = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(over_windows(Recorder(), volume, (4, 4, 4), overlap, 0.0, CPU)[1], volume)
