from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.networks.pg_net import PGNet, PGNetConfig
from ifssnet.nn.networks.unet_3d import UNet3dConfig, UNet3dNetwork
from ifssnet.propagate.baselines.unet_3d import UNet3d, UNet3dInference
from ifssnet.propagate.network_input.region import Sampling, crop, normalised, region_of
from ifssnet.propagate.recurrent import pg_net
from ifssnet.propagate.recurrent.inference import RecurrentInference

PLAIN = Sampling(pixel_mm=1.0, slice_mm=1.0, margin_mm=4.0, multiple_px=16, least_px=32, mean=0.0, sd=1.0)


class GreySays(nn.Module):
    """The logit of class k is k's share of the grey level: what comes out can be worked out by hand."""

    def __init__(self, shares: tuple[float, ...]) -> None:
        super().__init__()
        self.shares = nn.Parameter(torch.tensor(shares))

    def forward(self, grey: Tensor) -> Tensor:
        return grey * self.shares[None, :, None, None, None]


def volume_of(array: np.ndarray, spacing_xyz_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Volume:
    return Volume(array, Grid(array.shape, spacing_xyz_mm))


def seeds_on(volume: Volume, at: dict[int, np.ndarray], label: int = 7, name: str = "soleus") -> Seeds:
    return Seeds({label: at}, volume.grid, {label: name})


def square(shape: tuple[int, int], top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_every_voxel_gets_the_softmax_of_its_logits() -> None:
    rng = np.random.default_rng(0)
    volume = volume_of(rng.uniform(-3, 3, (11, 20, 27)).astype(np.float32))
    method = UNet3d(GreySays((0.0, 1.0, -1.0)), ("GM", "SOL"), PLAIN, UNet3dInference((8, 16, 16), 0.25))
    steps = list(method.prepare(volume, seeds_on(volume, {})).steps())
    assert [(step.label, step.z, step.done, step.total) for step in steps] == [(7, z, z + 1, 11) for z in range(11)]
    grey = volume.array
    expected = np.exp(-grey) / (1 + np.exp(grey) + np.exp(-grey))
    np.testing.assert_allclose(np.stack([step.probability for step in steps]), expected, atol=1e-5)


def test_slices_between_those_that_it_sees_have_logits_between_theirs() -> None:
    grey = np.linspace(-2, 2, 9)[:, None, None] * np.ones((9, 16, 16))
    grey[1::2] = 50  # never looked at
    volume = volume_of(grey.astype(np.float32), (1.0, 1.0, 0.5))
    method = UNet3d(GreySays((0.0, 1.0)), ("SOL",), PLAIN, UNet3dInference((8, 16, 16)))
    found = np.array([step.probability[5, 5] for step in method.prepare(volume, seeds_on(volume, {})).steps()])
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-np.linspace(-2, 2, 9))), atol=1e-5)


def test_larger_pixels_are_seen_as_means_and_put_back_smoothly() -> None:
    grey = np.zeros((4, 32, 32), np.float32)
    grey[:, :, 16:] = 4.0
    volume = volume_of(grey, (0.5, 0.5, 1.0))
    method = UNet3d(GreySays((0.0, 1.0)), ("SOL",), PLAIN, UNet3dInference((4, 16, 16)))
    row = next(iter(method.prepare(volume, seeds_on(volume, {})).steps())).probability[8]
    assert row[0] == pytest.approx(0.5)
    assert row[-1] == pytest.approx(1 / (1 + np.exp(-4.0)))
    # Between the centres of the two blocks beside the edge logits are 1 and 3.
    np.testing.assert_allclose(row[15:17], 1 / (1 + np.exp([-1.0, -3.0])), rtol=1e-5)


def test_it_knows_muscles_by_name_and_refuses_others() -> None:
    volume = volume_of(np.zeros((4, 16, 16), np.float32))
    method = UNet3d(GreySays((0.0, 1.0)), ("SOL",), PLAIN, UNet3dInference((4, 16, 16)))
    with pytest.raises(InputError, match="TA"):
        method.prepare(volume, seeds_on(volume, {}, name="TA"))
    with pytest.raises(InputError):
        method.prepare(None, seeds_on(volume, {}))


def unet_weights() -> Weights:
    torch.manual_seed(0)
    config = UNet3dConfig.light(2)
    tensors = {name: tensor.numpy() for name, tensor in UNet3dNetwork(config).state_dict().items()}
    return Weights("unet-3d", plain_table(config), {**asdict(PLAIN), "window_zyx": [8, 16, 16]}, ("SOL",), tensors)


def test_a_u_net_out_of_a_file_sees_as_in_training() -> None:
    method = UNet3d.from_weights(unet_weights(), overlap=0.5)
    assert method.inference == UNet3dInference((8, 16, 16), 0.5)
    assert method.sampling == PLAIN
    assert not method.network.training


def pg_weights() -> Weights:
    torch.manual_seed(0)
    config = PGNetConfig.light()
    tensors = {name: tensor.numpy() for name, tensor in PGNet(config).state_dict().items()}
    return Weights("pg-net", plain_table(config), asdict(PLAIN), (), tensors)


@pytest.mark.parametrize("load", [UNet3d.from_weights, pg_net.from_weights])
def test_weights_that_do_not_fit_are_refused(load) -> None:
    mine, other = (unet_weights(), pg_weights()) if load == UNet3d.from_weights else (pg_weights(), unet_weights())
    load(mine)
    first = sorted(mine.tensors)[0]
    cut_short = {name: tensor for name, tensor in mine.tensors.items() if name != first}
    for wrong in (
        other,
        replace(mine, tensors=cut_short),
        replace(mine, tensors={**mine.tensors, first: np.zeros((1, 2, 3), np.float32)}),
        replace(mine, sampling={}),
        replace(mine, network={}),
    ):
        with pytest.raises(InputError):
            load(wrong)


def noisy(slices: int = 9) -> Volume:
    return volume_of(np.random.default_rng(1).uniform(0, 2, (slices, 48, 48)).astype(np.float32))


def test_a_mask_goes_from_slice_to_slice_with_the_given_one_as_reference() -> None:
    volume = noisy()
    mask = square((48, 48), 16, 20, 12)
    method = pg_net.from_weights(pg_weights(), direction="forward", empty_windows=99)
    network = method.stepper.network
    region = region_of({3: mask}, volume.grid, PLAIN)
    steps = {step.z: step.probability for step in method.prepare(volume, seeds_on(volume, {3: mask})).steps()}
    assert sorted(steps) == [4, 5, 6, 7, 8]

    def planes(array: np.ndarray) -> Tensor:
        return torch.from_numpy(crop(array[None], region))[None]

    images = [torch.from_numpy(normalised(crop(plane[None], region), PLAIN))[None] for plane in volume.array]
    previous = planes(mask)
    with torch.no_grad():
        logits = network(images[3], planes(mask), images[4], previous)
    expected = torch.softmax(logits, 1)[0, 1].numpy()
    rows, columns = slice(region.top, region.top + region.shape_yx[0]), slice(region.left, region.left + region.shape_yx[1])
    inside = steps[4][rows, columns]
    top, left = max(0, -region.top), max(0, -region.left)
    np.testing.assert_allclose(inside, expected[top : top + inside.shape[0], left : left + inside.shape[1]], atol=1e-5)


def test_both_directions_are_one_direction_each_way_from_a_single_slice() -> None:
    volume = noisy()
    mask = square((48, 48), 16, 20, 12)
    flipped = Volume(volume.array[::-1].copy(), volume.grid)
    both = pg_net.from_weights(pg_weights(), empty_windows=99)
    forward = pg_net.from_weights(pg_weights(), direction="forward", empty_windows=99)
    assert both.inference == RecurrentInference(stride=1, close_mm=1000.0, empty_windows=99)
    found = {step.z: step.probability for step in both.prepare(volume, seeds_on(volume, {4: mask})).steps()}
    down = {8 - step.z: step.probability for step in forward.prepare(flipped, seeds_on(flipped, {4: mask})).steps()}
    up = {step.z: step.probability for step in forward.prepare(volume, seeds_on(volume, {4: mask})).steps()}
    assert sorted(found) == [0, 1, 2, 3, 5, 6, 7, 8]
    for z, probability in {**down, **up}.items():
        np.testing.assert_allclose(found[z], probability, atol=1e-6)
