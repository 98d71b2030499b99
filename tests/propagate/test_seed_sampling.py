from __future__ import annotations

import numpy as np
import pytest
from known_solids import disc, label_map

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.seeding.seed_sampling import sample_seeds

EMPTY = np.zeros((64, 64), dtype=bool)


def cylinder(first, last, slices=60, spacing=1.0):
    return label_map(lambda z: disc(15) if first <= z <= last else EMPTY, slices, spacing)


def test_triples_start_where_the_muscle_does_and_the_ends_are_annotated():
    seeds = sample_seeds(cylinder(5, 47), consecutive=3, every=20)
    assert seeds.slices(1) == (4, 5, 6, 7, 25, 26, 27, 45, 46, 47, 48)
    assert seeds.present(1) == (5, 6, 7, 25, 26, 27, 45, 46, 47)
    assert (seeds.masks[1][26] == disc(15)).all()


def test_without_ends_only_the_groups_count():
    assert sample_seeds(cylinder(5, 47), consecutive=2, every=30, ends=False).slices(1) == (5, 6, 35, 36)
    assert sample_seeds(cylinder(5, 47), first_only=True, ends=False).slices(1) == (5, 6, 7)
    assert sample_seeds(cylinder(5, 47), first_only=True).slices(1) == (4, 5, 6, 7, 47, 48)


def test_millimetres_are_rounded_up_to_slices():
    # 27.7 mm are 55.4 slices of 0.5 mm; 10 mm are 10 slices of 1 mm, and 10.000000001 are no more.
    starts = sample_seeds(cylinder(0, 199, 200, 0.5), consecutive=1, every_mm=27.7, ends=False).slices(1)
    assert starts == (0, 56, 112, 168)
    assert sample_seeds(cylinder(0, 30), consecutive=1, every_mm=10.000000001, ends=False).slices(1) == (0, 10, 20, 30)


def test_ends_at_the_volume_s_ends_have_nothing_beside_them():
    assert sample_seeds(cylinder(0, 59), consecutive=1, every=50).slices(1) == (0, 50, 59)


def test_each_muscle_has_slices_of_its_own_and_one_that_is_nowhere_is_left_out():
    array = np.zeros((30, 8, 8), dtype=np.uint8)
    array[2:20, :4] = 1
    array[9:28, 4:] = 3
    labels = LabelMap(array, Grid(array.shape), {1: "SOL", 2: "GM", 3: "GL"})
    seeds = sample_seeds(labels, consecutive=1, every=10, ends=False)
    assert {label: seeds.slices(label) for label in seeds.labels} == {1: (2, 12), 3: (9, 19)}
    assert seeds.names == {1: "SOL", 3: "GL"}


def test_noise_has_the_asked_size_is_smooth_and_repeats_by_its_seed():
    labels = cylinder(0, 59, spacing=0.5)
    first, again, other = (sample_seeds(labels, every=3, noise_mm=1.0, seed=seed).masks[1] for seed in (7, 7, 8))
    assert all((first[z] == again[z]).all() for z in first)
    assert any((first[z] != other[z]).any() for z in first)
    true = signed_distance(disc(15), (0.5, 0.5))
    offsets = []
    for mask in first.values():
        border = np.abs(signed_distance(mask, (0.5, 0.5))) < 0.3
        offsets.extend(true[border].tolist())
    assert np.std(offsets) == pytest.approx(1.0, rel=0.15)
    assert abs(np.mean(offsets)) < 0.2
    # Independent from slice to slice: neighbours differ as much as strangers do.
    changes = [float((first[z] ^ first[z + 1]).sum()) for z in range(50)]
    strangers = [float((first[z] ^ first[z + 9]).sum()) for z in range(50)]
    assert np.mean(changes) == pytest.approx(np.mean(strangers), rel=0.25)


def test_noise_is_the_same_whatever_else_is_sampled_and_leaves_absences_alone():
    labels = cylinder(5, 47)
    often = sample_seeds(labels, consecutive=3, every=10, noise_mm=0.5, seed=1).masks[1]
    seldom = sample_seeds(labels, consecutive=3, every=20, noise_mm=0.5, seed=1).masks[1]
    assert all((often[z] == seldom[z]).all() for z in seldom)
    assert not seldom[4].any()
    assert not seldom[48].any()


def test_unsteady_neighbours_do_not_overlap():
    array = np.zeros((4, 40, 40), dtype=np.uint8)
    array[:, 5:35, 5:20], array[:, 5:35, 20:35] = 1, 2
    labels = LabelMap(array, Grid(array.shape), {1: "SOL", 2: "GM"})
    seeds = sample_seeds(labels, consecutive=4, every=10, noise_mm=2.0)
    assert all(not (seeds.masks[1][z] & seeds.masks[2][z]).any() for z in range(4))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"every": 10, "every_mm": 3.0},
        {"every": 0},
        {"every_mm": float("nan")},
        {"every_mm": float("inf")},
        {"every": 5, "consecutive": 0},
        {"every": 5, "noise_mm": -1.0},
    ],
)
def test_protocols_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError):
        sample_seeds(cylinder(5, 47), **wrong)


def test_nothing_to_sample_is_told():
    with pytest.raises(InputError):
        sample_seeds(cylinder(70, 80), every=10)


def test_the_tip_of_a_muscle_is_drawn_however_unsteady_the_hand():
    array = np.zeros((9, 40, 40), dtype=np.uint8)
    array[2:7, 20, 20] = 1
    labels = LabelMap(array, Grid(array.shape), {1: "SOL"})
    for seed in range(5):
        seeds = sample_seeds(labels, every=3, noise_mm=2.0, seed=seed)
        assert seeds.present(1) == (2, 3, 4, 5, 6)
