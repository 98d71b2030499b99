from __future__ import annotations

import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import plain_table, structure
from ifssnet.nn.networks.unet_3d import UNet3dConfig, UNet3dNetwork


@pytest.mark.parametrize("shape", [(8, 16, 24), (16, 32, 16)])
@pytest.mark.parametrize("classes", [2, 4])
def test_logits_of_every_class_at_every_voxel(classes: int, shape: tuple[int, int, int]) -> None:
    config = UNet3dConfig.light(classes)
    assert all(side % config.multiple == 0 for side in shape)
    assert UNet3dNetwork(config)(torch.randn(2, 1, *shape)).shape == (2, classes, *shape)


def test_a_voxel_is_judged_by_its_surroundings_along_all_axes() -> None:
    torch.manual_seed(0)
    image = torch.randn(1, 1, 32, 32, 32, requires_grad=True)
    UNet3dNetwork(UNet3dConfig.light())(image)[0, 1, 16, 16, 16].backward()
    seen = image.grad[0, 0].abs() > 0
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        assert int(seen.any(dim=others[1]).any(dim=others[0]).sum()) > 16


def test_the_default_is_of_a_usual_width() -> None:
    config = UNet3dConfig()
    assert config.widths == (32, 64, 128, 256, 512)
    assert config.multiple == 16
    assert 15e6 < sum(p.numel() for p in UNet3dNetwork(config).parameters()) < 25e6


def test_the_configuration_survives_a_file() -> None:
    values = plain_table(UNet3dConfig.light(3))
    assert structure(UNet3dConfig, values, "a file", complete=True) == UNet3dConfig.light(3)
    with pytest.raises(InputError):
        structure(UNet3dConfig, {**values, "depth": 3}, "a file", complete=True)


@pytest.mark.parametrize("wrong", [{"classes": 1}, {"widths": (8,)}, {"dropout": 1.0}])
def test_networks_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        UNet3dConfig(**wrong)


def test_parameters_have_the_names_of_monais() -> None:
    """Weights that were trained with MONAI's network fit this one, which gives the same to the bit (1.6.1)."""
    unit = ("conv.unit0.conv.weight", "conv.unit0.conv.bias", "conv.unit0.adn.A.weight", "residual.weight", "residual.bias")
    names = [f"{block}.{name}" for block in ("model.0", "model.1.submodule") for name in unit]
    names += ["model.2.0.conv.weight", "model.2.0.conv.bias", "model.2.0.adn.A.weight"]
    names += ["model.2.1.conv.unit0.conv.weight", "model.2.1.conv.unit0.conv.bias"]
    found = UNet3dNetwork(UNet3dConfig(2, (4, 8), 1)).state_dict()
    assert list(found) == names
    assert found["model.2.0.conv.weight"].shape == (12, 2, 3, 3, 3)


def test_a_network_without_residual_units() -> None:
    network = UNet3dNetwork(UNet3dConfig(3, (4, 8, 8), residual_units=0))
    assert network(torch.randn(1, 1, 8, 8, 8)).shape == (1, 3, 8, 8, 8)
    assert not any("residual" in name for name in network.state_dict())
    # The logits come straight from a convolution, with nothing after it.
    assert [name for name in network.state_dict() if name.startswith("model.2")] == ["model.2.conv.weight", "model.2.conv.bias"]
