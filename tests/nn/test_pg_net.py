from __future__ import annotations

import pytest
import torch
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import plain_table, structure
from ifssnet.nn.blocks.global_convolution import GlobalConvolution
from ifssnet.nn.blocks.resnet import ResNetTrunk
from ifssnet.nn.networks.pg_net import PGNet, PGNetConfig


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_trunk_has_the_published_parameters_of_resnet_50() -> None:
    # 25,557,032 in all, of which 2048 * 1000 + 1000 are the classifier's; group normalisation has as many as batch's.
    assert parameters(ResNetTrunk(3)) == 25_557_032 - 2_049_000
    assert parameters(ResNetTrunk(2)) == 25_557_032 - 2_049_000 - 64 * 7 * 7


def test_the_trunk_halves_five_times() -> None:
    trunk = ResNetTrunk(2, width=8, depths=(1, 1, 1, 1))
    sizes = [tuple(features.shape) for features in trunk(torch.zeros(1, 2, 64, 96))]
    assert sizes == [(1, 32, 16, 24), (1, 64, 8, 12), (1, 128, 4, 6), (1, 256, 2, 3)]


def test_a_global_convolution_is_the_sum_of_two_separable_kernels() -> None:
    torch.manual_seed(0)
    layer = GlobalConvolution(1, 1, 5)
    for part in layer.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.zeros_(part.bias)
    impulse = torch.zeros(1, 1, 11, 11)
    impulse[0, 0, 5, 5] = 1
    (tall, wide), (wide_2, tall_2) = layer.tall_first, layer.wide_first
    kernel = tall.weight[0, 0] @ wide.weight[0, 0] + tall_2.weight[0, 0] @ wide_2.weight[0, 0]
    expected = torch.zeros(11, 11)
    expected[3:8, 3:8] = kernel.flip(0, 1)
    torch.testing.assert_close(layer(impulse)[0, 0], expected)


def test_a_global_convolution_sees_its_whole_kernel_with_few_weights() -> None:
    layer = GlobalConvolution(6, 4, 7)
    assert parameters(layer) == 2 * (6 * 4 * 7 + 4 + 4 * 4 * 7 + 4)
    image = torch.randn(1, 6, 15, 15, requires_grad=True)
    layer(image)[0, :, 7, 7].sum().backward()
    seen = image.grad.abs().sum(dim=(0, 1)) > 0
    assert seen[4:11, 4:11].all()
    assert int(seen.sum()) == 49


@pytest.mark.parametrize("config", [PGNetConfig.light(), PGNetConfig(widths=(8,), depths=(1, 1, 1, 1), decoder=8)])
@pytest.mark.parametrize("shape", [(32, 32), (64, 96)])
def test_logits_have_the_size_of_the_image(config: PGNetConfig, shape: tuple[int, int]) -> None:
    network = PGNet(config)
    assert all(side % network.multiple == 0 for side in shape)
    image = torch.randn(2, 1, *shape)
    assert network(image, image, image, image).shape == (2, 2, *shape)


def test_a_reference_encoded_before_gives_the_same() -> None:
    torch.manual_seed(1)
    network = PGNet(PGNetConfig.light())
    planes = torch.randn(4, 2, 1, 32, 48)
    before = network.step(network.encode_reference(planes[0], planes[1]), planes[2], planes[3])
    torch.testing.assert_close(before, network(*planes))


def test_both_streams_train_one_encoder() -> None:
    torch.manual_seed(2)
    network = PGNet(PGNetConfig.light()).double()
    planes = torch.randn(4, 1, 1, 32, 32, dtype=torch.float64)
    shared = list(network.encoder.parameters())
    reference = network.encode_reference(planes[0], planes[1])
    value = network.step(reference, planes[2], planes[3]).square().sum()
    whole = torch.autograd.grad(value, shared, retain_graph=True)
    (into_reference,) = torch.autograd.grad(value, reference, retain_graph=True)
    by_reference = torch.autograd.grad(reference, shared, into_reference, retain_graph=True)
    value_of_target = network.step(reference.detach(), planes[2], planes[3]).square().sum()
    by_target = torch.autograd.grad(value_of_target, shared)
    for both, one, other in zip(whole, by_reference, by_target, strict=True):
        torch.testing.assert_close(both, one + other)
    assert all(part.abs().sum() > 0 for part in by_reference)


def test_all_that_it_is_given_has_a_say() -> None:
    torch.manual_seed(3)
    network = PGNet(PGNetConfig.light())
    planes = [torch.randn(1, 1, 32, 32, requires_grad=True) for _ in range(4)]
    network(*planes)[:, 1].sum().backward()
    assert all(plane.grad.abs().sum() > 0 for plane in planes)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    torch.manual_seed(4)
    network = PGNet(PGNetConfig.light())
    planes = torch.randn(4, 3, 1, 32, 32)
    alone = network(*(plane[1:2] for plane in planes))
    torch.testing.assert_close(network(*planes)[1:2], alone, rtol=1e-4, atol=1e-5)


def test_the_configuration_survives_a_file() -> None:
    config = PGNetConfig.light()
    assert structure(PGNetConfig, plain_table(config), "a file", complete=True) == config
    with pytest.raises(InputError):
        structure(PGNetConfig, {"encoder": "light"}, "a file", complete=True)


@pytest.mark.parametrize("wrong", [{"encoder": "vgg"}, {"widths": (60,)}, {"widths": (8, 16)}, {"kernel": 6}])
def test_networks_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        PGNetConfig(**wrong)
