"""The look before the work, on sweeps with one known fault each."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from make_sweeps import compounded, moved, straight_sweep

from ifssnet.compounding.holes.options import DistanceFilling, StickFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.preflight.coverage import coverage
from ifssnet.compounding.preflight.motion import motion_of
from ifssnet.compounding.preflight.sweep_checks import check_sweeps
from ifssnet.core.findings import Finding
from ifssnet.core.sweep import Sweep
from ifssnet.workflow.leg.compound_files import plain_preflight

OPTIONS = CompoundOptions(spacing_mm=1.0)


def leg(frames: int = 80, step_mm: float = 1.0, **place) -> Sweep:
    return straight_sweep(np.full((frames, 40, 50), 9, dtype=np.uint8), step_mm=step_mm, **place)


def test_a_good_sweep_has_nothing_to_say():
    look = check_sweeps([leg()], OPTIONS)
    assert look.findings == ()
    assert look.worst is None
    assert look.extent_xyz_mm == (50, 40, 80)
    assert look.coverage.unseen_share == 0
    assert look.coverage.longest_gap_mm == 0
    assert look.coverage.overlap_share is None


def test_a_jump_is_found_with_its_frame_and_length():
    def jump(poses):
        poses[50:, :3, 3] += (30.0, 0, 0)

    motion = motion_of(moved(leg(), jump))
    assert [j.frame for j in motion.jumps] == [50]
    assert motion.jumps[0].step_mm == pytest.approx(np.hypot(30, 1))
    look = check_sweeps([moved(leg(), jump)], OPTIONS)
    found = next(finding for finding in look.findings if "jumps at frame 50" in finding.text)
    assert (found.severity, found.unit) == ("warning", "mm")
    assert found.figure == pytest.approx(np.hypot(30, 1))


def test_a_turn_is_a_jump_too():
    def turn(poses):
        angle = np.radians(12)
        poses[30, :2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]

    jumps = motion_of(moved(leg(), turn)).jumps
    assert [j.frame for j in jumps] == [30, 31]
    assert jumps[0].turn_deg == pytest.approx(12)


def test_a_longer_step_over_frames_that_were_left_out_is_no_jump():
    valid = np.ones(80, bool)
    valid[20:30] = False
    motion = motion_of(moved(leg(), lambda _: None, valid=valid))
    assert motion.jumps == ()
    assert motion.longest_invalid_run == 10


def test_a_gap_is_measured_along_the_sweep_and_held_against_hole_filling():
    valid = np.ones(80, bool)
    valid[20:32] = False  # frames 19 and 32 are 13 mm apart: 12 voxels between them
    sweep = moved(leg(), lambda _: None, valid=valid)
    assert coverage([sweep], OPTIONS).longest_gap_mm == 12
    assert coverage([sweep], OPTIONS).unseen_share == pytest.approx(12 / 80)
    texts = [f.text for f in check_sweeps([sweep], replace(OPTIONS, holes=(StickFilling(9, 1),))).findings]
    assert any("12.0 mm were not seen" in text and "bridges" in text for text in texts)
    assert any("12 of 80 frames have an invalid pose, up to 12 in a row" in text for text in texts)


def test_pixels_larger_than_voxels_leave_no_gap_along_the_sweep():
    # A hand that wobbles: most columns of voxels fall between pixels of most frames.
    wobbled = moved(leg(step_mm=2.0), lambda poses: poses[:, 0, 3].__iadd__(0.3 * np.sin(np.arange(80))))
    assert coverage([wobbled], replace(OPTIONS, spacing_mm=0.25)).longest_gap_mm == pytest.approx(1.75)


def test_coverage_agrees_with_what_insertion_leaves_empty():
    sweep = straight_sweep(np.full((40, 81, 101), 9, dtype=np.uint8), pixel_mm=0.5, step_mm=1.7)
    tilt = np.radians(25)

    def lean(poses):
        poses[:, 1, 1], poses[:, 2, 1] = 0.5 * np.cos(tilt), 0.5 * np.sin(tilt)

    tilted = moved(sweep, lean)
    result = compounded(tilted, axes="sweep")
    seen = result.weights > 0
    swept = np.maximum.accumulate(seen, 0) & np.maximum.accumulate(seen[::-1], 0)[::-1]
    assert coverage([tilted], OPTIONS).unseen_share == pytest.approx((swept & ~seen).sum() / swept.sum(), abs=0.06)


def test_sparse_frames_are_noted():
    look = check_sweeps([leg(step_mm=3.0)], OPTIONS)
    assert look.coverage.unseen_share == pytest.approx(2 / 3, abs=0.02)
    texts = [f.text for f in look.findings]
    assert any("3.00 mm apart" in text for text in texts)
    assert any("lie between frames" in text for text in texts)


def test_nobody_who_fills_holes_is_told_to_fill_them():
    sweep, filling = leg(step_mm=3.0), DistanceFilling(4.0)
    told = {
        bool(holes): check_sweeps([sweep], replace(OPTIONS, holes=holes, spacing_mm=0.5)).findings for holes in ((), (filling,))
    }
    remedies = {given: " ".join(f.remedy for f in findings) for given, findings in told.items()}
    assert "ill holes" in remedies[False]
    assert "ill holes" not in remedies[True]
    assert any("hole filling bridges" in f.text for f in told[True])
    assert not any("mm apart, voxels" in f.text for f in told[True])


def test_overlap_of_two_sweeps():
    half = [leg(), leg(origin=(25.0, 0, 0))]  # 50 voxels wide each, 25 shared of 75
    assert coverage(half, OPTIONS).overlap_share == pytest.approx(25 / 75, abs=0.02)
    apart = [leg(), leg(origin=(60.0, 0, 0))]
    assert any("seen by two sweeps" in f.text for f in check_sweeps(apart, OPTIONS).findings)


def test_times():
    sweep = leg()
    times = sweep.timestamps_s.copy()
    times[40:] += 5.0
    assert motion_of(replace(sweep, timestamps_s=times)).time_gaps == (40,)
    times = sweep.timestamps_s.copy()
    times[40] -= 1.0
    assert motion_of(replace(sweep, timestamps_s=times)).backward_times == (40,)
    no_times = motion_of(replace(sweep, timestamps_s=np.zeros(80)))
    assert no_times.time_gaps == ()
    assert no_times.median_interval_s == 0


def test_a_probe_that_stands_still():
    def stay(poses):
        poses[:60, 2, 3] = 0.0

    motion = motion_of(moved(leg(), stay))
    assert motion.still_frames == 59
    assert any("stood still" in f.text for f in check_sweeps([moved(leg(), stay)], OPTIONS).findings)


@pytest.mark.parametrize("every", [2, 3])
def test_a_tracker_slower_than_the_images_is_a_warning_and_a_rest_is_none(every):
    def held(poses):
        poses[:, 2, 3] = every * (np.arange(80) // every)

    (finding,) = [f for f in check_sweeps([moved(leg(), held)], OPTIONS).findings if "exactly the pose" in f.text]
    assert finding.severity == "warning"
    assert finding.figure == 80 - math.ceil(80 / every)
    assert f"up to {every}.0 mm off" in finding.remedy

    def rest(poses):
        poses[20:50, 2, 3] = 20.0

    assert not [f for f in check_sweeps([moved(leg(), rest)], OPTIONS).findings if "exactly the pose" in f.text]


def test_a_probe_that_was_never_tracked_is_an_error():
    look = check_sweeps([leg(step_mm=0.0)], OPTIONS)
    assert look.worst == "error"
    assert "moved 0.00 mm" in look.findings[0].text


def test_a_leg_of_the_wrong_size_is_implausible():
    look = check_sweeps(
        [straight_sweep(np.zeros((80, 40, 50), np.uint8), pixel_mm=10.0, step_mm=10.0)], replace(OPTIONS, spacing_mm=10.0)
    )
    assert any("more than a lower leg" in f.text for f in look.findings)
    small = check_sweeps(
        [straight_sweep(np.zeros((80, 40, 50), np.uint8), pixel_mm=0.1, step_mm=0.1)], replace(OPTIONS, spacing_mm=0.1)
    )
    assert any("only" in f.text for f in small.findings)


def test_pixels_larger_than_voxels_are_a_warning():
    assert any("larger than voxels" in f.text for f in check_sweeps([leg()], replace(OPTIONS, spacing_mm=0.5)).findings)


def test_the_worst_comes_first_and_everything_is_plain_data():
    look = check_sweeps([leg(step_mm=0.0)], replace(OPTIONS, spacing_mm=0.5))
    ranks = [("error", "warning", "note").index(f.severity) for f in look.findings]
    assert ranks == sorted(ranks)
    assert json.loads(json.dumps(plain_preflight(look), allow_nan=False))["frames"] == 80


def test_positions_in_metres_are_told_from_a_probe_that_stands_still():
    look = check_sweeps([leg(step_mm=0.001)], OPTIONS)
    assert look.worst == "error"
    assert "were the positions in metres, it would be 79 mm" in look.findings[0].text
    noise = np.random.default_rng(1).normal(0, 0.01, (80, 3))

    def tremble(poses):
        poses[:, :3, 3] = noise

    still = check_sweeps([moved(leg(), tremble)], OPTIONS)
    assert still.worst == "error"
    assert "metres" not in still.findings[0].text
    assert "Check that its marker was tracked" in still.findings[0].remedy


def test_a_calibration_in_another_unit_is_a_warning():
    look = check_sweeps([straight_sweep(np.zeros((80, 40, 50), np.uint8), pixel_mm=0.0002)], OPTIONS)
    assert any("0.0002 mm" in f.text and f.severity == "warning" for f in look.findings)


def test_what_the_reader_noticed_is_told_with_its_sweep():
    odd = replace(leg(), findings=(Finding("warning", "The pose is not rigid.", "Look."),))
    assert Finding("warning", "The pose is not rigid.", "Look.") in check_sweeps([odd], OPTIONS).findings
    assert "Sweep 2: The pose is not rigid." in [f.text for f in check_sweeps([leg(), odd], OPTIONS).findings]
