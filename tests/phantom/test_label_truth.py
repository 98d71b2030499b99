"""The truth is exact: labels are the tables' own areas, fill the skin, and add up to volumes however they are sampled."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.measurement.leg.muscles import measure
from ifssnet.phantom.anatomy.labels import leg_grid, leg_labels
from ifssnet.phantom.anatomy.leg import COVER, GASTRO, SKIN, ParametricLeg, build_leg
from ifssnet.phantom.anatomy.subject import Subject, draw_subject
from ifssnet.phantom.anatomy.tissue import NAMES, Tissue

ALL = tuple(NAMES.values())
PEOPLE = [Subject(seed=1), Subject(seed=2, side="right"), draw_subject(3, "child"), draw_subject(4, "pseudohypertrophy")]
FINE_MM = 0.4


@pytest.fixture(scope="module", params=PEOPLE, ids=["left", "right", "child", "pseudohypertrophy"])
def leg(request: pytest.FixtureRequest) -> ParametricLeg:
    return build_leg(request.param)


@pytest.fixture(scope="module")
def slices(leg: ParametricLeg) -> LabelMap:
    """Fine slices of every tissue, 37 mm apart, each at one of the tables' own heights."""
    coarse = leg_grid(leg, (FINE_MM, FINE_MM, 37.0))
    x, y, _ = coarse.origin_xyz_mm
    return leg_labels(leg, Grid(coarse.shape_zyx, coarse.spacing_xyz_mm, (x, y, 20.0)), ALL)


def rows_of(leg: ParametricLeg, labels: LabelMap) -> list[tuple[int, int]]:
    """Slice and row of the tables, for those slices that lie in the leg."""
    heights = [round(20.0 + 37.0 * k) for k in range(labels.grid.slices)]
    return [(k, z) for k, z in enumerate(heights) if z < leg.length_mm]


def polar_area_mm2(outer: np.ndarray, inner: np.ndarray) -> float:
    """Area between two closed curves about the axis, radii a degree, as sums of triangles."""
    degree = np.sin(np.deg2rad(1.0)) / 2
    return degree * float(np.sum(outer * np.roll(outer, -1)) - np.sum(inner * np.roll(inner, -1)))


def test_the_leg_fills_its_skin(leg: ParametricLeg, slices: LabelMap) -> None:
    """Every place inside the skin has exactly one tissue, none outside: the area is that of the skin's outline."""
    for k, row in rows_of(leg, slices):
        inside = slices.array[k] != Tissue.WATER
        assert np.array_equal(binary_fill_holes(inside), inside)
        area = np.count_nonzero(inside) * FINE_MM**2
        skin = leg.layers[row, :, SKIN]
        assert area == pytest.approx(polar_area_mm2(skin, np.zeros_like(skin)), rel=0.003)


def test_the_gastrocnemius_is_what_lies_between_its_borders(leg: ParametricLeg, slices: LabelMap) -> None:
    """GM and GL and what the plantaris tendon takes of them: the area between the popliteal fat and the deep border."""
    for k, row in rows_of(leg, slices):
        cover, gastro = leg.layers[row, :, COVER], leg.layers[row, :, GASTRO]
        expected = polar_area_mm2(cover, np.minimum(gastro, cover))
        found = np.count_nonzero(np.isin(slices.array[k], (Tissue.GM, Tissue.GL))) * FINE_MM**2
        tendon = np.count_nonzero(slices.array[k] == Tissue.PLANTARIS) * FINE_MM**2
        # Bones may reach into the heads at the knee: they go before muscle.
        bones = np.count_nonzero(np.isin(slices.array[k], (Tissue.TIBIA, Tissue.FIBULA))) * FINE_MM**2 if row < 60 else 0.0
        assert expected - tendon - bones - 0.01 * expected - 4.0 <= found <= 1.01 * expected + 4.0, row


def test_a_volume_is_the_integral_of_the_areas(leg: ParametricLeg) -> None:
    """The measured ACSA at every 4 mm, integrated by trapezoids, is the volume of voxels of half a millimetre along."""
    dense = leg_labels(leg, leg_grid(leg, (1.0, 1.0, 0.5)))
    sparse = leg_labels(leg, leg_grid(leg, (1.0, 1.0, 4.0)))
    measured = measure(sparse).muscles
    for name in ("SOL", "GM", "GL"):
        volume = np.count_nonzero(dense.array == dense.value_of(name)) * dense.grid.voxel_volume_mm3 / 1000
        areas_cm2 = np.count_nonzero(sparse.array == sparse.value_of(name), axis=(1, 2)) / 100
        assert np.trapezoid(areas_cm2, dx=0.4) == pytest.approx(volume, rel=0.01), name
        assert measured[name].volume_cm3 == pytest.approx(volume, rel=0.01), name
        assert measured[name].max_acsa_cm2 == pytest.approx(areas_cm2.max()), name


def test_every_tissue_is_in_every_leg(leg: ParametricLeg) -> None:
    labels = leg_labels(leg, leg_grid(leg, (1.5, 1.5, 3.0)), ALL)
    assert set(np.unique(labels.array).tolist()) == {0, *NAMES}
    kept = leg_labels(leg, labels.grid)
    assert np.array_equal(kept.array, np.where(labels.array <= 3, labels.array, 0))


def test_gm_lies_medially_and_the_tibia_before_the_calf(leg: ParametricLeg) -> None:
    labels = leg_labels(leg, leg_grid(leg, (2.0, 2.0, 4.0)), ALL)
    middle = {c: labels.grid.points_to_mm(np.argwhere(labels.array == c)[:, ::-1].astype(float)).mean(axis=0) for c in NAMES}
    at = labels.array[round((leg.subject.gm.start_mm + 0.6 * leg.subject.gm.length_mm) / 4.0)]
    depth = [np.argwhere(at == c)[:, 0].mean() for c in (Tissue.GM, Tissue.SOL, Tissue.TIBIA)]
    assert depth == sorted(depth)
    assert leg.lateral_sign * (middle[Tissue.GL][0] - middle[Tissue.GM][0]) > 15
    assert leg.lateral_sign * (middle[Tissue.FIBULA][0] - middle[Tissue.TIBIA][0]) > 20
    assert middle[Tissue.GL][2] < middle[Tissue.SOL][2] < middle[Tissue.TENDON][2]
