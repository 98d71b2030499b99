"""A propagation is a value: it speaks of its own leg, whatever else its method is used for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from known_solids import disc, seeds_of
from steppers import Mover

from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, Propagator
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.nn.networks.unet_3d import UNet3dConfig, UNet3dNetwork
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.baselines.hold import Hold
from ifssnet.propagate.baselines.unet_3d import UNet3d, UNet3dInference
from ifssnet.propagate.interpolation import shape_interpolation
from ifssnet.propagate.methods import LEARNED, METHODS, method
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.per_muscle import PerMuscle
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent

PIXELS = Sampling(pixel_mm=1.0, margin_mm=8.0, multiple_px=16, least_px=32, slice_mm=1.0, mean=0.0, sd=1.0)
SMALL = AnchoredNetConfig(widths=(8, 12, 16))


def anchored() -> Propagator:
    """Adds the same to every pixel, so that its check depends on the leg."""
    network = AnchoredNet(SMALL)
    torch.nn.init.constant_(network.backbone.last.bias, 2.0)
    return Anchored(network, PIXELS, Context(), AnchoredInference(batch=8))


def u_net() -> Propagator:
    torch.manual_seed(0)
    return UNet3d(UNet3dNetwork(UNet3dConfig.light(2)), ("SOL",), PIXELS, UNet3dInference((16, 32, 32)))


MAKERS: dict[str, Callable[[], Propagator]] = {
    **{name: (lambda name=name: method(name)) for name in METHODS if name not in LEARNED},
    "hold": Hold,
    "anchored": anchored,
    "recurrent": lambda: Recurrent(Mover(), PIXELS),
    "unet-3d": u_net,
    "by-muscle": lambda: PerMuscle({"SOL": method("shape-interpolation")}),
}


def leg(radius: float, at: tuple[int, ...]) -> tuple[Volume, Seeds]:
    """A muscle that leans, drawn as larger or smaller circles."""
    seeds = seeds_of({1: {z: disc(radius, (28 + z / 8, 32.0)) for z in at}}, 41)
    grey = np.random.default_rng(0).integers(0, 255, seeds.grid.shape_zyx).astype(np.uint8)
    return Volume(grey, seeds.grid), seeds


A = leg(8, (0, 10, 20, 30, 40))
B = leg(14, (0, 1, 2, 20, 40))


def alone(make: Callable[[], Propagator], one: tuple[Volume, Seeds]) -> tuple[list[bytes], object]:
    propagation = make().prepare(*one)
    return [step.probability.tobytes() for step in propagation.steps()], propagation.describe()


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
@pytest.mark.parametrize("name", MAKERS)
def test_two_legs_of_one_method_that_are_gone_through_in_turn_each_describe_themselves(name: str) -> None:
    expected = [alone(MAKERS[name], one) for one in (A, B)]
    both = MAKERS[name]()
    first, second = (both.prepare(*one) for one in (A, B))
    assert isinstance(first, Propagation)
    steps: list[list[bytes]] = [[], []]
    running = {0: first.steps(), 1: second.steps()}
    while running:
        for which, each in list(running.items()):
            if (step := next(each, None)) is None:
                del running[which]
            else:
                steps[which].append(step.probability.tobytes())
    assert (steps[0], first.describe()) == expected[0]
    assert (steps[1], second.describe()) == expected[1]
    assert [step.probability.tobytes() for step in first.steps()] == steps[0], "the same again"


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
@pytest.mark.parametrize("name", MAKERS)
def test_what_is_said_does_not_depend_on_whether_the_steps_were_gone_through(name: str) -> None:
    propagator = MAKERS[name]()
    gone_through = propagator.prepare(*A)
    list(gone_through.steps())
    assert propagator.prepare(*A).describe() == gone_through.describe()


def test_the_two_legs_above_can_be_told_apart() -> None:
    for name in ("shape-interpolation", "anchored", "recurrent"):
        assert MAKERS[name]().prepare(*A).describe() != MAKERS[name]().prepare(*B).describe()
    checks = [anchored().prepare(*one).describe().self_check for one in (A, B)]
    assert checks[0] != checks[1]


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_of_a_method_or_a_propagation_can_be_set(name: str) -> None:
    propagator = MAKERS[name]()
    for value in (propagator, propagator.prepare(*A)):
        with pytest.raises(FrozenInstanceError):
            value.anything = 1  # type: ignore[attr-defined]


def test_smoothing_is_chosen_once_whatever_of_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[int] = []
    whole = shape_interpolation.choose_smoothing
    monkeypatch.setattr(shape_interpolation, "choose_smoothing", lambda *args: (chosen.append(1), whole(*args))[1])
    volume, seeds = A
    two = replace(seeds, masks={1: seeds.masks[1], 2: {z: np.roll(m, 20, 1) for z, m in seeds.masks[1].items()}})
    list(Recurrent(Mover(), PIXELS).prepare(volume, two).steps())
    assert len(chosen) == 1
    propagation = method("shape-interpolation").prepare(None, two)
    list(propagation.steps())
    propagation.describe()
    assert len(chosen) == 2
    # What is fused with is interpolated muscle by muscle, and each chooses for itself.
    list(Recurrent(Mover(), PIXELS, RecurrentInference(fuse_guided=0.5, keep_area=1.0)).prepare(volume, two).steps())
    assert len(chosen) == 2 + 1 + 2
