"""Networks as graphs: every engine gives what torch gives, and what was compiled is kept whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.io.storage.weights import open_weights
from ifssnet.nn.engines.compiled import OPENVINO
from ifssnet.nn.engines.kept import FOLDER, cache_folder, kept
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.anchored_graph import CompiledAnchored, correction_graph, has_graph
from ifssnet.nn.tensors import filled
from ifssnet.propagate.anchored.two_networks import carrying, correcting
from ifssnet.propagate.network_input.trained_settings import network_settings
from ifssnet.workflow.files.default_weights import PACKAGE_FOLDER

SMALL = AnchoredNetConfig(widths=(8, 12))
SEEING = AnchoredNetConfig(widths=(8, 12, 16), references=True, cues=4)
EQUAL = 1e-5
"""Largest difference in SDs of the correction."""


@pytest.fixture(params=["onnxruntime", OPENVINO])
def engine(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    return request.param


def _inputs(config: AnchoredNetConfig, batch: int, sides: tuple[int, int]) -> list[np.ndarray]:
    generator = np.random.default_rng(batch)
    image, prior = generator.normal(size=(batch, config.planes, *sides)), 10 * generator.normal(size=(batch, 1, *sides))
    return [np.asarray(each, np.float32) for each in (image, prior, generator.random((batch, config.cues)))]


def _random(config: AnchoredNetConfig) -> AnchoredNet:
    torch.manual_seed(0)
    network = AnchoredNet(config).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


def _numbers(network: AnchoredNet) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}


def _difference_sd(network: AnchoredNet, other: CompiledAnchored, inputs: list[np.ndarray]) -> float:
    (expected,), (found,) = network.run(inputs), other.run(inputs)
    assert found.shape == expected.shape
    assert expected.std() > 0
    return float(np.abs(found - expected).max() / expected.std())


@pytest.mark.parametrize("config", [SMALL, SEEING])
def test_engines_give_what_torch_gives_with_random_weights(config: AnchoredNetConfig, engine: str) -> None:
    network = _random(config)
    compiled = CompiledAnchored(correction_graph(config, _numbers(network)), engine, config)
    for batch, sides in ((1, (16, 16)), (3, (32, 48))):
        assert _difference_sd(network, compiled, _inputs(config, batch, sides)) <= EQUAL


@pytest.mark.parametrize("path", sorted(PACKAGE_FOLDER.glob("anchored*.safetensors")), ids=lambda path: path.stem)
def test_engines_give_what_torch_gives_with_the_weights_that_come_with_the_package(path: Path, engine: str) -> None:
    weights = open_weights(path)
    config = network_settings(AnchoredNetConfig, weights)
    for each in (correcting(weights), carrying(weights)):
        if each is not None:
            network = filled(AnchoredNet(config), each.tensors)
            compiled = CompiledAnchored(correction_graph(config, each.tensors), engine, config)
            assert _difference_sd(network, compiled, _inputs(config, 2, (64, 80))) <= EQUAL


def test_numbers_that_do_not_fit_are_refused() -> None:
    numbers = _numbers(_random(SMALL))
    for name, changed, words in (
        ("backbone.last.bias", {}, "backbone.last.bias"),
        ("backbone.last.bias", {"backbone.last.bias": np.zeros(2, np.float32)}, "of shape"),
        ("", {"backbone.extra": np.zeros(2, np.float32)}, "absent"),
    ):
        other = {key: value for key, value in numbers.items() if key != name} | changed
        with pytest.raises(InputError, match=words):
            correction_graph(SMALL, other)


def test_the_twin_encoders_have_no_graph() -> None:
    assert has_graph(SMALL)
    assert not has_graph(AnchoredNetConfig.twin())


def test_what_was_compiled_is_made_once_and_again_where_it_was_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "new" / "cache"))
    made: list[int] = []

    def make() -> tuple[bytes, bytes]:
        made.append(1)
        return b"whole", b"whole"

    def ask(*facts: str) -> bytes:
        return kept("thing", facts, make, bytes)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ask("a"), range(8))) == {b"whole"}
    made.clear()
    assert (ask("a"), len(made)) == (b"whole", 0)
    assert (ask("b"), len(made)) == (b"whole", 1)
    files = sorted((tmp_path / "new" / "cache").iterdir())
    assert len(files) == 2
    for file in files:
        file.write_bytes(file.read_bytes()[:-1])
    assert (ask("a"), len(made)) == (b"whole", 2)
    assert (ask("a"), len(made)) == (b"whole", 2)
    # A file in the folder's place: nothing can be kept, and everything works.
    monkeypatch.setenv(FOLDER, str(files[0]))
    assert (ask("a"), len(made)) == (b"whole", 3)
    monkeypatch.setenv(FOLDER, "")
    assert cache_folder() is None
    assert (ask("a"), len(made)) == (b"whole", 4)


def test_openvino_runs_what_it_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(OPENVINO, reason="openvino is not installed")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    network = _random(SMALL)
    model, inputs = correction_graph(SMALL, _numbers(network)), _inputs(SMALL, 2, (16, 32))
    for _ in range(2):
        assert _difference_sd(network, CompiledAnchored(model, OPENVINO, SMALL), inputs) <= EQUAL
        assert len(list(tmp_path.iterdir())) == 1
