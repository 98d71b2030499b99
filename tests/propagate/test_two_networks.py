"""One weights file with two anchored networks: what each of them does, and what comes of taking them apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_solids import disc, run, seeds_of

from ifssnet.cli.commands import weights as command
from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.weights import Weights
from ifssnet.io.storage.weights import open_weights, save_weights
from ifssnet.propagate.anchored.inference import BETWEEN
from ifssnet.propagate.anchored.two_networks import carrying, correcting, for_use_of, joined
from ifssnet.propagate.methods import learned
from weights_shelf import anchored, holding

TRUTH = np.stack([disc(9, (24, 30)) for _ in range(50)])


@pytest.fixture(scope="module")
def both() -> Weights:
    """A network that leaves borders where they are, and one that moves them outwards on each step."""
    return joined(anchored(0.0), anchored(0.6))


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_the_second_network_carries_and_the_first_corrects(both: Weights, engine: str) -> None:
    seeds = seeds_of({1: {z: TRUTH[z] for z in (10, 11, 12, 30, 31, 32)}}, 50)
    volume = Volume((TRUTH * 180).astype(np.uint8), seeds.grid)
    found = run(learned("anchored", both, "cpu", engine), seeds, volume).labels.array == 1
    inside, beyond = found[13:30].sum(axis=(1, 2)), found[33:50].sum(axis=(1, 2))
    assert np.all(abs(inside - TRUTH[0].sum()) <= 4)
    # Outwards on each step, so the further the larger.
    assert np.all(np.diff(beyond) >= 0)
    assert beyond[-1] > 2 * TRUTH[0].sum()
    alone = run(learned("anchored", both, "cpu", engine, direction=BETWEEN), seeds, volume).labels.array
    first = run(learned("anchored", anchored(0.0), "cpu", engine), seeds, volume).labels.array
    assert np.array_equal(alone, first)


def test_joined_networks_come_apart_again(both: Weights) -> None:
    second = carrying(both)
    assert second is not None
    assert correcting(both).sha256 == anchored(0.0).sha256
    assert second.sha256 == anchored(0.6).sha256
    inference = correcting(both).sampling["inference"]
    assert isinstance(inference, dict)
    assert inference["direction"] == BETWEEN
    assert carrying(correcting(both)) is None
    # A file of two takes its place as the first or the second again.
    assert joined(both, anchored(0.6)).sha256 == both.sha256


def test_of_two_networks_the_one_of_the_same_use_is_taken(both: Weights, tmp_path: Path) -> None:
    between, forward = anchored(0.2), carrying(joined(anchored(0.2), anchored(0.2)))
    assert forward is not None
    assert for_use_of(between, both).sha256 == anchored(0.0).sha256
    assert for_use_of(forward, both).sha256 == anchored(0.6).sha256
    assert for_use_of(both, both) is both
    assert for_use_of(forward, between) is between
    # In the mean with others, and as the second of a file.
    for name, each in (("two", both), ("forward", forward), ("between", between)):
        save_weights(each, tmp_path / f"{name}.safetensors")
    for name, part in (("forward", anchored(0.6)), ("between", anchored(0.0))):
        out = tmp_path / f"{name}-mean.safetensors"
        command.pack(tmp_path / f"{name}.safetensors", out, others=[tmp_path / "two.safetensors"], quiet=True)
        tensors = open_weights(out).tensors
        assert tensors.keys() == part.tensors.keys()
        for key, own in part.tensors.items():
            assert np.allclose(tensors[key], (own + between.tensors[key]) / 2, atol=1e-6)
    assert joined(between, both).sha256 == joined(between, anchored(0.6)).sha256


def test_networks_that_do_not_fit_one_another_are_refused() -> None:
    coarse = anchored(0.6)
    coarse = replace(coarse, sampling={**coarse.sampling, "pixel_mm": 2.0})
    with pytest.raises(InputError, match="trained at the same pixels"):
        joined(anchored(0.0), coarse)
    with pytest.raises(InputError, match="weights of anchored"):
        joined(anchored(0.0), holding())


def test_packing_puts_both_into_one_file(tmp_path: Path) -> None:
    save_weights(anchored(0.0), tmp_path / "one.safetensors")
    save_weights(anchored(0.6), tmp_path / "two.safetensors")
    out = tmp_path / "both.safetensors"
    command.pack(tmp_path / "one.safetensors", out, carrying=tmp_path / "two.safetensors", quiet=True)
    packed = open_weights(out)
    assert packed.sha256 == joined(anchored(0.0), anchored(0.6)).sha256
    assert packed.card["carrying"] == dict(anchored(0.6).card)
