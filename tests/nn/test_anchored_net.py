"""The network that starts from its prior."""

from __future__ import annotations

import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import plain_table, structure
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.unet_2_5d import UNet25d, UNet25dConfig

SMALL = AnchoredNetConfig(widths=(8, 12, 16))
TWIN = AnchoredNetConfig.twin(widths=(4, 4, 8, 8, 8))


def _inputs(config: AnchoredNetConfig, side: int = 32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return (
        torch.randn(2, config.slices, side, side, generator=generator),
        10 * torch.randn(2, 1, side, side, generator=generator),
        torch.rand(2, config.cues, generator=generator),
    )


@pytest.mark.parametrize("config", [SMALL, TWIN])
def test_an_untrained_network_says_what_its_prior_says(config: AnchoredNetConfig) -> None:
    image, prior, cues = _inputs(config)
    logit = AnchoredNet(config).eval()(image, prior, cues)
    assert torch.equal(logit, 0.8 * prior.clamp(-6, 6))


@pytest.mark.parametrize("config", [SMALL, TWIN])
def test_every_input_can_change_the_output_once_it_is_trained(config: AnchoredNetConfig) -> None:
    network, inputs = AnchoredNet(config), _inputs(config)
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(3):  # the last layer starts at zero, so nothing reaches what lies before it in the first step
        optimiser.zero_grad()
        (network(*inputs) - torch.randn(2, 1, 32, 32)).square().mean().backward()
        optimiser.step()
    given = [tensor.requires_grad_() for tensor in inputs]
    network.correction(*given).square().sum().backward()
    assert all(tensor.grad is not None and bool((tensor.grad != 0).any()) for tensor in given)
    # Every slice of the context counts.
    assert bool((given[0].grad.abs().amax(dim=(0, 2, 3)) > 0).all())


def test_the_default_has_the_size_that_was_tried() -> None:
    assert sum(parameter.numel() for parameter in AnchoredNet().parameters()) == 156_065


def test_regions_of_any_multiple_fit() -> None:
    network = UNet25d(UNet25dConfig(planes=3, cues=1, widths=(8, 8, 8)))
    assert network.multiple == 4
    assert network(torch.zeros(1, 3, 20, 36), torch.zeros(1, 1)).shape == (1, 8, 20, 36)


def test_a_configuration_survives_a_file() -> None:
    assert structure(AnchoredNetConfig, plain_table(TWIN), "a file", complete=True) == TWIN
    with pytest.raises(InputError, match="slices in a file"):
        structure(AnchoredNetConfig, {"backbone": "unet-2.5d"}, "a file", complete=True)


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="backbones"):
        AnchoredNetConfig(backbone="resnet")
    with pytest.raises(InputError, match="three slices"):
        AnchoredNetConfig(backbone="ifss-net")
    with pytest.raises(InputError, match="multiples of 4"):
        UNet25dConfig(widths=(6, 8))
