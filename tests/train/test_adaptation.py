"""A network tuned on one leg: it learns from what may be learned from, is judged by the rest, and is kept only if better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.io.storage.weights import open_weights, save_weights
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.own_leg import OwnLeg
from ifssnet.propagate.anchored.propagation import AnchoredPropagation
from ifssnet.train.adaptation import Adaptation, AdaptationConfig, adapt
from ifssnet.train.loop.schedule import OptimiserConfig, ScheduleConfig
from ifssnet.train.tasks.anchored_samples import AnchoredSamplesConfig
from weights_shelf import anchored

GRID = Grid((73, 40, 40), (1.0, 1.0, 1.0))
DRAWN = tuple(range(0, 73, 12))
QUICK = AdaptationConfig(
    updates=25,
    batch=4,
    samples=AnchoredSamplesConfig(crop_px=32, hide=1.0, blend=0.0, warp=0.0, noise=0.0, beyond_end=0.0),
    optimiser=OptimiserConfig(learning_rate=3e-2),
    schedule=ScheduleConfig("constant"),
    average_decay=0.5,
)


def shapes() -> np.ndarray:
    """A disc that sways: where it lies on a drawn slice nobody knows from its neighbours."""
    y, x = np.mgrid[:40, :40]
    return np.stack([np.hypot(y - 20, x - 20 - 4 * np.sin(np.pi * z / 18)) < 9 for z in range(73)])


def leg(slices: tuple[int, ...] = DRAWN) -> tuple[Volume, Seeds]:
    """A bright disc on black, which shows what its neighbours hide."""
    truth = shapes()
    return Volume((truth * 200).astype(np.uint8), GRID), Seeds({1: {z: truth[z] for z in slices}}, GRID, {1: "SOL"})


@pytest.fixture(scope="module")
def adaptation() -> Adaptation:
    return drain(adapt(anchored(), *leg(), QUICK))


def hidden(found: Adaptation, volume: Volume, seeds: Seeds) -> set[int]:
    propagation = Anchored.from_weights(found.tuned).prepare(volume, seeds)
    assert isinstance(propagation, AnchoredPropagation)
    return set(propagation.hidden_dice()[1])


def test_what_the_image_shows_is_learned_and_kept(adaptation: Adaptation) -> None:
    assert adaptation.kept
    assert adaptation.dice_before == pytest.approx(adaptation.dice_interpolation)
    assert adaptation.dice_after > adaptation.dice_before + 0.2
    assert adaptation.weights is adaptation.tuned
    assert adaptation.updates == 25


def test_every_third_place_is_kept_back_and_alone_judges_the_network_on_this_leg(adaptation: Adaptation) -> None:
    volume, seeds = leg()
    assert adaptation.kept_back == (12, 48)
    assert hidden(adaptation, volume, seeds) == {12, 48}
    # On another leg it has learned nothing by heart.
    other = replace(volume, array=volume.array // 2)
    assert hidden(adaptation, other, seeds) == {12, 24, 36, 48, 60}
    # A part of this leg is known as well, whatever its slices are called there.
    grid = Grid((61, 40, 40), GRID.spacing_xyz_mm)
    part = Seeds({1: {z - 12: seeds.masks[1][z] for z in DRAWN[1:]}}, grid, {1: "SOL"})
    assert hidden(adaptation, Volume(volume.array[12:], grid), part) == {36}


def test_a_weights_file_remembers_the_leg(adaptation: Adaptation, tmp_path: Path) -> None:
    save_weights(adaptation.tuned, tmp_path / "own.safetensors")
    again = Anchored.from_weights(open_weights(tmp_path / "own.safetensors"))
    assert again.own_leg == OwnLeg.of(leg()[0], (0, 24, 36, 60, 72))
    assert Anchored.from_weights(anchored()).own_leg is None


def test_nothing_is_learned_from_what_was_kept_back() -> None:
    volume, seeds = leg()
    few = replace(QUICK, updates=2)
    right = drain(adapt(anchored(), volume, seeds, few))
    wrong = {z: np.roll(mask, 5, axis=0) if z in (12, 48) else mask for z, mask in seeds.masks[1].items()}
    other = drain(adapt(anchored(), volume, replace(seeds, masks={1: wrong}), few))
    assert right.dice_after != other.dice_after
    for name, tensor in right.tuned.tensors.items():
        assert np.array_equal(tensor, other.tuned.tensors[name])


def test_a_network_that_is_no_better_stays_as_it_was() -> None:
    start = anchored()
    config = replace(QUICK, updates=1, optimiser=OptimiserConfig(learning_rate=0.0))
    found = drain(adapt(start, *leg(), config))
    assert found.dice_after == found.dice_before
    assert not found.kept
    assert found.weights is start


def test_a_gain_within_its_error_is_none(adaptation: Adaptation) -> None:
    assert adaptation.gain_error is not None
    assert adaptation.dice_after - adaptation.dice_before > adaptation.gain_error
    unsure = replace(adaptation, dice_before=0.80, dice_after=0.81)
    assert [replace(unsure, gain_error=error).kept for error in (0.005, 0.015, None)] == [True, False, False]
    assert replace(unsure, dice_after=0.83, gain_error=None).kept


def test_it_ends_when_its_time_is_over() -> None:
    found = drain(adapt(anchored(), *leg(), replace(QUICK, most_s=1e-9)))
    assert found.updates == 1


def test_two_muscles_keep_back_the_same_slices() -> None:
    volume, seeds = leg()
    later = {z: seeds.masks[1][z] for z in DRAWN if z >= 24}
    found = drain(adapt(anchored(), volume, replace(seeds, masks={1: seeds.masks[1], 4: later}), replace(QUICK, updates=1)))
    assert found.kept_back == (12, 36, 48)


@pytest.mark.parametrize("slices", [(12, 24), (12,), (11, 12, 13, 14)])
def test_without_a_place_to_keep_back_it_is_refused(slices: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="three places"):
        drain(adapt(anchored(), *leg(slices)))


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in ({"updates": 0}, {"most_s": 0.0}, {"average_decay": 1.0}):
        with pytest.raises(InputError, match="updates"):
            AdaptationConfig(**wrong)


def test_a_slice_is_known_by_its_grey_levels_of_any_type() -> None:
    volume, _ = leg()
    own = OwnLeg.of(volume, (12, 48))
    assert own.has_learned(volume, 12)
    assert own.has_learned(replace(volume, array=volume.array.astype(np.float32)), 48)
    assert not own.has_learned(volume, 14)
