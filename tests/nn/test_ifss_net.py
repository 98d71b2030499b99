"""IFSS-Net as a whole: shapes, shared weights, sizes, settings."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import plain_table, structure
from ifssnet.nn.blocks.convolution import Pointwise
from ifssnet.nn.blocks.decoder import PatchDoubling, doubling
from ifssnet.nn.blocks.encoder import TwinEncoders
from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig

SETTINGS = [
    {},
    {"blocks": "full", "bottleneck": "full"},
    {"depth_dilation": "in-plane"},
    {"matching": False},
    {"direction": "forward"},
    {"direction": "none"},
    {"state": "carried"},
    {"mask_channels": 3},
    {"mask_channels": 4, "stem": 8},
    {"normalise": False},
    {"widths": (8, 8, 8)},
]


def count(config: IFSSNetConfig) -> int:
    return sum(value.numel() for value in IFSSNet(config).parameters())


def net(**changes: object) -> IFSSNet:
    torch.manual_seed(1)
    return IFSSNet(IFSSNetConfig.small(**changes)).eval()


@pytest.mark.parametrize("shape", [(64, 64), (96, 96), (128, 128), (96, 64)])
def test_logits_have_the_shape_of_the_window(shape: tuple[int, int]) -> None:
    logits, state = net()(torch.randn(2, 1, 3, *shape), torch.rand(2, 1, 3, *shape))
    assert logits.shape == (2, 2, 3, *shape)
    assert state is None


def test_at_the_papers_size_the_streams_end_in_120_maps_of_3_x_16_x_16() -> None:
    torch.manual_seed(1)
    config = IFSSNetConfig(blocks="light", bottleneck="light", direction="none", matching=False)
    network = IFSSNet(config).eval()
    ends = []
    network.encoders.register_forward_hook(lambda _module, _arguments, out: ends.extend(out))
    with torch.inference_mode():
        logits, _ = network(torch.randn(1, 1, 3, 512, 512), torch.rand(1, 1, 3, 512, 512))
    assert ends[0].shape == ends[1].shape == (1, 120, 3, 16, 16)
    assert [skip.shape[1] for skip in ends[2]] == [30, 30, 60, 60, 120]
    assert [skip.shape[-1] for skip in ends[2]] == [512, 256, 128, 64, 32]
    assert logits.shape == (1, 2, 3, 512, 512)


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_every_setting_learns_with_every_parameter_that_can(changes: dict[str, object]) -> None:
    network = net(**changes).train()
    channels, side = network.config.mask_channels, 64
    mask = torch.rand(1, channels, 3, side, side)
    logits, state = network(torch.randn(1, 1, 3, side, side), mask)
    assert logits.shape == (1, 2, 3, side, side)
    logits, _ = network(torch.randn(1, 1, 3, side, side), mask, state)
    nn.functional.cross_entropy(logits, torch.randint(0, 2, (1, 3, side, side))).backward()
    assert all(value.grad is not None and bool(value.grad.isfinite().all()) for value in network.parameters())


def test_the_twins_are_one_and_their_gradients_add() -> None:
    torch.manual_seed(1)
    stages = [Pointwise(1, 4), Pointwise(4, 4)]
    twins = TwinEncoders([*stages], dropout=0.0)
    assert {id(value) for value in twins.parameters()} == {id(value) for stage in stages for value in stage.parameters()}
    image, mask = torch.randn(1, 1, 3, 8, 8), torch.randn(1, 1, 3, 8, 8)

    def gradient(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        twins.zero_grad()
        appearance, location, _ = twins(image, mask)
        (appearance.sum() + location.sum()).backward()
        return stages[0].linear.weight.grad.clone()

    # One stage without pooling's choice: the streams run apart, by hand, with the same weights used twice.
    one = TwinEncoders([stages[0]], dropout=0.0)
    one.pool = nn.Identity()  # type: ignore[assignment]
    weight = stages[0].linear.weight.detach().clone().requires_grad_()
    for_image, for_mask = weight.clone(), weight.clone()
    for_image.retain_grad()
    for_mask.retain_grad()
    a = torch.einsum("oc,bczyx->bozyx", for_image, image)
    m = torch.einsum("oc,bczyx->bozyx", for_mask, mask) + a
    ((a + 2 * m) ** 2).sum().backward()
    stages[0].linear.bias.data.zero_()
    stages[0].zero_grad()
    appearance, location, skips = one(image, mask)
    assert torch.equal(skips[0], location)
    ((appearance + 2 * location) ** 2).sum().backward()
    torch.testing.assert_close(stages[0].linear.weight.grad, for_image.grad + for_mask.grad, rtol=1e-4, atol=1e-3)
    # Both streams reach the weights.
    nothing = torch.zeros_like(image)
    assert bool(gradient(image, nothing).any())
    assert bool(gradient(nothing, mask).any())


def test_the_image_is_in_the_mask_stream_and_not_the_other_way_round() -> None:
    encoders = net().encoders
    image, mask = torch.randn(1, 1, 3, 64, 64), torch.rand(1, 1, 3, 64, 64)
    appearance, location, _ = encoders(image, mask)
    other_appearance, other_location, _ = encoders(image, 1 - mask)
    torch.testing.assert_close(appearance, other_appearance)
    assert not torch.allclose(location, other_location)
    assert not torch.allclose(encoders(image + torch.randn_like(image), mask)[1], location)


def test_what_it_says_depends_on_every_slice_and_both_inputs() -> None:
    network = net()
    image, mask = torch.randn(1, 1, 3, 64, 64, requires_grad=True), torch.rand(1, 1, 3, 64, 64, requires_grad=True)
    network(image, mask)[0][0, 1, 1].square().sum().backward()
    for given in (image, mask):
        assert given.grad is not None
        assert all(bool(given.grad[0, 0, z].any()) for z in range(3))


def test_a_carried_state_changes_the_result_and_a_window_of_its_own_does_not_know_it() -> None:
    image, mask = torch.randn(1, 1, 3, 64, 64), torch.rand(1, 1, 3, 64, 64)
    carried = net(state="carried")
    _, state = carried(image, mask)
    assert state is not None
    assert state[0].shape == state[1].shape == (1, 8, 2, 2)
    assert not torch.allclose(carried(image, mask, state)[0], carried(image, mask)[0])
    apart = net(state="window")
    assert torch.equal(apart(image, mask, state)[0], apart(image, mask)[0])


def test_parameter_counts_are_the_stated_ones() -> None:
    assert count(IFSSNetConfig.paper()) == 5_733_350
    assert count(IFSSNetConfig(blocks="light")) == 3_152_960
    assert count(IFSSNetConfig.light()) == 291_070
    assert count(IFSSNetConfig.light(mask_channels=3)) == 291_336
    # A 3 x 3 x 3 convolution of each stream's own, with a bias, and its normalisation, 8 maps of 1 and of 4 channels; the
    # first stage then filters 8 maps instead of 1 at four rates (27 taps each) and mixes them into 16.
    stems = 8 * 27 * (1 + 4) + 2 * 3 * 8
    assert count(IFSSNetConfig.light(stem=8, mask_channels=4)) == 291_070 + stems + 4 * 27 * (8 - 1) + 16 * (8 - 1)


def test_a_zero_last_layer_says_nothing_yet() -> None:
    network = net(zero_last=True, mask_channels=3)
    logits, _ = network(torch.randn(1, 1, 3, 64, 64), torch.rand(1, 3, 3, 64, 64))
    assert not bool(logits.any())
    logits, _ = network(torch.randn(1, 1, 3, 64, 64), torch.rand(1, 3, 3, 64, 64))
    (logits - 1).square().sum().backward()
    assert bool(network.decoder.last.linear.weight.grad.any())


def test_the_patch_is_a_transposed_convolution() -> None:
    torch.manual_seed(1)
    patch, known = PatchDoubling(5, 3), nn.ConvTranspose3d(5, 3, (1, 2, 2), stride=(1, 2, 2))
    with torch.no_grad():
        patch.bias.copy_(known.bias)
        patch.patch.weight.copy_(known.weight[:, :, 0].permute(2, 3, 1, 0).reshape(12, 5))
    maps = torch.randn(2, 5, 3, 4, 6)
    torch.testing.assert_close(patch(maps), known(maps))
    assert doubling(5, 3, "full")(maps).shape == doubling(5, 3, "light")(maps).shape == (2, 3, 3, 8, 12)


def test_the_configuration_survives_a_file() -> None:
    config = IFSSNetConfig.light(mask_channels=2, direction="forward")
    assert structure(IFSSNetConfig, json.loads(json.dumps(plain_table(config))), "a file", complete=True) == config
    with pytest.raises(InputError):
        structure(IFSSNetConfig, {"widths": [4]}, "a file", complete=True)


def test_windows_that_cannot_be_halved_and_settings_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="32"):
        net()(torch.randn(1, 1, 3, 80, 64), torch.rand(1, 1, 3, 80, 64))
    for wrong in ({"direction": "up"}, {"blocks": "heavy"}, {"state": "forgotten"}, {"widths": (2, 2)}, {"rates": (0, 1)}):
        with pytest.raises(InputError):
            IFSSNetConfig(**wrong)


@pytest.mark.slow
def test_the_papers_network_at_the_papers_size() -> None:
    network = IFSSNet(IFSSNetConfig.paper()).eval()
    with torch.inference_mode():
        logits, state = network(torch.randn(1, 1, 3, 512, 512), torch.rand(1, 1, 3, 512, 512))
    assert logits.shape == (1, 2, 3, 512, 512)
    assert state is not None
    assert state[0].shape == (1, 120, 16, 16)
