from __future__ import annotations

import base64
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_leg import profile_of

from ifssnet.core.grid import Grid
from ifssnet.core.images import Surface
from ifssnet.figures.leg_report.acsa import ProfileCurve
from ifssnet.figures.leg_report.viewer_data import packed, profiles, scene, script_json
from ifssnet.figures.rendering.axis_letters import ANATOMICAL
from ifssnet.figures.rendering.mesh import full
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.figures.rendering.surfaces import error_scale, standard_views

CORNERS = np.array([[-50.0, 10.0, 0.0], [40.0, 12.0, 5.0], [0.0, 60.0, 3.0], [-4.0, 30.0, 300.0]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def made(error: np.ndarray | None = None) -> dict:
    mesh = full(MuscleSurface(Surface(CORNERS, FACES, "SOL"), error))
    grid = Grid((150, 80, 100), (1.0, 1.0, 2.0), (-55.0, 0.0, 0.0))
    return scene([mesh], {"SOL": (126, 87, 194)}, grid, axes=ANATOMICAL, views=standard_views(), scale=error_scale([mesh]))


def test_positions_come_back_within_a_hundredth_of_a_millimetre() -> None:
    data = json.loads(script_json(made()))
    (mesh,) = data["meshes"]
    steps = unpacked(mesh["positions"], "<u2").reshape(-1, 3)
    np.testing.assert_allclose(np.array(data["low"]) + steps * np.array(data["step"]), CORNERS, atol=0.005)
    np.testing.assert_array_equal(unpacked(mesh["indices"], "<u2").reshape(-1, 3), FACES)
    normals = unpacked(mesh["normals"], "i1").reshape(-1, 3) / 127
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=0.02)
    assert mesh["levels"] is None
    assert data["error"] is None


def test_errors_travel_as_levels_of_the_scale() -> None:
    data = made(np.array([-1.0, 0.0, 1.0, np.nan]))
    np.testing.assert_array_equal(unpacked(data["meshes"][0]["levels"], "u1"), [0, 127, 254, 255])
    assert (data["error"]["low"], data["error"]["high"], data["error"]["ticks"]) == (-1.0, 1.0, [-1.0, -0.5, 0.0, 0.5, 1.0])
    assert len(unpacked(data["error"]["colors"], "u1")) == 255 * 3


def test_the_slice_mark_lies_on_the_slices() -> None:
    plane = made()["plane"]
    assert plane["step"] == [0.0, 0.0, 2.0]
    corners = np.array(plane["corners"])
    assert (corners[:, 2] == 0).all()
    assert corners[:, 0].min() < -50
    assert corners[:, 0].max() > 40
    assert [end[2] for end in plane["axis"]] == [0.0, 300.0]


def test_more_vertices_than_sixteen_bits_take_wide_indices() -> None:
    rng = np.random.default_rng(0)
    many = Surface(rng.normal(size=(70_000, 3)), np.array([[0, 1, 69_999]]), "SOL")
    data = scene(
        [full(MuscleSurface(many))], {"SOL": (1, 2, 3)}, Grid((9, 9, 9)), axes=ANATOMICAL, views=standard_views(), scale=None
    )
    assert data["meshes"][0]["wide"] is True
    assert set(unpacked(data["meshes"][0]["indices"], "<u4").tolist()) == {0, 1, 69_999}


def test_what_is_not_finite_becomes_null() -> None:
    profile = profile_of(np.array([1, 2]), np.array([0.0, 1.0]), np.array([np.nan, 2.345]), np.array([0.0, 100.0]))
    (data,) = profiles({"SOL": ProfileCurve(profile)}, {"SOL": (0, 0, 0)})
    assert data["cm2"] == [None, 2.35] or data["cm2"] == [None, 2.34]
    assert data["reference"] is None


@settings(deadline=None, max_examples=40)
@given(st.text())
def test_no_text_leaves_its_script_element(text: str) -> None:
    written = script_json({"name": text})
    assert "<" not in written
    assert ">" not in written
    assert json.loads(written) == {"name": text}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 65535), max_size=20))
def test_arrays_survive_packing(values: list[int]) -> None:
    for kind in ("<u2", ">u2", "<u4"):
        array = np.array(values, dtype=kind)
        np.testing.assert_array_equal(unpacked(packed(array), kind.replace(">", "<")), values)
