"""An evaluation's pictures, by the data that they show."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from ifssnet.core.images import Surface
from ifssnet.core.results.evaluation import EvaluatedCohort, EvaluationFacts, SeedProtocol
from ifssnet.core.results.evaluation_results import SLICE_COLUMNS, Results, Score, slice_scores
from ifssnet.figures.drawing.method_theme import method_styles
from ifssnet.figures.drawing.theme import contrast, readable
from ifssnet.figures.evaluation_report.drift import bin_edges, drift_picture
from ifssnet.figures.evaluation_report.method_bars import metrics_picture, volume_error_picture
from ifssnet.figures.evaluation_report.report import evaluation_html
from ifssnet.figures.evaluation_report.slice_distribution import distribution_picture
from ifssnet.figures.evaluation_report.table_one import PAPER, table_columns, table_rows, table_text
from ifssnet.figures.evaluation_report.volume_views import MethodSurfaces, common_scale, errors_picture, volumes_picture
from ifssnet.figures.rendering.mesh import full
from ifssnet.figures.rendering.muscle_surface import MuscleSurface
from ifssnet.figures.rendering.surfaces import View
from ifssnet.measurement.reference.drift import drift_curve
from ifssnet.measurement.statistics.spread import mean_and_sd, slice_percentiles
from solids import block

SVG = "{http://www.w3.org/2000/svg}"
KINDS = {"fs": "ifss-net", "net-ws": "ifss-net", "fill-between-slices": "fill-between-slices", "hold": "hold"}
ABOUT = EvaluationFacts(given=SeedProtocol("every-100", every=100), split="test", cohort=EvaluatedCohort("<legs>"))


def results(**worse: float) -> Results:
    """Two legs; a method's Dice falls by so much from 0.95, and every distance is ten times that in mm."""
    scores: list[Score] = []
    slices: dict[str, list[object]] = {name: [] for name in SLICE_COLUMNS}
    for method in KINDS:
        loss = worse.get(method.replace("-", "_"), 0.05)
        for number, case in enumerate(("P1", "P2")):
            for muscle, sign in (("SOL", 1), ("GM", -1)):
                distance = 10 * loss + number
                numbers = {
                    "dice": 1 - loss, "iou": 0.9, "hausdorff_mm": distance, "hausdorff95_mm": distance, "asd_mm": loss,
                    "precision": 0.9, "recall": 0.9, "whole_volume_error_percent": sign * 100 * loss,
                    "whole_absolute_volume_error_percent": 100 * loss,
                }  # fmt: skip
                scores += [Score(case, muscle, method, "every-100", k, v, 1.0, 300.0) for k, v in numbers.items()]
                for z in range(10):
                    at = (case, muscle, method, "every-100", z, z * 2.0, z * 2.0)
                    row = (*at, 1 - loss * z, distance, loss * z, 1.0, 100.0, 100.0)
                    for name, value in zip(SLICE_COLUMNS, row, strict=True):
                        slices[name].append(value)
    return Results(tuple(scores), slice_scores(slices), tuple(KINDS), KINDS, ABOUT)


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def titles(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}title")]


def test_mean_and_spread_by_hand():
    assert mean_and_sd([1.0, 3.0, math.nan]) == pytest.approx((2.0, math.sqrt(2)))
    assert mean_and_sd([1.0, math.inf]) == (math.inf, None)
    assert mean_and_sd([4.0]) == (4.0, None)


def test_one_order_one_colour_and_every_name_readable():
    shown = method_styles(results())
    assert [look.label for look in shown] == list(KINDS)
    assert len({look.color for look in shown}) == len(shown)
    # A second IFSS-Net differs in dash and mark too, which needs no colour vision.
    assert (shown[0].dash, shown[0].mark) != (shown[1].dash, shown[1].mark)
    assert all(contrast(readable(look.color), (255, 255, 255)) >= 4.5 for look in shown)
    alone = Results((), slice_scores({}), ("hold",), {"hold": "hold"})
    assert method_styles(alone)[0].color == shown[3].color


def test_metrics_are_placed_by_their_values():
    svg = metrics_picture(results(hold=0.25))
    assert {"Dice", "Hausdorff distance", "mm", "%"} <= set(texts(svg))
    assert "Hold: 0.75 ± 0" in titles(svg)
    # Leg P2's distances are 1 mm longer: mean 2.5 + 0.5, SD 1 / sqrt(2).
    assert "Hold: 3 ± 0.71 mm" in titles(svg)
    assert "SOL" in texts(svg)


def test_infinite_distances_are_told_and_not_drawn():
    infinite = metrics_picture(results(hold=math.inf))
    assert "infinite on 2 of 2 legs" in texts(infinite)
    assert "nan" not in infinite
    assert "inf," not in infinite


def test_volume_errors_keep_their_sign():
    svg = volume_error_picture(results(hold=0.2))
    told = titles(svg)
    assert {"Hold, SOL, P1: +20.00 %", "Hold, GM, P1: -20.00 %"} <= set(told)
    assert "20.00 ± 0.00" in texts(svg)


def test_drift_is_the_mean_over_the_legs():
    table = results(hold=0.1)
    edges = bin_edges(table, "nearest_given_mm")
    assert (edges[0], edges[-1] > 18.0) == (0.0, True)
    curve = drift_curve(table, "hold", "nearest_given_mm", "dice", np.array([0.0, 4.0, 8.0, 30.0]))
    # Slices at 0 and 2 mm, at 4 and 6 mm, and from 8 mm to 18 mm: Dice falls by 0.1 a slice.
    assert curve == pytest.approx([0.95, 0.75, 0.35])
    assert math.isnan(drift_curve(table, "hold", "nearest_given_mm", "dice", np.array([30.0, 40.0]))[0])
    assert "Distance to the nearest given slice (mm)" in texts(drift_picture(table))


def test_drift_counts_slices_by_their_area_and_ends_with_the_muscle():
    table = results(hold=0.1)
    reference, found, z = table.slices.reference_mm2.copy(), table.slices.found_mm2.copy(), table.slices.z
    # Slice 1 is a tip of a hundredth of slice 0; from 10 mm on there is no muscle, whatever was found there.
    tip, past = z == 1, z >= 5
    reference[tip] = found[tip] = 1.0
    reference[past] = 0.0
    table = replace(table, slices=replace(table.slices, reference_mm2=reference, found_mm2=found))
    assert bin_edges(table, "nearest_given_mm")[-1] == 9.0
    edges = np.array([0.0, 4.0, 10.0, 20.0])
    dice = drift_curve(table, "hold", "nearest_given_mm", "dice", edges)
    assert dice[0] == pytest.approx((200 * 1.0 + 2 * 0.9) / 202)
    assert dice[1] == pytest.approx((0.8 + 0.7 + 0.6) / 3)
    assert math.isnan(dice[2])
    distance = drift_curve(table, "hold", "nearest_given_mm", "asd_mm", edges)
    assert distance[0] == pytest.approx(0.1 / 101)


def test_percentiles_of_slices():
    table = results(hold=0.1)
    # 0, 0.1 ... 0.9 mm.
    found = slice_percentiles(table, "hold", "P1", "SOL", "asd_mm")
    assert found is not None
    assert found[[1, 3]] == pytest.approx([0.2, 0.7])
    assert slice_percentiles(table, "hold", "P1", "GL", "asd_mm") is None
    svg = distribution_picture(table)
    assert sum("Hold, P" in title for title in titles(svg)) == 4
    assert {"P1", "P2", "Hausdorff distance of the slice (mm)"} <= set(texts(svg))


def test_table_one_stands_beside_the_paper_s():
    rows = {row.label: row for row in table_rows(results(fill_between_slices=0.1))}
    assert rows["fs"].paper == PAPER["fs"]
    assert rows["net-ws"].paper == PAPER["ws"]
    assert rows["hold"].paper is None
    fbs = rows["fill-between-slices"]
    assert fbs.paper is not None
    assert fbs.paper.values == (0.918, 0.849, 16.6, 1.057, 10.78)
    assert fbs.ours[0] == pytest.approx((0.9, 0.0))
    # The paper's IoU follows from its Dice, so it is the muscle's alone, without the background's.
    assert pytest.approx(0.849, abs=0.001) == 0.918 / (2 - 0.918)
    columns = table_columns(results())
    assert columns["dice_paper"][:2] == [0.9872, 0.985]
    assert "side by side" in table_text(results())


def test_the_page_is_well_formed_and_shows_a_cohort_s_name_as_it_is():
    page = evaluation_html(results())
    assert "&lt;legs&gt;" in page
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)
    # Three figures have a narrow picture for phones beside the wide one.
    assert page.count("<svg") == 4 + 3
    assert "paper 0.918" in page


def test_one_leg_has_no_spread():
    table = results(hold=0.1)
    only = replace(table, scores=tuple(score for score in table.scores if score.case == "P1"))
    # The paper's own numbers, below ours, keep their spread.
    page = re.sub(r"<small>paper .*?</small>", "", evaluation_html(only))
    assert "0.9000" in page
    assert not re.search(r"± *\d", page)
    assert table_columns(only)["dice_ours"][3] == pytest.approx(0.9)
    assert all(math.isnan(sd) for sd in table_columns(only)["dice_ours_sd"])
    assert "Hold: 0.9" in titles(metrics_picture(only))


def test_a_cell_says_its_heading_where_a_phone_shows_no_heading():
    cells = re.findall(r'<td data-head="(.*?)"', evaluation_html(results()))
    assert cells[:8] == ["Dice", "IoU", "HD (mm)", "HD95 (mm)", "ASD (mm)", "|volume error| (%)", "legs", "s a leg"]


def test_blocks_in_three_dimensions_stand_where_they_are():
    def column(name: str, low: float, error: float) -> MethodSurfaces:
        surface: Surface = block((low, 0.0, 0.0), (low + 10.0, 10.0, 40.0), "SOL")
        return MethodSurfaces(name, [full(MuscleSurface(surface, np.full(len(surface.vertices_mm), error)))])

    columns = [column("A", 0.0, 2.0), column("B", 10.0, -1.0)]
    view = View("From -Y", (0.0, -1.0, 0.0))
    svg = volumes_picture(columns, {"SOL": (126, 87, 194)}, [view], "blocks")
    images = [(float(i.get("x", "")), float(i.get("width", ""))) for i in ElementTree.fromstring(svg).iter(f"{SVG}image")]
    assert len(images) == 2
    # 20 mm are shown; from -Y the patient's left is on the right, so B lies 10 mm further right in its column than A.
    scale = 420 / 40
    column_wide = 20 * scale + 16
    assert images[1][0] - images[0][0] - column_wide == pytest.approx(10 * scale, abs=1.0)
    scale_mm = common_scale([mesh for c in columns for mesh in c.meshes])
    assert scale_mm is not None
    assert (scale_mm.low_mm, scale_mm.high_mm) == (-1.5, 1.5)
    # One surface that is lost among many hardly changes the scale.
    lost = column("C", 0.0, 90.0)
    mostly = common_scale([mesh for c in (*columns, *columns, lost) for mesh in c.meshes])
    assert mostly is not None
    assert mostly.high_mm == 2.0
    assert "−1.5" in texts(errors_picture(columns, ["SOL"], view, "errors"))
    assert volumes_picture([MethodSurfaces("none", [])], {}, [view], "empty") == ""


def test_pictures_for_phones_have_one_column_and_the_same_words() -> None:
    table = results(hold=0.25)
    for draw in (metrics_picture, drift_picture):
        wide, phone = draw(table), draw(table, phone=True)
        assert 'width="358"' in phone
        assert set(texts(phone)) >= {each for each in texts(wide) if any(letter.isalpha() for letter in each)}
    assert "Volume error (%), positive: too large" in texts(volume_error_picture(table, phone=True))


def test_one_leg_is_a_leg() -> None:
    table = results()
    one = replace(table, scores=tuple(score for score in table.scores if score.case == "P1"))
    assert "4 methods on 1 leg of the test split" in evaluation_html(one)
    assert "4 methods on 2 legs of the test split" in evaluation_html(table)
