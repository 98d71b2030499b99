"""The leg's own drawn slices beside a slice that nobody drew: which they are, where they lie, and how much they count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_solids import disc, run, seeds_of

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import plain_table
from ifssnet.nn.networks.anchored import AnchoredNet, grown
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.images import Images
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.muscle import CorrectedMuscle
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.anchored.references import move_px, references, weight, weights
from ifssnet.propagate.interpolation.group_shapes import measured_shapes
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.network_input.region import Sampling, normalised
from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle

SMALL = AnchoredNetConfig(widths=(8, 12), references=True, cues=4)
PIXELS = Sampling(pixel_mm=1.0, margin_mm=10.0, multiple_px=4, least_px=32)
CENTRES = {0: (30.0, 30.0), 40: (36.0, 26.0)}


def _seeds():
    masks = {z: disc(8, CENTRES[0]) for z in (0, 1, 2)} | {z: disc(8, CENTRES[40]) for z in (40, 41, 42)}
    return seeds_of({1: {**masks, 60: np.zeros((64, 64), dtype=bool)}}, 61)


def _volume(seeds, factor: int = 1) -> Volume:
    """A bright spot in the middle of the muscle as drawn, at its own level on each drawn slice."""
    grey = np.full(seeds.grid.shape_zyx, 20, dtype=np.uint8)
    for z, mask in seeds.masks[1].items():
        grey[z][mask] = 100 + z
    return Volume(grey, seeds.grid)


def _muscle(network: AnchoredNet, seeds) -> CorrectedMuscle:
    corrector = Corrector(network, PIXELS, Context(), AnchoredInference())
    maps = corrector.inference.guided.prepare(None, seeds).depth_maps
    assert maps is not None
    return CorrectedMuscle(1, maps, corrector)


def test_the_nearest_drawn_slices_with_the_muscle_are_shown() -> None:
    seeds = _seeds()
    drawn = DrawnMuscle(seeds.masks[1], (1.0, 1.0))
    groups = drawn.groups
    shapes = {group: measured_shapes(group, drawn, 1) for group in groups if group.present}
    below, above = references(10, groups, shapes, 0.5)
    assert below is not None
    assert above is not None
    assert (below.z, above.z) == (2, 40)
    assert (below.weight, above.weight) == (weight(4.0), weight(15.0))
    # Past the last slice with the muscle the drawn absence is no reference.
    below, above = references(50, groups, shapes, 0.5)
    assert below is not None
    assert below.z == 42
    assert above is None
    assert weights((below, above)).tolist() == [pytest.approx(weight(4.0)), 0.0]


def test_drawn_slices_are_moved_to_where_the_prior_lies() -> None:
    """Grey levels and shape of both drawn slices lie over the prior, in whole pixels, and weaken with distance."""
    seeds = _seeds()
    volume = _volume(seeds)
    muscle = _muscle(AnchoredNet(SMALL), seeds)
    seen = Images(volume, PIXELS)
    depth = muscle.maps.at(21)[1]
    muscle.take(muscle.wanted(21, depth, seen))
    (wanted,) = muscle.waiting
    inside = wanted.prior_px >= 0
    assert wanted.image.shape[0] == SMALL.planes == 9
    for side, z in ((0, 2), (1, 40)):
        count = np.float32(weight(19.0))
        grey, shape = wanted.image[5 + side], wanted.image[7 + side]
        level = normalised(np.array([100.0 + z], np.float32), PIXELS)[0] * count
        over = (np.abs(grey - level) < 1e-4) & inside
        assert over.sum() > 0.9 * inside.sum()
        assert ((shape >= 0) & inside).sum() > 0.9 * inside.sum()
        assert np.abs(shape).max() <= count
        assert wanted.cue_values[2 + side] == pytest.approx(float(count))


def test_pixels_of_several_voxels_move_by_whole_pixels() -> None:
    seeds = _seeds()
    drawn = DrawnMuscle(seeds.masks[1], (1.0, 1.0))
    groups = drawn.groups
    shapes = {group: measured_shapes(group, drawn, 1) for group in groups if group.present}
    below, _ = references(20, groups, shapes, 1.0)
    assert below is not None
    depth = np.where(disc(8, (38.0, 22.0)), 1.0, -1.0)
    assert move_px(below, depth, 1) == (8, -8)
    assert move_px(below, depth, 4) == (2, -2)
    assert move_px(below, -np.ones_like(depth), 1) == (0, 0)


def test_a_hidden_slice_is_not_its_own_reference() -> None:
    masks = {z: disc(8 + 0.1 * z) for z in (0, 1, 2, 20, 21, 22, 40, 41, 42)}
    seeds = seeds_of({1: masks}, 43)
    muscle = _muscle(AnchoredNet(SMALL), seeds)
    (hidden,) = muscle.hidden(Images(_volume(seeds), PIXELS))
    assert hidden.wanted.z == 21
    assert hidden.wanted.cue_values[2:].tolist() == [pytest.approx(weight(19.0)), pytest.approx(weight(19.0))]


def test_a_network_that_sees_none_lends_its_weights_to_one_that_does() -> None:
    seeds = _seeds()
    volume = _volume(seeds)
    torch.manual_seed(0)
    plain = AnchoredNet(replace(SMALL, references=False, cues=2))
    torch.nn.init.normal_(plain.backbone.last.weight)
    larger = AnchoredNet(SMALL)
    tensors = {name: tensor.numpy() for name, tensor in plain.state_dict().items()}
    larger.load_state_dict({name: torch.tensor(array) for name, array in grown(tensors, larger).items()})
    one, two = (
        run(Anchored(network, PIXELS, Context(), AnchoredInference(check=False)), seeds, volume).labels.array
        for network in (plain, larger)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, run(ShapeInterpolation(), seeds).labels.array)
    # The drawn slices are new, not copies of something that the smaller one saw.
    first = larger.backbone.unet.down[0].first.weight
    assert first.shape[1] == 11
    assert not first[:, 7:].any()


def test_weights_of_before_drawn_slices_still_run() -> None:
    network = AnchoredNet(AnchoredNetConfig(widths=(8, 12)))
    table = plain_table(network.config)
    del table["references"]
    context = {"offsets_mm": [-4.4, -2.2, 0.0, 2.2, 4.4], "zero_image": False}
    shared = {**plain_table(PIXELS), "context": context, "inference": {}}
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    method = Anchored.from_weights(Weights("anchored", table, shared, (), tensors))
    assert not method.network.config.references


@pytest.mark.parametrize("change", [{"cues": 2}, {"backbone": "ifss-net", "slices": 3, "widths": (8, 8, 8, 8, 8)}])
def test_a_network_that_cannot_see_drawn_slices_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="drawn slices"):
        replace(SMALL, **change)
