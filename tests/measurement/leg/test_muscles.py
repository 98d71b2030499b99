"""Measuring: solids whose volumes, lengths and cross-sections are known, and echo intensity painted by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.results.measures import EchoOptions, LegMeasures, MeasureOptions, MuscleMeasures, Side
from ifssnet.geometry.grids.axis_order import reordered
from ifssnet.geometry.masks.box import label_boxes
from ifssnet.geometry.surfaces.mesh import area_mm2, enclosed_volume_mm3
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.io.result_tables import measures_table, save_measures
from ifssnet.measurement.leg.change import differences
from ifssnet.measurement.leg.echo import echo, erosion_findings
from ifssnet.measurement.leg.muscles import measure, measure_findings
from ifssnet.measurement.leg.profile import profiles, smoothed_areas
from ifssnet.measurement.leg.volume import spread_slices, truncated_cones_cm3
from stored_otherwise import stored_otherwise


def spindle(length_mm=100.0, radius_mm=12.0, spacing=(0.5, 0.5, 1.0), lean=0.0) -> LabelMap:
    """An ellipsoid whose axis leans by `lean` mm in x for each mm of z; volume 4/3 pi r r L/2."""
    nz = int(length_mm / spacing[2]) + 9
    ny = int(2 * radius_mm / spacing[1]) + 9
    nx = int((2 * radius_mm + abs(lean) * length_mm) / spacing[0]) + 9
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip((nz, ny, nx), spacing[::-1], strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    inside = ((x - lean * z) / radius_mm) ** 2 + (y / radius_mm) ** 2 + (z / (length_mm / 2)) ** 2 <= 1
    return LabelMap(inside.astype(np.uint8), Grid((nz, ny, nx), spacing, (50.0, -30.0, 400.0)), {1: "Soleus"})


def test_a_spindle_measures_what_geometry_says():
    report = measure(spindle())
    muscle = report.muscles["SOL"]
    truth_cm3 = 4 / 3 * math.pi * 12 * 12 * 50 / 1000
    assert muscle.volume_cm3 == pytest.approx(truth_cm3, rel=0.002)
    assert muscle.volume_mesh_cm3 == pytest.approx(truth_cm3, rel=0.002)
    # Areas 1 - u^2 at u = -1, -0.8 ... 1, joined by cones: by hand 96.9 % of the whole, as cones fall short of a bulging body.
    u = np.linspace(-1, 1, 11)
    areas = 1 - u**2
    by_hand = (0.2 / 3 * (areas[:-1] + np.sqrt(areas[:-1] * areas[1:]) + areas[1:])).sum() / (4 / 3)
    assert muscle.volume_truncated_cones_cm3 == pytest.approx(by_hand * truth_cm3, rel=0.01)
    assert muscle.length_mm == pytest.approx(100, abs=2)
    assert muscle.length_centroid_mm == pytest.approx(muscle.length_mm, abs=0.2)
    assert muscle.max_acsa_cm2 == pytest.approx(math.pi * 1.2**2, rel=0.015)
    assert muscle.max_acsa_percent == pytest.approx(50, abs=1.5)
    assert muscle.max_acsa_z == pytest.approx(54, abs=1)
    assert muscle.max_acsa_position_mm == muscle.max_acsa_z * 1.0
    surface = surface_of(spindle(), 1)
    assert muscle.volume_mesh_cm3 == enclosed_volume_mm3(surface.vertices_mm, surface.faces) / 1000
    assert muscle.surface_area_cm2 == area_mm2(surface.vertices_mm, surface.faces) / 100
    # Prolate spheroid, a = 12, c = 50.
    e = math.sqrt(1 - (12 / 50) ** 2)
    area = 2 * math.pi * 12**2 * (1 + 50 / (12 * e) * math.asin(e)) / 100
    assert muscle.surface_area_cm2 == pytest.approx(area, rel=0.02)
    profile = muscle.profile
    lines = (profile.position_mm, profile.percent_of_length, profile.acsa_cm2, profile.centroid_mm)
    assert {len(line) for line in lines} == {len(profile.z)}
    assert profile.percent_of_length[0] == 0
    assert profile.percent_of_length[-1] == 100
    assert profile.acsa_cm2.sum() * 0.1 == pytest.approx(muscle.volume_cm3)
    assert muscle.echo_intensity_mean is None
    assert "echo_intensity_mean" not in muscle.numbers()


def test_the_json_contract(tmp_path):
    save_measures(measure(spindle(length_mm=20.0)), tmp_path / "measures.json")
    plain = json.loads((tmp_path / "measures.json").read_text(encoding="utf-8"))
    assert {"volume_cm3", "length_mm", "max_acsa_cm2"} <= plain["muscles"]["SOL"].keys()
    assert plain["provenance"]["cone_slices"] == 11


def test_a_leaning_cylinder_is_corrected_for_its_obliquity():
    lean = math.tan(math.radians(25))
    z, y, x = np.meshgrid(np.arange(80), np.arange(50), np.arange(110), indexing="ij")
    # Each slice is a circle of radius 15: across the axis an ellipse, smaller by the cosine.
    array = ((x - 25 - lean * z) ** 2 + (y - 25) ** 2 <= 15**2).astype(np.uint8)
    muscle = measure(LabelMap(array, Grid((80, 50, 110)), {1: "GM"}), options=MeasureOptions(oblique=True)).muscles["GM"]
    assert muscle.max_acsa_cm2 == pytest.approx(math.pi * 2.25, rel=0.02)
    assert muscle.mean_obliquity_deg == pytest.approx(25, abs=0.3)
    assert muscle.max_acsa_across_cm2 == pytest.approx(math.pi * 2.25 * math.cos(math.radians(25)), rel=0.02)
    assert muscle.length_mm == 80
    assert muscle.length_centroid_mm == pytest.approx(80 / math.cos(math.radians(25)), rel=0.003)
    upright = measure(spindle(), options=MeasureOptions(oblique=True, mesh=False)).muscles["SOL"]
    assert upright.max_acsa_across_cm2 == pytest.approx(upright.max_acsa_cm2, rel=1e-3)
    assert upright.volume_mesh_cm3 is None


def test_the_axes_of_the_grid_do_not_matter_to_sizes():
    straight = spindle(lean=0.3)
    c, s = math.cos(0.7), math.sin(0.7)
    turned = Grid(
        straight.grid.shape_zyx, straight.grid.spacing_xyz_mm, (1.0, 2.0, 3.0), ((c, 0.0, s), (0.0, -1.0, 0.0), (-s, 0.0, c))
    )
    options = MeasureOptions(oblique=True)
    a = measure(straight, options=options).muscles["SOL"]
    b = measure(LabelMap(straight.array, turned, straight.names), options=options).muscles["SOL"]
    for key in ("volume_cm3", "volume_mesh_cm3", "length_centroid_mm", "surface_area_cm2", "mean_obliquity_deg"):
        assert b.numbers()[key] == pytest.approx(a.numbers()[key], rel=1e-6)


def test_scaling_the_spacing_scales_volume_area_and_length():
    small = spindle(length_mm=30.0)
    x, y, z = small.grid.spacing_xyz_mm
    large = LabelMap(small.array, Grid(small.grid.shape_zyx, (2 * x, 2 * y, 2 * z)), small.names)
    a, b = (measure(one, options=MeasureOptions(centroid_smoothing_mm=5.0)).muscles["SOL"] for one in (small, large))
    assert b.volume_cm3 == pytest.approx(8 * a.volume_cm3)
    assert b.volume_truncated_cones_cm3 == pytest.approx(8 * a.volume_truncated_cones_cm3)
    assert b.max_acsa_cm2 == pytest.approx(4 * a.max_acsa_cm2)
    assert b.length_mm == pytest.approx(2 * a.length_mm)


def test_a_gap_counts_as_length_with_no_area():
    array = np.zeros((10, 4, 4), np.uint8)
    array[2:4, 1:3, 1:3] = array[7, 1:3, 1:3] = 1
    muscle = measure(LabelMap(array, Grid((10, 4, 4), (1.0, 1.0, 2.0)), {1: "SOL"})).muscles["SOL"]
    assert muscle.length_mm == 12
    assert muscle.profile.acsa_cm2.tolist() == [0.04, 0.04, 0, 0, 0, 0.04]
    assert muscle.volume_cm3 == pytest.approx(0.024)


def test_the_smoothed_profile_keeps_a_maximum_and_loses_the_jitter():
    """A hand's scatter makes the largest of single slices too large; the parabolas through neighbours do not."""
    z = np.arange(200) * 0.8
    true = 20.0 * (1 - ((z - 80) / 90) ** 2)
    assert smoothed_areas(true, 0.8).max() == pytest.approx(20.0, rel=1e-6)
    rng = np.random.default_rng(1)
    drawn = [true * (1 + 0.05 * rng.standard_normal(200)) for _ in range(20)]
    assert np.mean([each.max() for each in drawn]) > 21.5
    assert np.mean([smoothed_areas(each, 0.8).max() for each in drawn]) == pytest.approx(20.0, rel=0.03)
    few = np.array([1.0, 4.0, 2.0])
    np.testing.assert_array_equal(smoothed_areas(few, 0.8), few)


def test_the_largest_of_a_slice_and_of_the_smoothed_profile_stand_side_by_side():
    labels = spindle()
    labels.array[60][labels.array[60] == 0] = 1
    muscle = measure(labels, None, MeasureOptions(mesh=False)).muscles["SOL"]
    assert muscle.max_acsa_z == 60
    assert muscle.max_acsa_cm2 > 1.3 * muscle.max_acsa_smoothed_cm2
    profile = muscle.profile
    assert profile.acsa_smoothed_cm2.max() == muscle.max_acsa_smoothed_cm2
    at = int(profile.acsa_smoothed_cm2.argmax())
    assert (muscle.max_acsa_smoothed_z, muscle.max_acsa_smoothed_percent) == (profile.z[at], profile.percent_of_length[at])


def test_the_mean_obliquity_is_that_of_the_muscles_tissue():
    """A bent spindle, which is most oblique where it is thinnest."""
    z, y, x = np.meshgrid(np.arange(40), np.arange(12), np.arange(40), indexing="ij")
    array = ((x - 6 - (z / 8) ** 2) ** 2 + (y - 6) ** 2 <= np.maximum(25 - ((z - 10) / 6) ** 2, 2)).astype(np.uint8)
    muscle = measure(LabelMap(array, Grid((40, 12, 40)), {1: "GM"}), None, MeasureOptions(oblique=True, mesh=False)).muscles[
        "GM"
    ]
    profile = muscle.profile
    assert muscle.mean_obliquity_deg == pytest.approx((profile.obliquity_deg @ profile.acsa_cm2) / profile.acsa_cm2.sum())
    assert muscle.mean_obliquity_deg < profile.obliquity_deg.mean() - 1
    across = profile.acsa_cm2 * np.cos(np.radians(profile.obliquity_deg))
    assert muscle.max_acsa_across_z == profile.z[across.argmax()]
    assert muscle.max_acsa_across_cm2 == pytest.approx(across.max())


@pytest.mark.parametrize(
    ("erosion_mm", "said"), [(0.4, "no effect"), (0.5, ""), (2.0, ""), (40.0, "leaves nothing of SOL"), (0.0, "")]
)
def test_an_erosion_without_effect_says_so(erosion_mm, said):
    labels = spindle()
    volume = Volume(np.full(labels.array.shape, 50, dtype=np.uint8), labels.grid)
    measures = measure(labels, volume, MeasureOptions(mesh=False, echo=EchoOptions(erosion_mm)))
    found = measure_findings(measures, labels.grid)
    assert len(found) == bool(said)
    assert all(said in each.text for each in found)
    assert measure_findings(measure(labels, None, MeasureOptions(mesh=False)), labels.grid) == ()


def test_an_erosion_is_within_slices_however_near_the_slices_are():
    (found,) = erosion_findings((0.5, 0.6, 0.3), EchoOptions(0.4), {"SOL": 9.0})
    assert "a pixel is 0.5 mm wide" in found.text


def test_one_slice_and_none():
    array = np.zeros((5, 4, 4), np.uint8)
    array[2, 1:3, 1:3] = 1
    report = measure(LabelMap(array, Grid((5, 4, 4)), {1: "SOL", 2: "GM"}))
    assert report.muscles["SOL"].length_mm == report.muscles["SOL"].length_centroid_mm == 1
    assert math.isnan(report.muscles["SOL"].volume_truncated_cones_cm3)
    array[3, 1:3, 1:3] = 1
    two = measure(LabelMap(array, Grid((5, 4, 4)), {1: "SOL"})).muscles["SOL"]
    assert two.volume_truncated_cones_cm3 == pytest.approx(0.004)
    plain = measures_table(report)["muscles"]
    assert plain["SOL"]["volume_truncated_cones_cm3"] is None
    assert plain["GM"] == {"volume_cm3": 0.0, "length_mm": None, "max_acsa_cm2": None}


def test_centroids_are_in_mm():
    labels = spindle(lean=0.2)
    profile = profiles(labels.array, labels.grid, [1])[1]
    nz, _, nx = labels.array.shape
    middle = profile.centroid_mm[len(profile.z) // 2]
    assert middle[0] == pytest.approx(50 + (nx - 1) / 2 * 0.5, abs=0.3)
    assert middle[2] == pytest.approx(400 + (nz - 1) / 2, abs=0.6)
    slope = np.polyfit(profile.centroid_mm[:, 2], profile.centroid_mm[:, 0], 1)[0]
    assert slope == pytest.approx(0.2, abs=0.01)


def test_a_truncated_cone_by_hand_and_its_limits():
    # Areas 9 and 4, height 2 cm: 2/3 (9 + 6 + 4); a whole cone has a third of its cylinder.
    assert truncated_cones_cm3(np.array([0.0, 20.0]), np.array([9.0, 4.0])) == pytest.approx(2 / 3 * 19)
    assert truncated_cones_cm3(np.array([0.0, 30.0]), np.array([6.0, 0.0])) == pytest.approx(6)
    assert truncated_cones_cm3(np.arange(5.0), np.full(5, 3.0)) == pytest.approx(1.2)
    assert spread_slices(101, 11).tolist() == list(range(0, 101, 10))
    assert spread_slices(3, 11).tolist() == [0, 1, 2]
    for bad in (np.array([1.0]), np.array([2.0, 1.0]), np.array([1.0, 1.0])):
        with pytest.raises(InputError, match="cross-sections"):
            truncated_cones_cm3(bad, np.ones(len(bad)))
    with pytest.raises(InputError, match="cross-sections"):
        truncated_cones_cm3(np.array([0.0, 1.0]), np.array([1.0, -1.0]))
    with pytest.raises(InputError, match="slices"):
        MeasureOptions(cone_slices=1)


def painted() -> tuple[LabelMap, np.ndarray]:
    """A block 12 rows high and 10 columns wide; grey 100 inside, 200 on its rim, 40 in its three upper rows."""
    array = np.zeros((4, 20, 20), np.uint8)
    array[1:3, 4:16, 5:15] = 1
    grey = np.full(array.shape, 250, np.uint8)
    grey[1:3, 4:16, 5:15] = 200
    grey[1:3, 5:15, 6:14] = 100
    grey[1:3, 4:7, 5:15] = 40
    return LabelMap(array, Grid((4, 20, 20), (0.5, 1.0, 2.0)), {1: "GM"}), grey


def test_echo_intensity_whole_eroded_and_superficial():
    labels, grey = painted()
    options = MeasureOptions(echo=EchoOptions(erosion_mm=1.0, band_mm=3.0))
    muscle = measure(labels, Volume(grey, labels.grid), options).muscles["GM"]
    inside = grey[1:3, 4:16, 5:15].astype(float)
    assert muscle.echo_intensity_mean == pytest.approx(inside.mean())
    assert muscle.echo_intensity_sd == pytest.approx(inside.std())
    # Further than 1 mm from the outside: 2 columns (0.5 mm) and 1 row (1 mm) go on each side.
    core = grey[1:3, 5:15, 7:13].astype(float)
    assert muscle.echo_intensity_eroded_mean == pytest.approx(core.mean())
    assert muscle.echo_intensity_superficial_mean == pytest.approx(40)
    assert muscle.echo_intensity_superficial_sd == pytest.approx(0, abs=1e-6)
    assert muscle.profile.echo_intensity == pytest.approx([inside.mean()] * 2)
    assert muscle.profile.echo_intensity_superficial == pytest.approx([40, 40])


@pytest.mark.parametrize(("side", "part"), [("+y", np.s_[13:16, 5:15]), ("-x", np.s_[4:16, 5:11]), ("+x", np.s_[4:16, 9:15])])
def test_the_superficial_band_lies_at_the_side_of_the_probe(side, part):
    labels, grey = painted()
    options = MeasureOptions(echo=EchoOptions(band_mm=3.0, probe_side=side))
    muscle = measure(labels, Volume(grey, labels.grid), options).muscles["GM"]
    assert muscle.echo_intensity_superficial_mean == pytest.approx(grey[1][part].mean())


def test_the_header_says_where_the_probe_was():
    labels, grey = painted()
    report = measure(labels, Volume(grey, labels.grid, {"UltrasoundImageOrientation": "MNA"}))
    assert report.options.echo.probe_side == "+y"
    assert measure(labels, Volume(grey, labels.grid)).options.echo.probe_side == "-y"
    assert measures_table(report)["provenance"]["echo"] == {"probe_side": "+y", "erosion_mm": 2.0, "band_mm": 10.0}
    assert "echo" not in measures_table(measure(labels))["provenance"]


def test_grey_levels_that_are_unknown_do_not_count():
    labels, grey = painted()
    holes = grey.astype(np.float32)
    holes[1] = np.nan
    holes[1, 4, 5], holes[1, 5, 5], holes[2, 4, 5] = np.inf, -np.inf, np.inf
    muscle = measure(labels, Volume(holes, labels.grid)).muscles["GM"]
    rest = grey[2, 4:16, 5:15].astype(float).ravel()[1:]
    assert muscle.echo_intensity_mean == pytest.approx(rest.mean())
    assert muscle.echo_intensity_sd == pytest.approx(rest.std())
    assert np.isnan(muscle.profile.echo_intensity[0])


def test_voxels_that_no_frame_saw_do_not_count():
    labels, grey = painted()
    seen = np.ones(grey.shape, dtype=bool)
    seen[:, 4:7] = False
    muscle = measure(labels, Volume(grey, labels.grid, seen=seen)).muscles["GM"]
    assert muscle.echo_intensity_mean == pytest.approx(grey[1, 7:16, 5:15].mean())


def test_a_small_deviation_of_large_grey_levels_is_found():
    labels, _ = painted()
    levels = np.where(labels.array == 1, 1e9 + np.arange(20) % 2, 0.0)
    box = label_boxes(labels.array, [1])[1]
    found = echo(labels.array, 1, box, levels, spacing_xyz_mm=(0.5, 1.0, 2.0), options=EchoOptions(), side="-y")
    assert found.whole.sd == pytest.approx(0.5)


@pytest.mark.parametrize("side", ["-y", "+y", "-x", "+x"])
def test_parts_of_a_muscle_of_any_shape(side: Side):
    """Pixel by pixel: away from every pixel outside, and no deeper than the band below the first pixel of its line."""
    rng = np.random.default_rng(4)
    array = np.zeros((5, 9, 14), np.uint8)
    for row in range(1, 9):
        array[1:4, row, 1 + row // 2 : 6 + row] = 1
    array[2] = 0
    grey = rng.integers(0, 255, array.shape).astype(np.uint8)
    # An odd number of half pixels: the middle of the last one lies on the band's edge.
    step, erosion_mm, band_mm = {"x": 0.5, "y": 1.0}, 1.0, 2.5
    x_mm, y_mm = step["x"], step["y"]
    away_x, away_y = (np.arange(-14, 15) * x_mm)[None, :], (np.arange(-9, 10) * y_mm)[:, None]
    within = away_x**2 + away_y**2 <= erosion_mm**2
    eroded, band = [], []
    for z in (1, 3):
        for row, column in np.argwhere(array[z]):
            around = array[z][max(row - 9, 0) : row + 10, max(column - 14, 0) : column + 15]
            near = within[max(9 - row, 0) :, max(14 - column, 0) :][: around.shape[0], : around.shape[1]]
            if around[near].all():
                eroded.append(grey[z, row, column])
            line, at = (array[z, row], column) if side[1] == "x" else (array[z, :, column], row)
            first, last = np.flatnonzero(line)[[0, -1]]
            if ((at - first if side[0] == "-" else last - at) + 0.5) * step[side[1]] <= band_mm:
                band.append(grey[z, row, column])
    labels = LabelMap(array, Grid(array.shape, (x_mm, y_mm, 9.0)), {1: "GM"})
    options = MeasureOptions(mesh=False, echo=EchoOptions(erosion_mm, band_mm, side))
    # Whatever the header says: the side is given.
    volume = Volume(grey, labels.grid, {"UltrasoundImageOrientation": "MN"})
    muscle = measure(labels, volume, options).muscles["GM"]
    assert 0 < len(eroded) < len(band) < np.count_nonzero(array)
    assert muscle.echo_intensity_eroded_mean == pytest.approx(np.mean(eroded))
    assert muscle.echo_intensity_eroded_sd == pytest.approx(np.std(eroded))
    assert np.flatnonzero(np.isfinite(muscle.profile.echo_intensity_eroded)).tolist() == [0, 2]
    assert muscle.echo_intensity_superficial_mean == pytest.approx(np.mean(band))
    assert muscle.echo_intensity_superficial_sd == pytest.approx(np.std(band))


def test_echo_and_share_of_what_was_never_seen_however_the_leg_is_stored():
    labels, rng = spindle(40.0, 4.0), np.random.default_rng(0)
    grey = rng.integers(0, 255, labels.array.shape).astype(np.uint8)
    seen = rng.random(labels.array.shape) < 0.7
    inside = labels.array == 1
    expected = (grey[inside & seen].mean(), 100 * (1 - seen[inside].mean()))
    for order in ((0, 1, 2), (2, 0, 1)):
        turned = stored_otherwise(labels, order, set())
        volume = Volume(reordered(grey, order), turned.grid, seen=reordered(seen, order))
        muscle = measure(turned, volume, MeasureOptions(mesh=False)).muscles["SOL"]
        assert (muscle.echo_intensity_mean, muscle.never_seen_percent) == pytest.approx(expected)
    without = measure(labels, Volume(grey, labels.grid), MeasureOptions(mesh=False, echo=None)).muscles["SOL"]
    assert (without.echo_intensity_mean, without.never_seen_percent) == (None, None)


def test_a_volume_on_another_grid_is_used_where_it_covers_the_muscle():
    labels, grey = painted()
    longer = Volume(np.pad(grey, ((3, 0), (0, 0), (0, 0))), labels.grid.cropped((-3, 0, 0), (7, 20, 20)))
    moved = measure(labels, longer)
    here = measure(labels, Volume(grey, labels.grid))
    assert measures_table(moved)["muscles"]["GM"] == measures_table(here)["muscles"]["GM"]
    with pytest.raises(InputError, match="50% of GM"):
        measure(labels, Volume(grey[2:], labels.grid.cropped((2, 0, 0), (2, 20, 20))))


def leg_of(**volumes: float) -> LegMeasures:
    muscles = {name: MuscleMeasures(volume_cm3=volume) for name, volume in volumes.items()}
    return LegMeasures(muscles, MeasureOptions())


def test_differences_against_the_other_leg():
    found = differences(leg_of(SOL=320.0, GM=202.0), leg_of(SOL=305.0, GM=200.0), 4.0)
    soleus = found["SOL"]
    assert soleus.difference_cm3 == 15
    assert soleus.difference_percent == pytest.approx(100 * 15 / 305)
    assert soleus.difference_percent_of_mean == pytest.approx(100 * 15 / 312.5)
    assert soleus.exceeds_mdc is True
    assert found["GM"].exceeds_mdc is False
    assert (found["GM"].mdc_cm3, found["GM"].mdc_percent) == (4, 2)
    assert differences(leg_of(SOL=304.0), leg_of(SOL=300.0), 4.0)["SOL"].exceeds_mdc is False
    by_name = differences(leg_of(SOL=1.0, GM=2.0), leg_of(SOL=1.0, GM=2.0), {"SOL": 1.0})
    assert by_name["GM"].mdc_cm3 is None
    assert "mdc_cm3" not in by_name["GM"].numbers()


def test_differences_that_make_no_sense():
    with pytest.warns(InputWarning, match="GL"):
        assert list(differences(leg_of(SOL=1.0, GL=1.0), leg_of(SOL=1.0))) == ["SOL"]
    with pytest.raises(InputError, match="muscle"):
        differences(leg_of(SOL=1.0), leg_of(GM=1.0))
    with pytest.raises(InputError, match="minimal"):
        differences(leg_of(SOL=1.0), leg_of(SOL=1.0), 0.0)
    assert differences(leg_of(SOL=1.0), leg_of(SOL=0.0))["SOL"].difference_percent == math.inf
    assert differences(leg_of(SOL=0.0), leg_of(SOL=0.0))["SOL"].difference_percent == 0


def test_the_csv_leaves_profiles_to_the_json(tmp_path):
    save_measures(measure(spindle(length_mm=20.0)), tmp_path / "measures.csv")
    rows = (tmp_path / "measures.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "muscle,quantity,value"
    assert any(row.startswith("SOL,volume_cm3,") for row in rows)
    assert not any("profile" in row for row in rows)


@pytest.mark.realdata
def test_a_real_leg_measures_as_its_surfaces_do(shared_data):
    from ifssnet.geometry.surfaces.mesh import area_mm2
    from ifssnet.geometry.surfaces.voxelise import voxelise
    from ifssnet.io.volumes.surfaces import read_surfaces

    muscles = read_surfaces(shared_data / "legs" / "VHF_surfaces" / "Left", ["SOL", "GM", "GL"])
    report = measure(voxelise(muscles, (0.5, 0.5, 0.5)))
    for muscle, volume_cm3 in zip(muscles, (320, 202, 86), strict=True):
        found = report.muscles[muscle.name]
        assert found.volume_cm3 == pytest.approx(volume_cm3, rel=0.005)
        assert found.volume_mesh_cm3 == pytest.approx(volume_cm3, rel=0.005)
        assert found.volume_truncated_cones_cm3 == pytest.approx(volume_cm3, rel=0.05)
        assert found.surface_area_cm2 == pytest.approx(area_mm2(muscle.vertices_mm, muscle.faces) / 100, rel=0.02)
        height = np.ptp(muscle.vertices_mm[:, 2])
        assert found.length_mm == pytest.approx(height, abs=1.0)
        assert height < found.length_centroid_mm < 1.1 * height
