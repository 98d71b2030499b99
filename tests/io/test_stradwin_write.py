from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stradwin_files import HEAD, PIXELS, at, pose, write

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.stradwin import read_stradwin
from ifssnet.io.sweeps.stradwin_pose import pose_matrix, pose_numbers
from ifssnet.io.sweeps.stradwin_writer import write_stradwin


def test_unknown_lines_are_kept_and_written_back(tmp_path: Path):
    text = HEAD + (
        "RES_VERSION 7.1\nRES_THICKNESS_A 1e10\nIM 0 0 0 0 0 0 0 extra words\nIM 1.0 0 0 1.000 0 0 0\n"
        "LANDMARK 1 2 3 left 1\nLANDMARK 4 5 6 right 2\nSURFACE_X anything at all\n"
        "OBJECT 1 1 9 8 7 1 0.3 0 GM\nCONT 1 0 1 0 0 1 0 1 1\n"
    )
    sweep = read_stradwin(write(tmp_path, text))
    assert sweep.header["LANDMARK"] == "1 2 3 left 1\n4 5 6 right 2"
    (tmp_path / "out").mkdir()
    write_stradwin(sweep, tmp_path / "out" / "leg.sw")
    # Every line was canonical already, so nothing changes at all.
    assert (tmp_path / "out" / "leg.sw").read_text(encoding="utf-8") == text
    assert (tmp_path / "out" / "leg.sxi").read_bytes() == PIXELS.tobytes()


def test_a_changed_object_and_pose_are_written_anew(tmp_path: Path):
    from dataclasses import replace

    sweep = read_stradwin(write(tmp_path, HEAD + "IM 0 0 0 0 0 0 0\nIM 1 0 0 1 0 0 0\nOBJECT 1 1 9 8 7 1 0.3 0 GM\n"))
    moved = sweep.image_to_world.copy()
    moved[1, :3, 3] += (10, 20, 30)
    write_stradwin(replace(sweep, image_to_world=moved, names={1: "SOL"}), tmp_path / "new.sw")
    lines = (tmp_path / "new.sw").read_text(encoding="utf-8").splitlines()
    assert "IM 0 0 0 0 0 0 0" in lines
    again = read_stradwin(tmp_path / "new.sw")
    np.testing.assert_allclose(again.image_to_world, moved, atol=1e-9)
    assert again.names == {1: "SOL"}


def test_a_sweep_of_another_origin_keeps_its_geometry(tmp_path: Path):
    # A calibration that is rigid but for its scales, 0.2 and 0.1 mm a pixel, in a turned frame.
    turned = pose(3, -2, 40, 20, -35, 170) @ np.diag([0.2, 0.1, 0.15, 1.0])
    sweep = Sweep(PIXELS.reshape(2, 3, 4), np.stack([turned, turned]), np.array([1.0, 2.5]), (0.2, 0.1), np.ones(2, dtype=bool))
    write_stradwin(sweep, tmp_path / "muscle été.sw")
    again = open_sweep(tmp_path / "muscle été.sxi")
    for u, v in ((0, 0), (3, 2)):
        assert at(again, 1, u, v) == pytest.approx(at(sweep, 1, u, v), abs=1e-9)


def test_a_sheared_calibration_is_written_rigid_and_told(tmp_path: Path):
    # v leans by 0.1 towards u over 100 rows of 1 mm: 10 mm of shear are shared out between the axes and the two sides.
    sheared = np.eye(4)
    sheared[0, 1] = 0.1
    frames = np.zeros((1, 101, 101), dtype=np.uint8)
    sweep = Sweep(frames, sheared[None], np.zeros(1), (1.0, float(np.hypot(1, 0.1))), np.ones(1, dtype=bool))
    with pytest.warns(InputWarning, match="rigid"):
        write_stradwin(sweep, tmp_path / "a.sw")


def test_only_eight_bits_and_valid_frames_are_written(tmp_path: Path):
    sweep = Sweep(np.full((1, 2, 2), 300, dtype=np.uint16), np.eye(4)[None], np.zeros(1), (1.0, 1.0), np.ones(1, dtype=bool))
    with pytest.raises(InputError, match="8 bits"):
        write_stradwin(sweep, tmp_path / "a.sw")
    invalid = Sweep(np.zeros((1, 2, 2), np.uint8), np.eye(4)[None], np.zeros(1), (1.0, 1.0), np.zeros(1, dtype=bool))
    with pytest.raises(InputError, match="valid pose"):
        write_stradwin(invalid, tmp_path / "a.sw")
    assert list(tmp_path.iterdir()) == []


angle = st.floats(-180, 180)
length = st.floats(-200, 200)
six_numbers = st.tuples(length, length, length, angle, st.floats(-90, 90), angle)


@given(six_numbers)
@settings(deadline=None, max_examples=60)
def test_numbers_and_matrices_of_a_pose_are_inverse(six: tuple[float, ...]):
    matrix = pose(*six)
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(pose_matrix(pose_numbers(matrix)), matrix, atol=1e-7)


names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)


points = st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=1, max_size=5)


contour = st.builds(
    lambda label, frame, corners, closed: Contour(label, frame, np.array(corners), closed),
    st.integers(0, 12),
    st.integers(0, 1),
    points,
    st.booleans(),
)


@given(
    poses=st.tuples(six_numbers, six_numbers),
    spacing=st.tuples(st.floats(1e-3, 10), st.floats(1e-3, 10)),
    times=st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)),
    contours=st.lists(contour, max_size=4),
    named=st.dictionaries(st.integers(0, 12), names, max_size=3),
    pixels=st.binary(min_size=12, max_size=12),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_writing_reading_and_writing_again_gives_the_same_content(
    tmp_path: Path,
    poses: tuple[tuple[float, ...], ...],
    spacing: tuple[float, float],
    times: tuple[float, float],
    contours: list[Contour],
    named: dict[int, str],
    pixels: bytes,
):
    scale = np.diag([*spacing, 1.0, 1.0])
    matrices = np.stack([pose(*p) @ scale for p in poses])
    frames = np.frombuffer(pixels, dtype=np.uint8).reshape(2, 2, 3)
    sweep = Sweep(frames, matrices, np.array(times), spacing, np.ones(2, dtype=bool), tuple(contours), named)
    write_stradwin(sweep, tmp_path / "one.sw", force=True)
    read = read_stradwin(tmp_path / "one.sw")
    np.testing.assert_array_equal(read.frames, frames)
    np.testing.assert_array_equal(read.timestamps_s, times)
    assert read.pixel_spacing_uv_mm == pytest.approx(spacing, rel=1e-15)
    np.testing.assert_allclose(read.image_to_world, matrices, atol=1e-6)
    assert [(c.label, c.frame, c.closed) for c in read.contours] == [(c.label, c.frame, c.closed) for c in contours]
    for got, given_contour in zip(read.contours, contours, strict=True):
        np.testing.assert_array_equal(got.points_uv_px, given_contour.points_uv_px)
    again = tmp_path / "again"
    again.mkdir(exist_ok=True)
    write_stradwin(read, again / "one.sw", force=True)
    assert (again / "one.sw").read_bytes() == (tmp_path / "one.sw").read_bytes()
    assert (again / "one.sxi").read_bytes() == (tmp_path / "one.sxi").read_bytes()
