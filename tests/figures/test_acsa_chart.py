from __future__ import annotations

import re

import jaxtyping
import numpy as np
import pytest
from synthetic_leg import profile_of

from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.svg import nice_step, path_data, ticks
from ifssnet.figures.leg_report.acsa import ProfileCurve, echo_along_muscle, profile_along_leg, profile_along_muscle

COLORS = {"SOL": (126, 87, 194), "GM": (236, 97, 155)}


def triangle(annotated_z=(), reference_acsa_cm2=None, **changes: object) -> ProfileCurve:
    """Areas 0, 10 and 0 cm2 at 0, 50 and 100 mm."""
    given = {
        "z": [4, 5, 6],
        "position_mm": np.array([0.0, 50.0, 100.0]),
        "acsa_cm2": np.array([0.0, 10.0, 0.0]),
        "percent_of_length": np.array([0.0, 50.0, 100.0]),
    }
    return ProfileCurve(profile_of(**{**given, **changes}), annotated_z, reference_acsa_cm2)


def test_a_frame_puts_values_where_arithmetic_says() -> None:
    frame = Frame(200.0, 100.0, (0.0, 10.0), (0.0, 5.0), left=50.0, right=50.0, top=10.0, bottom=40.0)
    assert (frame.x(0.0), frame.x(10.0), frame.x(2.5)) == (50, 150, 75)
    assert (frame.y(0.0), frame.y(5.0), frame.y(1.0)) == (60, 10, 50)


def test_the_curve_goes_through_the_areas() -> None:
    svg = profile_along_muscle("SOL", triangle(), COLORS["SOL"], width=366.0)
    # 300 units for 100 %; the axis stands at 170 and ends, 154 units above it, at 12.5 cm2.
    (curve,) = re.findall(r'class="curve" d="([^"]+)"', svg)
    assert curve == "M52 170L202 46.8L352 170"
    assert "10.0 cm² at 50 %" in svg
    (ring,) = re.findall(r'<circle class="largest" cx="([^"]+)" cy="([^"]+)"', svg)
    assert ring == ("202", "46.8")


def test_a_tick_for_each_annotated_slice_and_none_else() -> None:
    svg = profile_along_muscle("SOL", triangle(annotated_z=[4, 6, 99]), COLORS["SOL"], width=366.0)
    assert re.findall(r'class="annotated" x1="([^"]+)"', svg) == ["52", "352"]


def test_all_muscles_share_one_axis_and_differ_in_stroke() -> None:
    late = triangle(position_mm=np.array([100.0, 150.0, 200.0]), reference_acsa_cm2=np.array([0.0, 12.0, 0.0]))
    svg = profile_along_leg({"GM": late, "SOL": triangle(annotated_z=[5])}, COLORS)
    assert re.findall(r'class="curve"[^>]*stroke="(#\w+)"', svg) == ["#7e57c2", "#ec619b"]
    assert len(re.findall(r'class="curve"[^>]*stroke-dasharray', svg)) == 1
    assert len(re.findall(r'class="reference"', svg)) == 1
    assert svg.index("SOL 10.0 cm²") < svg.index("GM 10.0 cm²")
    low, high, left, right = (float(re.search(rf'data-{k}="([^"]+)"', svg)[1]) for k in ("low", "high", "left", "right"))
    first = float(re.search(r'class="curve" d="M([\d.]+)', svg)[1])
    assert (first - left) / (right - left) * (high - low) + low == pytest.approx(0, abs=0.05)
    assert (low, high) == (-6, 206)


def boxes_of_labels(svg: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each label, at 8 units a character and 11 above the base line."""
    found = re.findall(r'<text class="largest-label" x="([^"]+)" y="([^"]+)"[^>]*>([^<]+)<', svg)
    return [(float(x) - 4 * len(t), float(y) - 11, float(x) + 4 * len(t), float(y) + 2) for x, y, t in found]


@pytest.mark.parametrize("apart_mm", [0.0, 5.0, 10.0, 40.0])
def test_words_at_near_peaks_do_not_cover_each_other_or_a_ring(apart_mm: float) -> None:
    three = {
        name: triangle(position_mm=np.array([0.0, 50.0, 100.0]) + i * apart_mm, acsa_cm2=np.array([0.0, 10.0 + 0.1 * i, 0.0]))
        for i, name in enumerate(("SOL", "GM", "GL"))
    }
    svg = profile_along_leg(three, {**COLORS, "GL": (76, 175, 80)})
    boxes = boxes_of_labels(svg)
    rings = [(float(x), float(y)) for x, y in re.findall(r'<circle class="largest" cx="([^"]+)" cy="([^"]+)"', svg)]
    assert len(boxes) == len(rings) == 3
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert top >= 0
        assert not any(left < x < right and top < y < bottom for x, y in rings)
        for other in boxes[i + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_words_at_a_peak_by_the_edge_stay_within_the_chart() -> None:
    falling = triangle(acsa_cm2=np.array([10.0, 5.0, 0.0]))
    ((left, _, _, _),) = boxes_of_labels(profile_along_muscle("SOL", falling, COLORS["SOL"]))
    assert left >= 52


def test_nothing_to_draw_draws_nothing() -> None:
    empty = ProfileCurve(profile_of(np.empty(0), np.empty(0), np.empty(0), np.empty(0)))
    assert profile_along_leg({}, {}) == profile_along_leg({"SOL": empty}, COLORS) == ""
    assert (
        profile_along_muscle("SOL", empty, COLORS["SOL"]) == echo_along_muscle("SOL", triangle().profile, COLORS["SOL"]) == ""
    )


def test_a_muscle_on_a_single_slice_is_drawn() -> None:
    one = ProfileCurve(profile_of(np.array([3]), np.array([2.0]), np.array([1.5]), np.array([0.0])))
    assert "SOL 1.5 cm²" in profile_along_leg({"SOL": one}, COLORS)


def test_a_gap_in_the_echo_breaks_its_line() -> None:
    svg = echo_along_muscle("SOL", triangle(echo_intensity=np.array([50.0, np.nan, 60.0])).profile, COLORS["SOL"])
    (curve,) = re.findall(r'class="curve" d="([^"]+)"', svg)
    assert curve.count("M") == 2
    assert "L" not in curve


def test_names_are_escaped() -> None:
    assert "<b>" not in profile_along_leg({"<b>": triangle()}, {"<b>": (1, 2, 3)})


def test_parts_of_a_profile_have_one_length() -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="slice=2"):
        triangle(z=[1, 2])


def test_round_steps() -> None:
    assert nice_step(100.0, 4) == 25
    assert nice_step(0.0, 4) == nice_step(float("nan"), 4) == 1
    assert ticks(0.0, 0.3, 3) == [0.0, 0.1, 0.2, 0.3]
    assert path_data([(0.0, 0.0), (float("nan"), 1.0), (1.0, 2.0)], closed=True) == "M0 0M1 2Z"


def test_words_that_made_room_for_others_are_tied_to_their_ring() -> None:
    alone = profile_along_leg({"SOL": triangle()}, COLORS)
    assert 'class="tie"' not in alone
    peaks = {name: triangle(acsa_cm2=np.array([0.0, area, 0.0])) for name, area in (("SOL", 10.0), ("GM", 9.8), ("GL", 9.6))}
    crowded = profile_along_leg(peaks, COLORS | {"GL": (76, 175, 80)}, width=360.0)
    rings = set(re.findall(r'<circle class="largest" cx="([^"]+)" cy="([^"]+)"', crowded))
    ends = re.findall(r'<line class="tie" x1="[^"]+" y1="[^"]+" x2="([^"]+)" y2="([^"]+)"', crowded)
    assert ends
    assert set(ends) <= rings
