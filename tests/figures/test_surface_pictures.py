from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import marching_cubes

from ifssnet.core.errors import InputError
from ifssnet.core.images import Surface
from ifssnet.figures.rendering.axis_letters import UNKNOWN_AXES
from ifssnet.figures.rendering.mesh import clustered, display_meshes, full
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.figures.rendering.surfaces import ErrorScale, View, error_scale, render, standard_views

RADIUS = 20.0


def ball(centre: tuple[float, float, float] = (0.0, 0.0, 0.0), name: str = "SOL", step: float = 1.0) -> Surface:
    at = np.arange(-RADIUS - 3, RADIUS + 3.1, step)
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    vertices, faces, _, _ = marching_cubes(RADIUS - np.sqrt(x**2 + y**2 + z**2), 0.0)
    return Surface(vertices[:, ::-1].astype(np.float64) * step - (RADIUS + 3) + np.array(centre), faces.astype(np.int64), name)


def test_a_ball_covers_a_disc_from_every_side() -> None:
    meshes = [full(MuscleSurface(ball()))]
    for view in standard_views():
        picture = render(meshes, {"SOL": (126, 87, 194)}, view, 0.5)
        area_mm2 = (picture[..., 3] / 255.0).sum() * 0.25
        assert area_mm2 == pytest.approx(np.pi * RADIUS**2, rel=0.01), view.name


def test_nearer_muscles_hide_those_behind_and_left_is_left_from_behind() -> None:
    behind, front = full(MuscleSurface(ball())), full(MuscleSurface(ball((10.0, 45.0, 0.0), "GM")))
    colors = {"SOL": (0, 0, 255), "GM": (255, 0, 0)}
    posterior = render([front, behind], colors, standard_views()[0], 0.5)
    anterior = render([front, behind], colors, standard_views()[1], 0.5)

    def reddish(picture: np.ndarray) -> np.ndarray:
        return (picture[..., 0] > picture[..., 2]) & (picture[..., 3] > 128)

    # Posterior is +y: GM is whole there; it lies to the patient's left, which is the viewer's left from behind.
    assert reddish(posterior).sum() * 0.25 == pytest.approx(np.pi * RADIUS**2, rel=0.03)
    assert np.nonzero(reddish(posterior))[1].mean() < posterior.shape[1] / 2
    assert reddish(anterior).sum() < 0.6 * reddish(posterior).sum()
    assert np.nonzero(reddish(anterior))[1].mean() > anterior.shape[1] / 2


def test_light_falls_from_above_also_on_a_surface_that_came_inside_out() -> None:
    right = ball()
    wrong = Surface(right.vertices_mm, right.faces[:, ::-1].copy(), "SOL")
    view = standard_views()[0]
    pictures = [render([full(MuscleSurface(s))], {"SOL": (200, 200, 200)}, view, 0.5) for s in (right, wrong)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    grey = pictures[0][..., 0].astype(float)
    middle = grey.shape[1] // 2
    assert grey[20, middle] > grey[-20, middle] + 20


def test_errors_take_the_colours_of_their_scale() -> None:
    surface = ball()
    height = surface.vertices_mm[:, 2]
    shown = full(MuscleSurface(surface, np.where(height > 0, 2.0, -2.0)))
    scale = error_scale([shown])
    assert scale == ErrorScale(-2.0, 2.0, True)
    picture = render([shown], {}, standard_views()[0], 0.5, scale).astype(int)
    upper, lower = picture[20:35, 30:50], picture[-35:-20, 30:50]
    assert (upper[..., 0] > upper[..., 2] + 20).all()
    assert (lower[..., 2] > lower[..., 0] + 20).all()


def test_a_scale_ends_round_and_leaves_single_outliers_out() -> None:
    errors = np.concatenate([np.linspace(0, 2.2, 5000), [40.0]])
    surface = Surface(np.zeros((len(errors), 3)), np.zeros((1, 3), dtype=np.int64), "SOL")
    scale = error_scale([full(MuscleSurface(surface, errors))])
    assert scale == ErrorScale(0.0, 2.5, False)
    assert scale.ticks_mm == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert ErrorScale(-6.0, 6.0, True).ticks_mm == [-6.0, -3.0, 0.0, 3.0, 6.0]
    np.testing.assert_array_equal(scale.levels(np.array([0.0, 1.25, 2.5, 40.0, np.nan])), [0, 127, 254, 254, 255])
    assert error_scale([full(MuscleSurface(surface, np.full(len(errors), np.nan)))]) is None
    assert error_scale([full(MuscleSurface(surface))]) is None


def test_thinning_keeps_shape_shading_and_errors() -> None:
    surface = ball(step=0.5)
    error = surface.vertices_mm[:, 0] / 10
    (thin,) = display_meshes([MuscleSurface(surface, error)], max_faces=3000)
    assert 1500 < len(thin.faces) <= 3000 < len(surface.faces)
    radius = np.linalg.norm(thin.vertices_mm, axis=1)
    assert np.abs(radius - RADIUS).max() < 0.4
    outwards = thin.vertices_mm / radius[:, None]
    assert (np.sum(thin.normals * outwards, axis=1) > 0.99).all()
    np.testing.assert_allclose(thin.error_mm, thin.vertices_mm[:, 0] / 10, atol=1e-9)


def test_small_surfaces_are_left_as_they_are_and_empty_ones_do_no_harm() -> None:
    surface = ball()
    (same,) = display_meshes([MuscleSurface(surface)])
    np.testing.assert_array_equal(same.vertices_mm, surface.vertices_mm)
    empty = full(MuscleSurface(Surface(np.empty((0, 3)), np.empty((0, 3), dtype=np.int64), "GL")))
    assert clustered(empty, 1.0) is empty


def test_an_unknown_error_does_not_spread_to_its_neighbours() -> None:
    surface = ball(step=0.5)
    error = np.ones(len(surface.vertices_mm))
    error[::3] = np.nan
    thin = clustered(full(MuscleSurface(surface, error)), 2.0)
    assert np.nanmax(np.abs(thin.error_mm - 1)) == 0


def test_sides_are_named_as_anatomy_does_only_where_the_patient_is_known() -> None:
    assert [v.name for v in standard_views(side="left")][2:4] == ["Lateral", "Medial"]
    assert [v.name for v in standard_views(side="right")][2:4] == ["Medial", "Lateral"]
    assert standard_views(side="left")[2].towards_viewer == (1.0, 0.0, 0.0)
    assert [v.name for v in standard_views(UNKNOWN_AXES)][:2] == ["From +Y", "From -Y"]
    assert isinstance(standard_views()[0], View)


def test_errors_belong_to_the_vertices() -> None:
    with pytest.raises(InputError, match="3 errors for"):
        MuscleSurface(ball(), np.zeros(3))
