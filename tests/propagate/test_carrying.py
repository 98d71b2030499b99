"""The anchored network from slice to slice: the last mask as its prior, the drawn slice that it started from as reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known_solids import disc, run, seeds_of

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.anchored.references import weight
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.inference import RecurrentInference

PIXELS = Sampling(pixel_mm=1.0, margin_mm=10.0, multiple_px=4, least_px=32)
SEEING = AnchoredNetConfig(widths=(8, 12), references=True, cues=4)
TRUTH = np.stack([disc(9, (24 + 0.25 * z, 30)) for z in range(61)])
"""A disc that wanders 15 pixels down."""


def _forward(network: AnchoredNet, direction: str = "forward", carried_logit: float = 0.0) -> Anchored:
    return Anchored(network, PIXELS, Context(), AnchoredInference(direction=direction, carried_logit=carried_logit))


def _seeds(*places: int):
    return seeds_of({1: {z: TRUTH[z] for place in places for z in range(place, place + 3)}}, 61)


def _volume(seeds) -> Volume:
    return Volume((TRUTH * 180 + np.arange(61)[:, None, None]).astype(np.uint8), seeds.grid)


def _bright(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
    """What is bright on the slice in the middle, as far as it lies near the prior."""
    return torch.where(image[:, 2:3] > 2.5, 6.0, -6.0)


def test_a_network_that_adds_nothing_holds_the_last_mask() -> None:
    seeds = _seeds(0)
    found = run(_forward(AnchoredNet(SEEING)), seeds, _volume(seeds)).labels.array
    for z in range(3, 61):
        assert np.array_equal(found[z] == 1, TRUTH[2]), z


def test_carried_masks_are_made_larger_by_a_level_and_drawn_ones_are_not() -> None:
    seeds = _seeds(0)
    areas = {}
    for level in (-0.2, 0.0, 0.2):
        method = _forward(AnchoredNet(SEEING), carried_logit=level)
        assert method.prepare(_volume(seeds), seeds).describe().details["carried_logit"] == level
        found = run(method, seeds, _volume(seeds)).labels.array == 1
        assert np.array_equal(found[:3], TRUTH[:3])
        areas[level] = found[3:].sum((1, 2))
    # A logit of .8 is a pixel of the border, at every place anew: four places are 8 slices, and a pixel for levels of .2.
    less, more = (run(_forward(AnchoredNet(SEEING), "both", level), seeds, _volume(seeds)).labels.array for level in (0.0, 0.2))
    assert np.array_equal(less, more)
    radius = {level: np.sqrt(area[7] / np.pi) for level, area in areas.items()}
    assert radius[0.2] - radius[0.0] == pytest.approx(1.0, abs=0.3)
    assert radius[-0.2] - radius[0.0] == pytest.approx(-1.0, abs=0.3)
    with pytest.raises(InputError, match="carried_logit"):
        AnchoredInference(carried_logit=float("nan"))


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_it_follows_what_the_image_shows_up_to_the_next_drawn_slices(direction: str) -> None:
    seeds = _seeds(0, 40)
    network = AnchoredNet(SEEING)
    network.correction = _bright  # type: ignore[method-assign]
    found = run(_forward(network, direction), seeds, _volume(seeds)).labels.array == 1
    for z in range(3, 61):
        dice = 2 * (found[z] & TRUTH[z]).sum() / (found[z].sum() + TRUTH[z].sum())
        # Slices of two places are linear between them; the next drawn ones are as near as any.
        assert dice > 0.93, z


def test_a_mask_that_vanishes_is_held_beside_the_drawn_slice_and_nowhere_else() -> None:
    """A tip of a few pixels is there still when the network sees the muscle further on; a muscle that ends is over."""
    seeds = _seeds(0)
    for blind, expected in ((2, 61), (4, 8)):
        network, count = AnchoredNet(SEEING), 0

        def blinded(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor, blind: int = blind) -> torch.Tensor:
            nonlocal count
            # The first two windows end on what is not yet found.
            count += 1
            gone = torch.full_like(prior, -99.0)
            return gone if 2 < count <= 2 + blind or not (prior >= 0).any() else _bright(image, prior, cues)

        network.correction = blinded  # type: ignore[method-assign]
        found = run(_forward(network), seeds, _volume(seeds)).labels.array
        assert np.flatnonzero((found == 1).any((1, 2))).max() + 1 == expected, blind
        assert np.array_equal(found[5] == 1, TRUTH[2])


def test_past_the_outermost_drawn_slices_a_muscle_may_end_at_once() -> None:
    seeds = _seeds(10, 40)
    network = AnchoredNet(SEEING)
    network.correction = lambda image, prior, cues: torch.full_like(prior, -99.0)  # type: ignore[method-assign]
    found = run(_forward(network, "both"), seeds, _volume(seeds)).labels.array
    assert not found[44:].any()


def test_the_wanted_slice_lies_in_the_middle_of_what_the_network_sees() -> None:
    seeds = _seeds(0)
    network = AnchoredNet(SEEING)
    seen: list[tuple[float, float, float]] = []

    def noted(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
        assert image.shape[1] == 9
        background = image[0, 2].min() * PIXELS.sd + PIXELS.mean
        seen.append((float(background), float(cues[0, 2]), float(cues[0, 3])))
        return torch.zeros_like(prior)

    network.correction = noted  # type: ignore[method-assign]
    run(_forward(network), seeds, _volume(seeds))
    # Places lie 2.2 mm apart, that is two slices; the first two windows end on what is not yet found.
    found = seen[2:]
    places = [2 + 2 * step for step in range(1, len(found) + 1)]
    inside = [(level, z) for (level, _, _), z in zip(found, places, strict=True) if z < 61]
    assert all(abs(level - z) < 0.51 for level, z in inside)
    assert len(inside) == 29
    # The drawn slice counts the less the further the run has gone; on the other side there is none.
    for step, (_, count, none) in enumerate(found, start=1):
        assert count == pytest.approx(weight(2.2 * step), abs=1e-5)
        assert none == 0


def test_the_drawn_slice_lies_where_the_last_mask_does() -> None:
    seeds = _seeds(0)
    network = AnchoredNet(SEEING)
    overlaps: list[float] = []

    def noted(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
        inside, shape = prior[0, 0] >= 0, image[0, 7] > 0
        overlaps.append(float(2 * (inside & shape).sum() / (inside.sum() + shape.sum())))
        return _bright(image, prior, cues)

    network.correction = noted  # type: ignore[method-assign]
    run(_forward(network), seeds, _volume(seeds))
    assert min(overlaps) > 0.85


def test_both_is_corrected_interpolation_between_drawn_slices_and_carrying_beyond_them() -> None:
    seeds = _seeds(10, 40)
    network = AnchoredNet(SEEING)
    network.correction = _bright  # type: ignore[method-assign]
    both, between, forward = (run(_forward(network, way), seeds, _volume(seeds)) for way in ("both", "between", "forward"))
    assert np.array_equal(both.labels.array[10:43], between.labels.array[10:43])
    assert not between.labels.array[43:].any()
    assert np.array_equal(both.labels.array[43:], forward.labels.array[43:])
    for z in (*range(3, 10), *range(43, 61)):
        found = both.labels.array[z] == 1
        assert 2 * (found & TRUTH[z]).sum() / (found.sum() + TRUTH[z].sum()) > 0.93, z
    told, alone = (_forward(network, way).prepare(_volume(seeds), seeds).describe() for way in ("both", "between"))
    assert told.self_check is not None
    assert told.self_check == alone.self_check
    beyond = told.details["beyond"]
    assert isinstance(beyond, RecurrentInference)
    assert beyond.direction == "both"
    assert told.volume_estimates() == alone.volume_estimates()


def test_steps_of_both_count_to_the_end_once() -> None:
    seeds = _seeds(10, 40)
    steps = list(_forward(AnchoredNet(SEEING), "both").prepare(_volume(seeds), seeds).steps())
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert {step.total for step in steps} == {steps[-1].done}


def test_a_direction_that_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="between, forward, both"):
        AnchoredInference(direction="up")
