"""The scanner: frames that agree with the anatomy, deterministic, speckle of the view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.anatomy.view import frames_view
from ifssnet.phantom.scanner.bmode import bmode
from ifssnet.phantom.scanner.probe import Probe
from ifssnet.phantom.scanner.protocol import SMALL
from ifssnet.phantom.scanner.sweep import scan, scan_labels

SHORT = replace(SMALL, from_mm=150.0, to_mm=180.0)


@pytest.fixture(scope="module")
def leg():
    return build_leg(Subject(seed=1))


@pytest.fixture(scope="module")
def sweeps(leg):
    return drain(scan(leg, SHORT, seed=4))


def test_progress_counts_every_frame(leg) -> None:
    seen: list[Progress] = []
    sweeps = drain(scan(leg, SHORT, seed=4), seen.append)
    assert seen[-1].done == seen[-1].total == sum(len(s.frames) for s in sweeps)
    assert [s.done for s in seen] == sorted(s.done for s in seen)


def test_the_same_seed_gives_the_same_bytes(leg, sweeps) -> None:
    again = drain(scan(leg, SHORT, seed=4))
    other = drain(scan(leg, SHORT, seed=5))
    assert all(
        np.array_equal(a.frames, b.frames) and np.array_equal(a.image_to_world, b.image_to_world)
        for a, b in zip(sweeps, again, strict=True)
    )
    assert not np.array_equal(sweeps[0].frames, other[0].frames)


def test_poses_scale_pixels_and_go_along_the_leg(sweeps) -> None:
    for sweep in sweeps:
        pose = sweep.image_to_world[3]
        assert np.linalg.norm(pose[:3, 0]) == pytest.approx(0.8)
        assert np.linalg.norm(pose[:3, 1]) == pytest.approx(0.8)
        z = sweep.image_to_world[:, 2, 3]
        assert z[0] == pytest.approx(151.5, abs=0.5)
        assert np.all(np.diff(z) > 2.0)
    assert np.all(np.diff([s.image_to_world[0, 0, 3] for s in sweeps]) > 20)


def test_frames_show_what_the_truth_says(leg, sweeps) -> None:
    truth = scan_labels(leg, sweeps)
    grey = np.concatenate([s.frames.ravel() for s in sweeps]).astype(float)
    code = np.concatenate([t.frames.ravel() for t in truth])
    muscle = grey[np.isin(code, (1, 2, 3))].mean()
    assert grey[code == Tissue.SKIN].mean() > muscle + 20
    assert grey[code == Tissue.TIBIA].mean() < 0.8 * muscle
    assert grey[code == Tissue.WATER].mean() < 0.3 * muscle


def test_borders_between_muscles_do_not_show_in_mean_grey(sweeps, leg) -> None:
    truth = scan_labels(leg, sweeps)
    grey = np.concatenate([s.frames.ravel() for s in sweeps]).astype(float)
    code = np.concatenate([t.frames.ravel() for t in truth])
    means = [grey[code == t].mean() for t in (Tissue.SOL, Tissue.GM, Tissue.GL)]
    assert max(means) - min(means) < grey[code == Tissue.SOL].std()


def test_nothing_is_seen_behind_bone() -> None:
    leg = build_leg(Subject(seed=1))
    probe = Probe(pixel_mm=0.5, depth_mm=95.0)
    pose = np.diag([0.5, 0.5, 1.0, 1.0])
    pose[:3, 3] = (-35.0, -60.0, 200.0)
    codes = leg.tissues(pose, (1, *probe.shape_vu))[0]
    columns = np.flatnonzero((codes == Tissue.TIBIA).sum(axis=0) > 8)
    assert len(columns) > 20
    rng = np.random.default_rng(0)
    noise = ((rng.standard_normal((1, *probe.shape_vu)) + 1j * rng.standard_normal((1, *probe.shape_vu))) * 0.5**0.5).astype(
        np.complex64
    )
    image = bmode(leg, frames_view(pose[None], probe.shape_vu), probe, noise)[0]
    tops = np.argmax(codes == Tissue.TIBIA, axis=0)
    facing = columns[tops[columns] < tops[columns].min() + 8]
    assert len(facing) > 10
    above: list[float] = []
    behind: list[float] = []
    for u in facing:
        first = int(tops[u])
        assert image[max(0, first - 3) : first + 4, u].max() > 90
        above.append(float(image[first - 40 : first - 10, u].mean()))
        behind.append(float(image[first + 25 :, u].mean()))
    # Noise alone is left there, and a line of speckle above bone may happen to be dark: the lines count together.
    assert np.mean(behind) < 0.3 * np.mean(above)


def test_speckle_belongs_to_the_view(leg) -> None:
    """The same places seen in two acquisitions share their tissue's look, not their speckle."""
    quiet = replace(SHORT, motion_mm=0.0, jitter_mm=0.0, jitter_deg=0.0, sweeps=1)
    a, b = (drain(scan(leg, quiet, seed=s))[0] for s in (1, 2))
    muscle = np.isin(scan_labels(leg, [a])[0].frames, (1, 2, 3))
    r = np.corrcoef(a.frames[muscle].astype(float), b.frames[muscle].astype(float))[0, 1]
    assert r < 0.6


def test_impossible_scans_are_refused(leg) -> None:
    with pytest.raises(InputError, match="scan between"):
        drain(scan(leg, replace(SMALL, from_mm=300.0, to_mm=200.0)))
    with pytest.raises(InputError, match="pixel_mm"):
        Probe(pixel_mm=0.0)
    with pytest.raises(InputError, match="sweeps"):
        replace(SMALL, sweeps=0)
