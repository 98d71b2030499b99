"""IFSS-Net behind its protocol: the graph's stepper does what torch's does; what the engine "reference" sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.nn.engines.compiled import ENGINES, REFERENCE, TORCH, Compiled
from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig
from ifssnet.nn.networks.ifss_net_graph import window_graph
from ifssnet.propagate.methods import learned
from ifssnet.propagate.network_input.engines import choose_engine
from ifssnet.propagate.network_input.region import Region, Sampling, region_of, whole_region
from ifssnet.propagate.recurrent.graph_stepper import GraphStepper
from ifssnet.propagate.recurrent.ifss_net import IFSSNetStepper
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent
from weights_shelf import holding

SIDE = 32


def _disc(radius: float, shift: float = 0.0) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.hypot(y - 15, x - 15 - shift) < radius


@pytest.mark.parametrize(
    ("changes", "output", "image"),
    [
        ({"state": "carried"}, "direct", True),
        ({"state": "carried", "direction": "forward", "mask_channels": 4, "stem": 4}, "correction", True),
        ({"mask_channels": 4, "direction": "none", "state": "carried"}, "direct", True),
        ({}, "correction", False),
    ],
)
def test_both_steppers_go_the_same_way_with_their_state_and_their_own_masks(
    changes: dict[str, object], output: str, image: bool
) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    torch.manual_seed(3)
    network = IFSSNet(IFSSNetConfig.small(widths=(8, 8), rates=(1, 3), **changes)).eval()
    numbers = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    graph = Compiled(window_graph(network.config, numbers), "onnxruntime")
    steppers = IFSSNetStepper(network, output, 2, image), GraphStepper(network.config, graph, output, 2, image)
    grey = np.random.default_rng(4).normal(size=(9, SIDE, SIDE)).astype(np.float32)
    drawn = np.stack([_disc(8, z).astype(np.float32) for z in range(3)])
    masks, memories = [drawn, drawn], [each.start(grey[:3], drawn) for each in steppers]
    assert (memories[0] is None) == (memories[1] is None)
    for first in (2, 4, 6):
        for index, stepper in enumerate(steppers):
            masks[index], memories[index] = stepper.step(grey[first : first + 3], masks[index], memories[index], first)
        assert masks[0].shape == masks[1].shape == (3, SIDE, SIDE)
        assert masks[1].dtype == np.float32
        np.testing.assert_allclose(masks[1], masks[0], atol=2e-5)
    if memories[0] is not None and memories[1] is not None:
        for one, other in zip(memories[0], memories[1], strict=True):
            np.testing.assert_allclose(other, one.numpy(), atol=2e-5)
    with pytest.raises(InputError, match="multiples of 4"):
        steppers[1].step(grey[:3, :, :30], drawn[:, :, :30], memories[1], 1)


def _leg() -> tuple[Volume, Seeds]:
    grid = Grid((12, SIDE, SIDE), (1.0, 1.0, 1.0))
    return Volume(np.zeros(grid.shape_zyx, np.uint8), grid), Seeds({1: {z: _disc(4) for z in range(3)}}, grid, {1: "SOL"})


def test_whole_slices_are_seen_where_that_is_asked_for() -> None:
    volume, seeds = _leg()
    pixels = Sampling(pixel_mm=2.0, margin_mm=2.0, multiple_px=4, least_px=4, slice_mm=1.0)
    seen: list[tuple[int, ...]] = []

    class Watching:
        window, ahead, ages_from_group = 3, 0, False

        def start(self, images: np.ndarray, masks: np.ndarray) -> None:
            assert images.shape == masks.shape

        def step(self, images: np.ndarray, previous: np.ndarray, memory: None, age: int) -> tuple[np.ndarray, None]:
            assert (memory, age) == (None, 3)
            seen.append(images.shape[1:])
            return previous, None

    for whole in (False, True):
        method = Recurrent(Watching(), pixels, RecurrentInference(direction="forward", whole_slice=whole))
        found = {step.z: step.probability for step in method.prepare(volume, seeds).steps()}
        assert sorted(found) == list(range(3, 12))
    assert seen[:3] == [region_of(seeds.masks[1], volume.grid, pixels).shape_yx] * 3
    assert seen[3:] == [(16, 16)] * 3
    assert whole_region(Grid((2, 30, 41), (1.0, 1.0, 1.0)), pixels) == Region(2, 0, 0, (16, 24))


def test_the_reference_runs_whole_slices_at_each_slice_and_gives_what_every_engine_gives_there() -> None:
    volume, seeds = _leg()
    methods = [
        learned("ifss-net", holding(), "cpu", REFERENCE),
        learned("ifss-net", holding(), "cpu", TORCH, stride=1, whole_slice=True),
    ]
    settings = [method.prepare(volume, seeds).describe() for method in methods]
    assert settings[0].settings == settings[1].settings
    assert [each.details["engine"] for each in settings] == [REFERENCE, TORCH]
    reference, plain = ([step.probability for step in method.prepare(volume, seeds).steps()] for method in methods)
    np.testing.assert_allclose(np.array(reference), np.array(plain), atol=1e-6)
    assert learned("ifss-net", holding(), "cpu", REFERENCE, whole_slice=False, stride=2).inference.stride == 2  # type: ignore[attr-defined]


def test_the_reference_is_only_where_it_is_asked_for() -> None:
    assert choose_engine("auto", "cpu", (*ENGINES, REFERENCE)) in ENGINES
    assert choose_engine(REFERENCE, "cpu", (*ENGINES, REFERENCE)) == REFERENCE
    for engine, able in ((REFERENCE, ENGINES), ("onnxruntime", (TORCH,))):
        with pytest.raises(InputError, match=f"engines {', '.join(able)} for this network"):
            choose_engine(engine, "cpu", able)
