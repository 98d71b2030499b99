"""Guided interpolation corrected by a network: what it does with corrections, whatever the network has learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known_solids import disc, run, seeds_of
from scipy.special import expit, logit

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import drain
from ifssnet.core.provenance import SelfCheck
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.prior import Context, cues, guided_depth, nearness
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.interpolation.group_shapes import measured_shapes
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.seeding.border_scatter import scatter_beyond_pixels_mm
from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle

SMALL = AnchoredNetConfig(widths=(8, 12, 16))
PIXELS = Sampling(pixel_mm=1.0, margin_mm=10.0, multiple_px=16, least_px=32)
STEADY = {"smoothing": 0.0, "gate_scatter_mm": 0.0}


def _method(bias: float = 0.0, sampling: Sampling = PIXELS, **inference) -> Anchored:
    """A network that adds the same everywhere, and is not checked."""
    network = AnchoredNet(SMALL)
    torch.nn.init.constant_(network.backbone.last.bias, bias)
    return Anchored(network, sampling, Context(), AnchoredInference(**{"check": False, **inference}))


def _leaning(z: int) -> np.ndarray:
    return disc(11 + 0.08 * z, (30 + 0.1 * z, 34 - 0.07 * z))


def _seeds(spacing_xyz_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Seeds:
    return seeds_of({1: {z: _leaning(z) for z in (0, 1, 2, 40, 41, 42, 80)}}, 81, spacing_xyz_mm)


def _volume(grid: Grid) -> Volume:
    return Volume(np.random.default_rng(3).integers(0, 255, grid.shape_zyx).astype(np.uint8), grid)


def _two_muscles() -> Seeds:
    left, right = {}, {}
    for z in (0, 20, 40):
        whole = disc(20 - 0.1 * z)
        left[z], right[z] = whole.copy(), whole.copy()
        left[z][:, 32:], right[z][:, :32] = False, False
    return seeds_of({1: left, 2: right}, 41)


@pytest.mark.parametrize("spacing_xyz_mm", [(1.0, 1.0, 1.0), (0.5, 0.5, 0.277), (1.0, 1.0, 0.5)])
def test_an_untrained_network_is_guided_interpolation(spacing_xyz_mm: tuple[float, float, float]) -> None:
    seeds = _seeds(spacing_xyz_mm)
    volume = _volume(seeds.grid)
    assert np.array_equal(run(_method(), seeds, volume).labels.array, run(ShapeInterpolation(), seeds).labels.array)


def test_neighbours_that_share_a_border_stay_as_guided_interpolation_settles_it() -> None:
    seeds = _two_muscles()
    found = run(_method(), seeds, _volume(seeds.grid)).labels.array
    assert np.array_equal(found, run(ShapeInterpolation(), seeds).labels.array)


def test_a_correction_grows_with_the_distance_to_the_annotated_slices() -> None:
    seeds = _seeds()
    method = _method(2.0, gate_mm=8.0, keep_volume=0.0, **STEADY)
    maps = method.inference.guided.prepare(None, seeds).depth_maps
    assert maps is not None
    final = {step.z: step.probability for step in method.prepare(_volume(seeds.grid), seeds).steps()}
    for z, gate in ((3, 1 / 8), (6, 0.5), (20, 1.0), (37, 3 / 8)):
        prior = 0.8 * np.clip(maps.at(z)[1], -6, 6)
        assert final[z][maps.box] == pytest.approx(expit(prior + 2 * gate), abs=1e-3)


def test_the_gate_stands_open_beside_slices_of_an_unsteady_hand() -> None:
    rng = np.random.default_rng(1)
    masks = {z: disc(14 + rng.normal(0, 1.2)) for z in (0, 1, 2, 20, 21, 22, 40, 41, 42)}
    seeds = seeds_of({1: masks}, 43)
    scatter = ShapeInterpolation().prepare(None, seeds).depth_maps.scatter_mm
    assert scatter is not None
    assert scatter > 0.8
    steady, open_ = (
        {
            step.z: step.probability
            for step in _method(2.0, keep_volume=0.0, gate_scatter_mm=mm).prepare(_volume(seeds.grid), seeds).steps()
        }
        for mm in (0.0, 0.5)
    )
    middle = (32, 45)  # near the border, where probabilities are far from 0 and 1
    added = logit(open_[19][middle]) - logit(steady[19][middle])
    assert added == pytest.approx(2 - 2 / 6.6, abs=0.01)


def test_a_level_gives_the_muscle_the_volume_of_its_prior() -> None:
    seeds = _seeds()
    prior = (run(ShapeInterpolation(), seeds).labels.array == 1).sum()
    own = (run(_method(1.5, keep_volume=0.0), seeds, _volume(seeds.grid)).labels.array == 1).sum()
    kept = (run(_method(1.5, keep_volume_mm=0.0), seeds, _volume(seeds.grid)).labels.array == 1).sum()
    half = (run(_method(1.5, keep_volume=0.5), seeds, _volume(seeds.grid)).labels.array == 1).sum()
    assert own > 1.1 * prior
    assert kept == pytest.approx(prior, rel=2e-3)
    assert 1.03 * prior < half < own


def test_the_wider_the_gaps_the_less_of_the_priors_volume_counts() -> None:
    # All but a slice or two of its gaps are 37 mm wide.
    seeds = _seeds()
    volumes = [
        int((run(_method(1.5, keep_volume_mm=mm), seeds, _volume(seeds.grid)).labels.array == 1).sum())
        for mm in (0.0, 330.0, 74.0, 20.0)
    ]
    assert volumes == sorted(set(volumes))
    inference = AnchoredInference(keep_volume=0.5, keep_volume_mm=80.0)
    assert [inference.volume_share(mm) for mm in (0.0, 40.0, 80.0, 90.0)] == [0.5, 0.25, 0.0, 0.0]


def test_a_muscle_at_the_slices_edge_has_no_volume_beyond_it() -> None:
    seeds = seeds_of({1: {z: disc(14, (10 + 0.1 * z, 4)) for z in (0, 30, 60)}}, 61)
    prior = (run(ShapeInterpolation(), seeds).labels.array == 1).sum()
    kept = (run(_method(1.5, keep_volume_mm=0.0), seeds, _volume(seeds.grid)).labels.array == 1).sum()
    assert kept == pytest.approx(prior, rel=3e-3)


def test_levels_count_what_neighbours_take_from_each_other() -> None:
    seeds = _two_muscles()
    prior = run(ShapeInterpolation(), seeds).labels.array
    found = run(_method(-1.0, keep_volume_mm=0.0), seeds, _volume(seeds.grid)).labels.array
    for label in (1, 2):
        assert (found == label).sum() == pytest.approx((prior == label).sum(), rel=5e-3)


def test_a_network_that_does_harm_on_the_legs_own_drawn_places_is_not_listened_to() -> None:
    seeds = seeds_of({1: {z: _leaning(z) for z in range(0, 81, 16)}}, 81)
    volume, guided = _volume(seeds.grid), run(ShapeInterpolation(), seeds).labels.array
    harmful = _method(4.0, check=True).prepare(volume, seeds)
    with pytest.warns(InputWarning, match="4 annotated groups .* none of its corrections count"):
        assert np.array_equal(drain(assemble(harmful.steps(), seeds)).labels.array, guided)
    check = harmful.self_check
    assert check is not None
    assert (check.share, check.hidden_groups) == (0.0, 4)
    assert list(check.dice.values()) == sorted(check.dice.values(), reverse=True)
    assert harmful.describe().self_check == check
    unchecked = run(_method(4.0, keep_volume=0.0), seeds, volume).labels.array
    assert (unchecked == 1).sum() > 1.1 * (guided == 1).sum()


def test_a_network_that_sees_what_interpolation_cannot_is_listened_to() -> None:
    """A muscle that is thin in the middle of each gap, bright in the image; the network adds what is bright."""
    truth = np.stack([disc(16 - 6 * abs(np.sin(np.pi * z / 20)), (32, 32)) for z in range(81)])
    seeds = seeds_of({1: {z: truth[z] for z in (0, 10, 20, 30, 40, 50, 60, 70, 80)}}, 81)

    def bright(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
        middle = image.shape[1] // 2
        return torch.where(image[:, middle : middle + 1] > 0, 20.0, -20.0)

    volume = Volume((truth * 200).astype(np.uint8), seeds.grid)
    network = AnchoredNet(SMALL)
    network.correction = bright  # type: ignore[method-assign]
    method = Anchored(network, PIXELS, Context(), AnchoredInference())
    check = method.prepare(volume, seeds).self_check
    assert check is not None
    assert check.share == 1.0
    assert check.dice[1.0] > check.dice[0.0]


def test_the_check_says_how_each_muscle_fared() -> None:
    """The image helps with the one and misleads about the other; one share counts for both."""
    thin = np.stack([disc(10 - 4 * abs(np.sin(np.pi * z / 20)), (20, 20)) for z in range(81)])
    dark = np.stack([disc(9, (46, 46))] * 81)
    seeds = seeds_of({label: {z: truth[z] for z in range(0, 81, 10)} for label, truth in ((1, thin), (2, dark))}, 81)

    def bright(image: torch.Tensor, prior: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
        middle = image.shape[1] // 2
        return torch.where(image[:, middle : middle + 1] > 0, 20.0, -20.0)

    network = AnchoredNet(SMALL)
    network.correction = bright  # type: ignore[method-assign]
    volume = Volume((thin * 200).astype(np.uint8), seeds.grid)
    check = Anchored(network, PIXELS, Context(), AnchoredInference()).prepare(volume, seeds).self_check
    assert check is not None
    one, other = (check.muscles[seeds.name(label)] for label in (1, 2))
    assert one.dice[1.0] > one.dice[0.0] + 0.05
    assert other.dice[1.0] < 0.1 < other.dice[0.0]
    assert one.hidden_groups == other.hidden_groups == 7
    assert check.hidden_groups == 14
    assert one.share == other.share == check.share < 1


def test_without_a_place_to_hide_the_network_is_believed() -> None:
    seeds = seeds_of({1: {z: _leaning(z) for z in (0, 1, 2, 80)}}, 81)
    assert _method(1.0, check=True).prepare(_volume(seeds.grid), seeds).self_check == SelfCheck(1.0, {}, 0)


def test_it_tells_how_far_it_is() -> None:
    seeds = _seeds()
    steps = list(_method().prepare(_volume(seeds.grid), seeds).steps())
    assert [step.done for step in steps] == list(range(1, steps[0].total + 1))
    assert {step.z for step in steps} == set(range(81)) - set(seeds.slices(1))


def test_the_network_looks_at_a_slice_about_every_millimetre() -> None:
    seeds = _seeds((1.0, 1.0, 0.25))
    looked: list[int] = []
    method = _method(every_mm=1.0)
    whole = method.network.correction
    method.network.correction = lambda *inputs: (looked.append(len(inputs[0])), whole(*inputs))[1]  # type: ignore[method-assign]
    list(method.prepare(_volume(seeds.grid), seeds).steps())
    # Two gaps of 37 slices of 0.25 mm, every fourth of them and both their ends.
    assert sum(looked) == pytest.approx(2 * 37 / 4, abs=4)


def test_the_control_without_the_image_does_not_see_it() -> None:
    seeds = _seeds()
    torch.manual_seed(1)
    network = AnchoredNet(SMALL)
    torch.nn.init.normal_(network.backbone.last.weight)
    first, other = _volume(seeds.grid), Volume(np.zeros(seeds.grid.shape_zyx, dtype=np.uint8), seeds.grid)
    for blind in (True, False):
        method = Anchored(network, PIXELS, Context(zero_image=blind), AnchoredInference(check=False))
        same = np.array_equal(run(method, seeds, first).labels.array, run(method, seeds, other).labels.array)
        assert same == blind


def test_weights_become_the_method_that_was_trained() -> None:
    seeds = _seeds()
    torch.manual_seed(2)
    network = AnchoredNet(SMALL)
    torch.nn.init.normal_(network.backbone.last.weight)
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    sampling = {**vars(PIXELS), "context": {"offsets_mm": [-2.0, -1.0, 0.0, 1.0, 2.0], "zero_image": False}}
    weights = Weights("anchored", plain_table(SMALL), {**sampling, "inference": {"gate_mm": 3.0}}, (), tensors)
    method = Anchored.from_weights(weights, keep_volume=0.5, check=False)
    assert method.inference == AnchoredInference(gate_mm=3.0, keep_volume=0.5, check=False)
    again = Anchored(network, PIXELS, Context((-2.0, -1.0, 0.0, 1.0, 2.0)), method.inference)
    volume = _volume(seeds.grid)
    assert np.array_equal(run(method, seeds, volume).labels.array, run(again, seeds, volume).labels.array)
    with pytest.raises(InputError, match="'gates'"):
        Anchored.from_weights(weights, gates=1)
    with pytest.raises(InputError, match="sampling"):
        Anchored.from_weights(Weights("anchored", plain_table(SMALL), vars(PIXELS), (), tensors))
    with pytest.raises(InputError, match="weights of anchored"):
        Anchored.from_weights(Weights("pg-net", plain_table(SMALL), sampling, (), tensors))


def test_what_cannot_be_used_is_refused() -> None:
    seeds = _seeds()
    with pytest.raises(InputError, match="reads grey levels"):
        _method().prepare(None, seeds)
    with pytest.raises(InputError, match="drawn on this volume"):
        _method().prepare(_volume(Grid((5, 64, 64))), seeds)
    with pytest.raises(InputError, match="keep_volume"):
        AnchoredInference(keep_volume=2.0)
    nothing = seeds_of({1: {3: np.zeros((64, 64), dtype=bool)}}, 9)
    assert list(_method().prepare(_volume(nothing.grid), nothing).steps()) == []


def test_distance_to_what_was_drawn() -> None:
    near = nearness(13, [10, 11, 20], 0.5)
    assert near.nearest_mm == pytest.approx(1.0)
    assert near.between_mm == pytest.approx(1.0 * 3.5 / 4.5)
    assert nearness(11, [10, 11, 20], 0.5).between_mm == 0
    # Past the last annotated slice only its distance counts, up to a very wide gap's.
    assert nearness(22, [10, 11, 20], 0.5).between_mm == pytest.approx(60 / 61)
    assert cues(0.0, 0.0).tolist() == [0.0, 0.0]
    assert scatter_beyond_pixels_mm(None, (1.0, 1.0)) == 0
    assert scatter_beyond_pixels_mm(0.2, (1.0, 1.0)) == pytest.approx(0, abs=1e-6)
    assert scatter_beyond_pixels_mm(0.5, (1.0, 1.0)) == pytest.approx(0.21**0.5)


def test_one_slice_of_one_muscle_is_interpolated_as_all_of_them_are() -> None:
    masks = {z: _leaning(z) for z in (0, 40, 41, 42, 80)} | {90: np.zeros((64, 64), dtype=bool)}
    seeds = seeds_of({1: masks}, 100)
    maps = ShapeInterpolation(ShapeInterpolationConfig(smoothing=0.0)).prepare(None, seeds).depth_maps
    assert maps is not None
    own = DrawnMuscle({z: mask[maps.box] for z, mask in masks.items()}, (1.0, 1.0))
    shapes = {group: measured_shapes(group, own, 1) for group in own.groups if group.present}
    for z in (1, 20, 60, 85):
        assert np.array_equal(guided_depth(z, own.groups, shapes), maps.at(z)[1])
    assert guided_depth(95, own.groups, shapes) is None


@pytest.fixture(scope="module")
def few_and_all() -> tuple[dict[int, np.ndarray], dict[int, np.ndarray], list[int]]:
    """What the network makes of a few slices alone and of all, and how many slices it saw of each."""
    seeds = _seeds()
    volume = _volume(seeds.grid)
    method = _method(keep_volume=0.0, smooth_mm=1.0, every_mm=1.0, **STEADY)
    torch.nn.init.normal_(method.network.backbone.last.weight, std=0.05)
    shown: list[int] = []
    own = method.network.correction
    method.network.correction = lambda image, *rest: (shown.append(len(image)), own(image, *rest))[1]
    run_ = method.prepare(volume, seeds)
    few = {step.z: step.probability for step in run_.steps_on({1: {20, 21}})}
    seen = [sum(shown)]
    shown.clear()
    every = {step.z: step.probability for step in run_.steps()}
    return few, every, [*seen, sum(shown)]


def test_a_few_slices_alone_are_those_of_the_whole_leg_for_less_work(few_and_all) -> None:
    few, every, (seen, of_all) = few_and_all
    assert sorted(few) == [20, 21]
    for z in few:
        assert few[z] == pytest.approx(every[z], abs=2e-3)
        assert np.abs(few[z] - 0.5).min() < 0.4  # a border runs through
    assert seen <= 10 < of_all


def test_all_slices_asked_for_by_name_are_all_slices() -> None:
    seeds = _two_muscles()
    volume = _volume(seeds.grid)
    run_ = _method(1.0).prepare(volume, seeds)
    wanted = {label: set(range(41)) for label in (1, 2)}
    for one, other in zip(run_.steps(), run_.steps_on(wanted), strict=True):
        assert (one.label, one.z, one.done, one.total) == (other.label, other.z, other.done, other.total)
        assert np.array_equal(one.probability, other.probability)
    assert {step.label for step in run_.steps_on({2: {5, 30}})} == {2}


def test_the_volume_of_a_few_slices_is_kept_by_these_slices_alone() -> None:
    seeds = _seeds()
    volume = _volume(seeds.grid)
    prior = {step.z: step.probability for step in ShapeInterpolation().prepare(None, seeds).steps()}
    run_ = _method(1.5, keep_volume_mm=0.0, every_mm=1.0, smooth_mm=1.0, **STEADY).prepare(volume, seeds)
    found = {step.z: step.probability for step in run_.steps_on({1: set(range(10, 34))})}
    kept = sum(int((found[z] >= 0.5).sum()) for z in found) / sum(int((prior[z] >= 0.5).sum()) for z in found)
    assert kept == pytest.approx(1.0, abs=4e-3)
