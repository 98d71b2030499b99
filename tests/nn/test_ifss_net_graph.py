"""IFSS-Net as a graph, with less arithmetic, gives what the network gives; and so does the literal one, with all of it."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ifssnet.core.errors import InputError
from ifssnet.io.storage.weights import open_weights
from ifssnet.nn.engines.compiled import Compiled
from ifssnet.nn.engines.graph import Graph
from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig
from ifssnet.nn.networks.ifss_net_graph import carries_state, window_graph
from ifssnet.nn.networks.literal import literal
from ifssnet.nn.tensors import filled
from ifssnet.propagate.network_input.trained_settings import network_settings
from ifssnet.workflow.files.default_weights import PACKAGE_FOLDER

EQUAL = 1e-5
"""Largest difference in SDs of the logits."""

SETTINGS: list[dict[str, object]] = [
    {},
    {"blocks": "full"},
    {"bottleneck": "full", "state": "carried"},
    {"depth_dilation": "in-plane"},
    {"matching": False},
    {"direction": "forward"},
    {"direction": "forward", "state": "carried"},
    {"direction": "none", "state": "carried"},
    {"state": "carried"},
    {"mask_channels": 3},
    {"mask_channels": 4, "stem": 8},
    {"normalise": False, "zero_last": True},
    {"widths": (8, 8, 8), "rates": (1, 2, 3), "window": 2},
    {"widths": (8, 8), "rates": (1, 2, 3), "window": 5},
    {"widths": (8, 8), "rates": (1, 2, 3), "window": 1},
    {"widths": (8, 8), "rates": (1, 2, 3), "window": 1, "state": "carried"},
]


@pytest.fixture(params=["onnxruntime", "openvino"])
def engine(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    return request.param


def _network(config: IFSSNetConfig) -> IFSSNet:
    torch.manual_seed(1)
    network = IFSSNet(config).eval()
    for name, values in network.named_parameters():
        # Those that start at zero or one, too, so that none is without effect.
        if values.ndim == 1 or name.startswith("decoder.last"):
            torch.nn.init.normal_(values, mean=float(values.ndim == 1 and name.endswith("weight")), std=0.2)
    return network


def _inputs(config: IFSSNetConfig, side: int = 32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    image = torch.randn(2, 1, config.window, side, side, generator=generator)
    mask = torch.rand(2, config.mask_channels, config.window, side, side, generator=generator)
    deep = (2, config.widths[-1], side // config.multiple, side // config.multiple)
    state = [torch.rand(deep, generator=generator) for _ in range(2)] if carries_state(config) else []
    return [image, mask, *state]


@torch.inference_mode()
def _given_by(network: IFSSNet, inputs: list[Tensor], kind: torch.dtype = torch.float32) -> list[np.ndarray]:
    network = copy.deepcopy(network).to(kind)
    image, mask, *given = (each.to(kind) for each in inputs)
    logits, state = network(image, mask, (given[0], given[1]) if given else None)
    return [each.numpy() for each in (logits[:, 1:] - logits[:, :1], *(state or ()))]


def _difference(found: list[np.ndarray], exact: list[np.ndarray]) -> float:
    assert [each.shape for each in found] == [each.shape for each in exact]
    return max(float(np.abs(one - other).max() / other.std()) for one, other in zip(found, exact, strict=True))


def _numbers(network: IFSSNet) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}


def _check(network: IFSSNet, inputs: list[Tensor], engine: str) -> None:
    """The graph is as close to the network in 64 bits as one may ask, or as the network in 32 bits is."""
    exact = _given_by(network, inputs, torch.float64)
    assert exact[0].std() > 0
    graph = Compiled(window_graph(network.config, _numbers(network)), engine)
    found = _difference(graph.run([each.numpy() for each in inputs]), exact)
    assert found <= max(EQUAL, _difference(_given_by(network, inputs), exact))


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_the_graph_gives_what_the_network_gives_at_every_setting(changes: dict[str, object], engine: str) -> None:
    network = _network(IFSSNetConfig.small(**changes))
    _check(network, _inputs(network.config), engine)


@pytest.mark.parametrize("path", sorted(PACKAGE_FOLDER.glob("ifss-net*.safetensors")), ids=lambda path: path.stem)
def test_the_graph_gives_what_the_weights_of_the_package_give(path: Path, engine: str) -> None:
    weights = open_weights(path)
    network = filled(IFSSNet(network_settings(IFSSNetConfig, weights)), weights.tensors)
    _check(network, _inputs(network.config, 64), engine)


@pytest.mark.parametrize("changes", [{"state": "carried"}, {"blocks": "full", "bottleneck": "full"}, {"window": 7}], ids=str)
def test_the_literal_network_gives_what_the_network_gives(changes: dict[str, object]) -> None:
    network = _network(IFSSNetConfig.small(**changes))
    plain, inputs = literal(network), _inputs(network.config)
    assert not any(type(part).__module__.endswith(("blocks.depthwise", "blocks.convolution")) for part in plain.modules())
    exact = _given_by(network, inputs, torch.float64)
    assert _difference(_given_by(plain, inputs, torch.float64), exact) <= 1e-12


def _depth_taps(config: IFSSNetConfig, monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Taps along depth that the graph keeps of the first stage's filters, by rate."""
    taps: dict[int, int] = {}
    add = Graph.add

    def watched(self: Graph, operator: str, *inputs: str, **attributes: object) -> str:
        if operator == "Conv" and inputs[1].startswith("encoders.stages.0.depthwise"):
            pads, dilations = attributes["pads"], attributes["dilations"]
            taps[dilations[1]] = 1 + 2 * pads[0] // dilations[0]  # type: ignore[index]
        return add(self, operator, *inputs, **attributes)  # type: ignore[arg-type]

    monkeypatch.setattr(Graph, "add", watched)
    window_graph(config, _numbers(_network(config)))
    return taps


@pytest.mark.parametrize(
    ("window", "dilation", "three"),
    [
        (1, "same", []),
        (3, "same", [1]),
        (6, "same", [1]),
        (7, "same", [1, 6]),
        (13, "same", [1, 6, 12]),
        (3, "in-plane", [1, 6, 12, 18]),
    ],
)
def test_taps_that_meet_only_padding_are_left_out(
    window: int, dilation: str, three: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = IFSSNetConfig.small(widths=(4, 4), window=window, depth_dilation=dilation)
    taps = _depth_taps(config, monkeypatch)
    assert taps == {rate: 3 if rate in three else 1 for rate in (1, 6, 12, 18)}


def test_numbers_of_another_network_are_refused() -> None:
    numbers = _numbers(_network(IFSSNetConfig.small(widths=(8, 8))))
    with pytest.raises(InputError, match="of shape"):
        window_graph(IFSSNetConfig.small(widths=(8, 12)), numbers)
    with pytest.raises(InputError, match="absent"):
        window_graph(IFSSNetConfig.small(widths=(8, 8), direction="none"), numbers)
