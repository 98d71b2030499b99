"""Two acquisitions of one leg: poses, volumes and truth agree, wherever the leg lay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.options import CompoundOptions
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Subject, draw_subject
from ifssnet.phantom.anatomy.tissue import NAMES
from ifssnet.phantom.scanner.acquisition import SIZES, acquire, place_of_second, volume_grid
from ifssnet.phantom.scanner.probe import Probe
from ifssnet.phantom.scanner.probe_path import probe_path
from ifssnet.phantom.scanner.protocol import SMALL, second_acquisition
from ifssnet.phantom.scanner.sweep import scan, scan_labels

ALL = tuple(NAMES.values())
PERFECT = replace(SMALL.without_errors(), probe=Probe(pixel_mm=0.4, depth_mm=84.0), frame_step_mm=1.0)


@pytest.fixture(scope="module")
def leg():
    return build_leg(Subject(seed=1))


def turn_deg(matrix: np.ndarray) -> float:
    return float(np.rad2deg(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1))))


def test_a_pixel_lies_where_the_probe_held_it(leg) -> None:
    """By hand: the face's middle and top, half a frame's width, half a pixel down, and so many pixels from there."""
    settings = replace(SMALL.without_errors(), from_mm=200.0, to_mm=230.0, sweeps=3)
    sweeps, path = drain(scan(leg, settings, seed=1)), probe_path(leg, settings)
    columns = sweeps[0].frames.shape[2]
    for index, sweep in enumerate(sweeps):
        for frame in (0, 7):
            z = 200.0 + (frame + 0.5) * settings.frame_step_mm
            centre, top = path.at(index, np.array([z]))
            for u, v in ((0, 0), (10, 40)):
                seen = sweep.image_to_world[frame] @ np.array([u, v, 0.0, 1.0])
                by_hand = (centre[0] + (u - (columns - 1) / 2) * 0.8, top[0] + (v + 0.5) * 0.8, z)
                assert np.allclose(seen[:3], by_hand, atol=1e-9)


def test_sweeps_overlap_as_told_and_cover_the_leg(leg) -> None:
    settings = SMALL
    path = probe_path(leg, settings)
    apart = np.diff(path.centre_mm, axis=0)
    assert np.allclose(apart, settings.probe.width_mm * (1 - settings.overlap))
    skin = leg.outline_xy_mm
    behind = skin[..., 1] < leg.axis_xy_mm[:, 1:]
    for index in range(settings.sweeps):
        under = (np.abs(skin[..., 0] - path.centre_mm[index][:, None]) < 0.5 * settings.probe.width_mm) & behind
        highest = np.where(under, skin[..., 1], np.inf).min(axis=1)
        # The face stays in the water above the skin, and near it: smoothed over 12 mm, it may come nearer by some mm.
        water = highest - path.top_mm[index]
        assert np.isfinite(water).mean() > 0.7
        assert water[np.isfinite(water)].min() > 0.0


@pytest.mark.parametrize("moved", [False, True], ids=["r1", "r2"])
def test_compounded_labels_are_the_truth_wherever_the_leg_lay(leg, moved: bool) -> None:
    """A noiseless scan of labels, compounded where the frames say that they lay, gives the truth of that place back."""
    place = place_of_second(3, leg) if moved else np.eye(4)
    # Where the leg lies askew, voxels fall between frames: these are as close as the paper's.
    settings = replace(PERFECT, from_mm=128.0, to_mm=146.0, frame_step_mm=0.5 if moved else 1.0)
    sweeps = drain(scan(leg, settings, 4, place))
    grid = Grid((8, 150, 200), (0.6, 0.6, 1.0), (-60.0, -65.0, 132.5))
    found = drain(compound_sweeps(scan_labels(leg, sweeps, place), CompoundOptions(compounding="latest"), grid))
    seen = found.weights > 0
    truth = leg_labels(leg, grid, ALL, place)
    assert seen.mean() > 0.3
    for name in ("SOL", "GM", "GL", "TIBIA"):
        value = truth.value_of(name)
        a, b = (found.volume.array == value) & seen, (truth.array == value) & seen
        assert np.count_nonzero(b) > 500, name
        assert 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)) >= 0.98, name


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_compounded_labels_of_a_whole_leg_are_the_truth(seed: int) -> None:
    leg = build_leg(draw_subject(seed))
    settings = replace(PERFECT, sweeps=6)
    sweeps = drain(scan(leg, settings, 4))
    grid = Grid((int(leg.length_mm) - 2, 180, 240), (0.6, 0.6, 1.0), (-72.0, -80.0, 1.5))
    found = drain(compound_sweeps(scan_labels(leg, sweeps), CompoundOptions(compounding="latest"), grid))
    seen, truth = found.weights > 0, leg_labels(leg, grid, ALL)
    for name in ("SOL", "GM", "GL"):
        value = truth.value_of(name)
        a, b = (found.volume.array == value) & seen, (truth.array == value) & seen
        assert 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)) >= 0.98, name


@pytest.mark.parametrize("via", ["direct", "scan"])
def test_r2_has_more_gain_a_lower_frequency_and_another_place(leg, via) -> None:
    size = replace(SIZES["small"], in_plane=16, along=32, columns=32)
    size = replace(size, settings=replace(size.settings, frame_step_mm=8.0))
    first, second = (drain(acquire(leg, size, via, number, 7)) for number in (1, 2))
    assert np.array_equal(first.leg_to_world, np.eye(4))
    assert second.settings == second_acquisition(first.settings)
    assert second.settings.probe.frequency_mhz < first.settings.probe.frequency_mhz
    assert second.settings.probe.gain_db > first.settings.probe.gain_db
    # Truth follows the leg: each voxel of r2's has the tissue of the place that the known transform takes there.
    rng = np.random.default_rng(0)
    places = rng.integers(0, np.array(second.truth.array.shape)[::-1], size=(60, 3)).astype(float)
    world = second.truth.grid.points_to_mm(places)
    back = np.linalg.inv(second.leg_to_world)
    for index, at in zip(places.astype(int), world, strict=True):
        x, y, z = (back @ np.append(at, 1.0))[:3]
        one = leg_labels(leg, Grid((1, 1, 1), (1.0, 1.0, 1.0), (float(x), float(y), float(z)))).array[0, 0, 0]
        assert second.truth.array[index[2], index[1], index[0]] == one
    grey = [float(a.volume.array[(a.truth.array > 0) & (a.volume.array > 0)].mean()) for a in (first, second)]
    assert grey[1] > grey[0] + 10


def test_places_of_the_second_acquisition_are_small_rigid_moves() -> None:
    leg = build_leg(Subject(seed=1))
    middle = np.array([0.0, 0.0, 0.5 * leg.length_mm, 1.0])
    moves: list[float] = []
    for seed in range(50):
        place = place_of_second(seed, leg)
        assert np.allclose(place[:3, :3] @ place[:3, :3].T, np.eye(3))
        assert np.linalg.det(place[:3, :3]) == pytest.approx(1.0)
        # 2, 2 and 4 degrees at most about the three axes; 8, 4.8 and 8 mm.
        assert turn_deg(place) <= 4.9
        moves.append(float(np.linalg.norm((place @ middle - middle)[:3])))
    assert max(moves) <= np.linalg.norm([8.0, 4.8, 8.0])
    assert np.mean(moves) > 3.0


def test_dropped_poses_and_the_trackers_errors_are_as_many_and_as_large_as_told(leg) -> None:
    settings = replace(SMALL, dropped=0.2, jitter_mm=0.3, jitter_deg=0.5, motion_mm=0.0, from_mm=120.0, to_mm=270.0)
    perfect = drain(scan(leg, settings.without_errors(), seed=2))
    shaken = drain(scan(leg, settings, seed=2))
    valid = np.concatenate([s.valid for s in shaken])
    # Binomial: 3 standard deviations.
    assert 1 - valid.mean() == pytest.approx(0.2, abs=3 * np.sqrt(0.16 / len(valid)))
    assert all(s.valid.all() for s in perfect)
    errors = np.concatenate([a.image_to_world - b.image_to_world for a, b in zip(shaken, perfect, strict=True)])
    assert errors[:, :3, 3].std() == pytest.approx(0.3, rel=0.2)
    turns = [
        turn_deg(a[:3, :3] @ np.linalg.inv(b[:3, :3]))
        for s, p in zip(shaken, perfect, strict=True)
        for a, b in zip(s.image_to_world, p.image_to_world, strict=True)
    ]
    # Three independent angles of 0.5 degrees each: the root of the mean square is 0.5 times the root of 3.
    assert np.sqrt(np.mean(np.square(turns))) == pytest.approx(0.5 * np.sqrt(3), rel=0.2)


def test_volumes_of_each_size_are_the_papers() -> None:
    """LEG-3D-US: 0.277 ± 0.015 mm; `quarter` four times that within slices, and as many slices (paper, IV-A)."""
    for seed in range(2):
        leg = build_leg(draw_subject(seed))
        grids = {name: volume_grid(leg, SIZES[name], SIZES[name].settings) for name in ("paper", "quarter")}
        paper, quarter = grids["paper"], grids["quarter"]
        assert paper.spacing_xyz_mm[0] == pytest.approx(0.277, abs=2.1 * 0.015)
        assert len(set(paper.spacing_xyz_mm)) == 1
        assert np.allclose(quarter.spacing_xyz_mm, np.array(paper.spacing_xyz_mm) * (4, 4, 1))
        assert paper.shape_zyx[1:] == (512, 512)
        assert quarter.shape_zyx == (paper.shape_zyx[0], 128, 128)
        # 1443 ± 207 slices; these legs end at knee and ankle as theirs do.
        assert 1443 - 3 * 207 < paper.shape_zyx[0] < 1443 + 3 * 207
