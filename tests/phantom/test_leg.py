"""The anatomy: parameters come back as areas and volumes, labels partition the leg."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.phantom.anatomy.calf import acsa_cm2
from ifssnet.phantom.anatomy.labels import leg_grid, leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Muscle, Subject, draw_subject
from ifssnet.phantom.anatomy.tissue import NAMES, Tissue

ALL = tuple(NAMES.values())


@pytest.fixture(scope="module")
def leg():
    return build_leg(Subject(seed=1))


@pytest.fixture(scope="module")
def labels(leg):
    return leg_labels(leg, leg_grid(leg, (1.5, 1.5, 2.0)), ALL)


def test_acsa_integrates_to_the_volume() -> None:
    muscle = Muscle(volume_cm3=250.0, start_mm=10.0, length_mm=240.0, rise=1.0, fall=1.0)
    z = np.arange(0.0, 400.0, 0.5)
    area = acsa_cm2(muscle, z)
    assert np.sum(area) * 0.05 == pytest.approx(250.0, rel=1e-3)
    # u (1 - u) has its mean at 2/3 of its peak: peak = 1.5 x 250 cm3 / 24 cm.
    assert area.max() == pytest.approx(15.625, rel=1e-3)
    assert z[area.argmax()] == pytest.approx(130.0)


def test_volumes_are_the_parameters_without_roughness() -> None:
    subject = Subject(seed=3, roughness_mm=0.0)
    leg = build_leg(subject)
    labels = leg_labels(leg, leg_grid(leg, (1.0, 1.0, 2.0)))
    for name, muscle in (("SOL", subject.sol), ("GM", subject.gm), ("GL", subject.gl)):
        volume = np.count_nonzero(labels.array == labels.value_of(name)) * labels.grid.voxel_volume_mm3 / 1000
        # The smoothed wall between the heads, the fascia's half millimetre and the fibula take their share.
        assert volume == pytest.approx(muscle.volume_cm3, rel=0.06), name


def test_everything_inside_the_skin_has_a_tissue_and_the_outside_is_water(labels) -> None:
    inside = labels.array != Tissue.WATER
    for z in range(0, labels.grid.slices, 20):
        rows = np.flatnonzero(inside[z].any(axis=1))
        for y in rows:
            columns = np.flatnonzero(inside[z, y])
            assert columns[-1] - columns[0] + 1 == len(columns), "a hole in the leg"
    assert not inside[:, 0].any()
    assert not inside[:, :, 0].any()
    assert set(np.unique(labels.array)) <= {int(t) for t in Tissue}


def test_ends_are_where_they_belong(leg, labels) -> None:
    z_mm = labels.grid.points_to_mm(np.array([[0, 0, k] for k in range(labels.grid.slices)], dtype=float))[:, 2]
    for value, muscle in ((1, leg.subject.sol), (2, leg.subject.gm), (3, leg.subject.gl)):
        present = z_mm[(labels.array == value).any(axis=(1, 2))]
        assert muscle.start_mm - 2 <= present.min() <= muscle.start_mm + 14
        assert muscle.end_mm - 14 <= present.max() <= muscle.end_mm + 2
    assert leg.subject.gl.end_mm < leg.subject.gm.end_mm < leg.subject.sol.end_mm


def test_a_right_leg_mirrors_a_left_one() -> None:
    left, right = (build_leg(Subject(seed=5, side=side)) for side in ("left", "right"))
    grid = Grid((3, 60, 61), (2.0, 2.0, 60.0), (-60.0, -59.0, 120.0))
    drift = left.axis_xy_mm[120, 0]
    a = leg_labels(left, replace(grid, origin_xyz_mm=(-60.0 + drift, -59.0, 120.0)), ALL)
    b = leg_labels(right, replace(grid, origin_xyz_mm=(-60.0 + drift, -59.0, 120.0)), ALL)
    assert np.mean(a.array[0] == b.array[0, :, ::-1]) > 0.99
    gl = np.argwhere(a.array[0] == 3)[:, 1].mean()
    gm = np.argwhere(a.array[0] == 2)[:, 1].mean()
    assert gl > gm + 20


def test_labels_do_not_depend_on_the_grid(leg, labels) -> None:
    turn = np.array([[0.8, -0.6, 0, 12.0], [0.6, 0.8, 0, -30.0], [0, 0, 1, 5.0], [0, 0, 0, 1]])
    place = np.array([[20, 30, 60]], dtype=float)
    centre = labels.grid.points_to_mm(place)[0]
    moved = turn @ np.append(centre, 1.0)
    grid = Grid((1, 1, 1), (1.0, 1.0, 1.0), tuple(float(c) for c in moved[:3]))
    assert leg_labels(leg, grid, ALL, turn).array[0, 0, 0] == labels.array[60, 30, 20]


def test_the_same_seed_is_the_same_leg_and_another_is_another() -> None:
    a, b, c = (build_leg(draw_subject(seed)) for seed in (11, 11, 12))
    assert np.array_equal(a.layers, b.layers)
    assert a.subject == b.subject != c.subject


def test_people_are_those_of_the_paper() -> None:
    people = [draw_subject(seed) for seed in range(400)]
    height = np.array([p.height_cm for p in people])
    mass = np.array([p.mass_kg for p in people])
    assert abs(height.mean() - 173) < 1.7
    assert abs(height.std() - 11) < 1.5
    assert abs(mass.mean() - 64.3) < 1.9
    assert abs(mass.std() - 12.4) < 1.8
    assert 0.4 < np.mean([p.sex == "female" for p in people]) < 0.6
    assert 0.38 < np.mean([p.side == "left" for p in people]) < 0.53
    assert all(p.sol.volume_cm3 > p.gm.volume_cm3 > p.gl.volume_cm3 * 0.95 for p in people)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"fat_mm": -1.0}, "fat_mm"),
        ({"leg_mm": 50.0}, "leg_mm"),
        ({"height_cm": float("nan")}, "height_cm"),
        ({"gm": Muscle(200.0, 300.0, 200.0, 1.0, 1.0)}, "GM"),
        ({"sol": Muscle(-5.0, 30.0, 200.0, 1.0, 1.0)}, "SOL"),
    ],
)
def test_impossible_legs_are_refused(change, word) -> None:
    with pytest.raises(InputError, match=word):
        Subject(**change)
