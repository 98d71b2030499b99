"""What is written comes back: frames, poses, contours, cases."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.options import CompoundOptions
from ifssnet.core.progress import drain
from ifssnet.geometry.masks.polygon import fill_even_odd
from ifssnet.io.open import open_labels, open_sweep, open_volume
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import NAMES
from ifssnet.phantom.files.leg_files import with_contours, write_leg
from ifssnet.phantom.files.recording import Recording
from ifssnet.phantom.scanner.acquisition import SIZES, VERSION, VolumeSize, acquire
from ifssnet.phantom.scanner.sweep import scan, scan_labels

TINY = VolumeSize(12, 16, 44, replace(SIZES["small"].settings, frame_step_mm=8.0, dropped=0.0))


@pytest.fixture(scope="module")
def leg():
    return build_leg(Subject(seed=1))


@pytest.fixture(scope="module")
def recorded(leg):
    return drain(acquire(leg, TINY, "scan", 1, 3))


@pytest.fixture(scope="module")
def written(leg, recorded, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("leg")
    write_leg(leg, Recording(recorded, VERSION, leg), folder)
    return folder


def test_sweeps_come_back_by_either_format(leg, recorded, written: Path) -> None:
    first = recorded.sweeps[0]
    for path, config in (
        (written / "sweep1.igs.mha", None),
        (written / "sweep1.igs.mha", written / "plus.xml"),
        (written / "sweep1.sw", None),
    ):
        read = open_sweep(path, config)
        assert np.array_equal(read.frames, first.frames)
        assert np.allclose(read.image_to_world, first.image_to_world, atol=2e-3)
    truth = open_sweep(written / "sweep1.truth.igs.mha")
    assert np.array_equal(truth.frames, scan_labels(leg, [first])[0].frames)
    about = tomllib.loads((written / "leg.toml").read_text(encoding="utf-8"))
    assert about["subject"]["gm"]["volume_cm3"] == leg.subject.gm.volume_cm3


def test_cases_are_those_of_leg_3d_us(leg, recorded, written: Path) -> None:
    labels, volume = open_labels(written / "masksX1.mha"), open_volume(written / "x1.mha")
    assert labels.grid.matches(volume.grid)
    assert set(np.unique(labels.array)) == {0, 100, 150, 200}
    assert np.array_equal(labels.array == 150, recorded.truth.array == 2)


def test_contours_enclose_the_muscle(leg, recorded) -> None:
    """The shoelace area of a frame's contours is the muscle's pixels in it."""
    sweep = recorded.sweeps[1]
    truth = scan_labels(leg, [sweep])[0]
    drawn = with_contours(sweep, truth)
    checked = 0
    for frame in sorted({contour.frame for contour in drawn.contours}):
        for label in (1, 2, 3):
            rings = [c.points_uv_px for c in drawn.contours if c.frame == frame and c.label == label]
            pixels = np.count_nonzero(truth.frames[frame] == label)
            if not rings or pixels < 200:
                continue
            area = abs(sum(0.5 * np.sum(r[:, 0] * np.roll(r[:, 1], -1) - r[:, 1] * np.roll(r[:, 0], -1)) for r in rings))
            assert area == pytest.approx(pixels, rel=0.1)
            checked += 1
    assert checked > 5


def test_pixels_of_a_written_sweep_lie_where_the_tissue_is(leg, recorded, written: Path) -> None:
    """Either file's pixels, taken to mm by its own poses, are in the tissue that the leg has there and the truth tells."""
    truth, rng = open_sweep(written / "sweep2.truth.igs.mha"), np.random.default_rng(0)
    for path, config in ((written / "sweep2.igs.mha", written / "plus.xml"), (written / "sweep2.sw", None)):
        read = open_sweep(path, config)
        assert read.pixel_spacing_uv_mm == pytest.approx((0.8, 0.8))
        frames, rows, columns = read.frames.shape
        wrong, most = 0, 60
        for frame, v, u in zip(*(rng.integers(0, n, most) for n in (frames, rows, columns)), strict=True):
            x, y, z = (read.image_to_world[frame] @ (u, v, 0.0, 1.0))[:3]
            at = np.eye(4)
            at[:3, 3] = x, y, z
            wrong += int(leg.tissues(at, (1, 1, 1))[0, 0, 0] != truth.frames[frame, v, u])
        # Stradwin keeps angles and places in few digits: a pixel on a border may fall to the other side.
        assert wrong <= (0 if config else 1), path.name


def test_the_configuration_is_that_of_leg_3d_us(leg, recorded, written: Path) -> None:
    """Nearest neighbour, mean, Gaussian over 5 voxels in the holes, at the volume's spacing (paper, IV-A)."""
    told = read_plus_configuration(written / "plus.xml")
    assert (told.interpolation, told.compounding) == ("nearest", "mean")
    assert told.output_spacing_mm == pytest.approx(recorded.volume.grid.spacing_xyz_mm, rel=1e-5)
    assert len(told.hole_filling) == 1
    frames = drain(
        compound_sweeps(
            [open_sweep(path, written / "plus.xml") for path in sorted(written.glob("sweep?.igs.mha"))],
            CompoundOptions(),
            recorded.volume.grid,
        )
    )
    seen = frames.weights > 0
    assert seen.any()
    # The volume beside the sweeps is these sweeps, compounded.
    assert np.mean(np.abs(frames.volume.array[seen].astype(int) - recorded.volume.array[seen]) <= 1) > 0.99


def test_filled_contours_are_the_truth_of_their_frames(leg, recorded, written: Path) -> None:
    """As Stradwin's files say them, filled by the even-odd rule, pixel for pixel."""
    checked = 0
    for index in (1, 2, 3, 4):
        drawn, truth = open_sweep(written / f"sweep{index}.sw"), open_sweep(written / f"sweep{index}.truth.igs.mha")
        assert set(drawn.names.values()) == {"SOL", "GM", "GL"}
        assert len(drawn.frames) == np.count_nonzero(truth.valid)
        codes = truth.frames[truth.valid]
        for frame in sorted({contour.frame for contour in drawn.contours}):
            for label in (1, 2, 3):
                rings = [c.points_uv_px for c in drawn.contours if (c.frame, drawn.names[c.label]) == (frame, NAMES[label])]
                mask = codes[frame] == label
                if not rings:
                    assert np.count_nonzero(mask) < 8
                    continue
                filled = fill_even_odd(rings, mask.shape)
                assert np.count_nonzero(filled != mask) <= max(4, 0.02 * np.count_nonzero(mask)), (index, frame, label)
                checked += np.count_nonzero(mask) > 200
    assert checked > 20


def test_contours_are_drawn_on_three_frames_in_every_27_7_mm(leg) -> None:
    """The paper's 3 slices in 100 (III-C2): in every period of 27.7 mm its first three frames and no others."""
    settings = replace(SIZES["small"].settings, frame_step_mm=1.0, sweeps=1, from_mm=90.0, to_mm=180.0, dropped=0.0)
    sweep = drain(scan(leg, settings.without_errors(), seed=1))[0]
    drawn = with_contours(sweep, scan_labels(leg, [sweep])[0])
    # 90 frames from 90.5 mm on; periods begin at 0, 27.7, 55.4 and 83.1 mm behind the first.
    assert sorted({c.frame for c in drawn.contours}) == [0, 1, 2, 28, 29, 30, 56, 57, 58, 84, 85, 86]
