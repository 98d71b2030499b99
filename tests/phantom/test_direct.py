"""Volumes: both ways agree, truth lies where it should, r2 is r1 moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.options import CompoundOptions
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import NAMES, Tissue
from ifssnet.phantom.scanner.acquisition import SIZES, acquire, place_of_second, volume_grid
from ifssnet.phantom.scanner.direct_volume import direct_volume
from ifssnet.phantom.scanner.probe import Probe
from ifssnet.phantom.scanner.protocol import SMALL
from ifssnet.phantom.scanner.sweep import scan, scan_labels

PERFECT = replace(SMALL.without_errors(), from_mm=150.0, to_mm=180.0)


@pytest.fixture(scope="module")
def leg():
    return build_leg(Subject(seed=1))


def test_compounded_labels_of_a_perfect_scan_are_the_truth(leg) -> None:
    """Poses, pixels and the world agree: tissue codes carried by frames land on the voxels that have them."""
    settings = replace(PERFECT, probe=Probe(pixel_mm=0.4, depth_mm=84.0), frame_step_mm=1.0)
    sweeps = drain(scan(leg, settings, seed=4))
    grid = Grid((28, 150, 200), (0.6, 0.6, 1.0), (-60.0, -65.0, 150.5))
    found = drain(compound_sweeps(scan_labels(leg, sweeps), CompoundOptions(compounding="latest"), grid))
    seen = found.weights > 0
    truth = leg_labels(leg, grid, tuple(NAMES.values()))
    for value in (Tissue.SOL, Tissue.GM, Tissue.GL, Tissue.TIBIA):
        a, b = (found.volume.array == value) & seen, (truth.array == value) & seen
        assert np.count_nonzero(b) > 500
        assert 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)) >= 0.98, NAMES[value]


def test_direct_and_scan_show_the_same_leg(leg) -> None:
    grid = Grid((12, 55, 55), (2.2, 2.2, 2.2), (-60.0, -66.0, 152.0))
    settings = replace(SMALL, from_mm=140.0, to_mm=190.0, frame_step_mm=1.0, bubbles_per_m=0.0)
    direct = drain(direct_volume(leg, grid, settings, seed=1)).array.astype(float)
    sweeps = drain(scan(leg, settings, seed=1))
    scanned = drain(compound_sweeps(sweeps, CompoundOptions(), grid)).volume.array.astype(float)
    labels = leg_labels(leg, grid, tuple(NAMES.values())).array
    for value in (Tissue.SOL, Tissue.GM, Tissue.GL, Tissue.SKIN):
        assert direct[labels == value].mean() == pytest.approx(scanned[labels == value].mean(), abs=15), NAMES[value]
    assert np.corrcoef(direct.ravel(), scanned.ravel())[0, 1] > 0.75


def test_direct_is_deterministic_and_its_seed_is_the_views_own(leg) -> None:
    grid = Grid((4, 40, 40), (3.0, 3.0, 3.0), (-60.0, -66.0, 160.0))
    a, b, c = (drain(direct_volume(leg, grid, SMALL, seed=s)).array for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_nothing_is_seen_beside_and_below_the_sweeps(leg) -> None:
    settings = replace(SMALL, sweeps=1, from_mm=150.0, to_mm=180.0)
    grid = Grid((5, 80, 80), (2.0, 2.0, 20.0), (-80.0, -70.0, 130.0))
    image = drain(direct_volume(leg, grid, settings, seed=1)).array
    assert image[0].max() == 0
    assert image[-1].max() == 0
    columns = np.flatnonzero(image[2].any(axis=0))
    assert (columns[-1] - columns[0] + 1) * 2.0 <= settings.probe.width_mm + 2.0
    rows = np.flatnonzero(image[2].any(axis=1))
    assert (rows[-1] - rows[0] + 1) * 2.0 <= settings.probe.depth_mm + 2.0


def test_the_second_acquisition_is_the_leg_moved(leg) -> None:
    place = place_of_second(3, leg)
    assert np.allclose(place[:3, :3] @ place[:3, :3].T, np.eye(3))
    grid = volume_grid(leg, SIZES["small"], SMALL)
    here, there = leg_labels(leg, grid), leg_labels(leg, grid, leg_to_world=place)
    for value in (1, 2, 3):
        centre = grid.points_to_mm(np.argwhere(here.array == value)[:, ::-1].astype(float)).mean(axis=0)
        moved = grid.points_to_mm(np.argwhere(there.array == value)[:, ::-1].astype(float)).mean(axis=0)
        assert np.allclose(moved, place[:3, :3] @ centre + place[:3, 3], atol=0.5)


def test_volumes_of_a_size_hold_the_leg(leg) -> None:
    recorded = drain(acquire(leg, SIZES["small"], "direct", 1, 5))
    assert recorded.volume.array.shape[1:] == (64, 64)
    voxel = recorded.truth.grid.voxel_volume_mm3 / 1000
    for value, muscle in ((1, leg.subject.sol), (2, leg.subject.gm), (3, leg.subject.gl)):
        assert np.count_nonzero(recorded.truth.array == value) * voxel == pytest.approx(muscle.volume_cm3, rel=0.06)
    with pytest.raises(InputError, match="acquisition"):
        drain(acquire(leg, SIZES["small"], "direct", 3))


@pytest.mark.slow
def test_registration_finds_the_known_transform() -> None:
    from ifssnet.compounding.registration.rigid import register

    leg = build_leg(Subject(seed=2))
    fixed, moving = (drain(acquire(leg, SIZES["small"], "direct", n, 7)) for n in (1, 2))
    rest = np.asarray(drain(register(fixed.volume, moving.volume)).transform) @ moving.leg_to_world
    middle = np.array([0.0, 0.0, 200.0, 1.0])
    # Voxels of 2.2 mm: within one of them. Other sizes: docs/experiments/digital-leg-calibration.md.
    assert np.linalg.norm((rest @ middle - middle)[:3]) <= 2.2
    assert np.rad2deg(np.arccos(np.clip((np.trace(rest[:3, :3]) - 1) / 2, -1, 1))) <= 1.5
