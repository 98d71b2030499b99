"""Outlines are told from what is filled: crescents, muscles with a real hole, and small ends of a muscle."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.geometry.masks.outlines import OutlineKind, outline_of
from ifssnet.geometry.untyped import distance_to_false

Y, X = np.mgrid[:90, :120].astype(np.float64)


def ellipse(a: float, b: float, y: float = 45, x: float = 60) -> np.ndarray:
    return ((Y - y) / b) ** 2 + ((X - x) / a) ** 2 <= 1


def crescent(thickness: float, radius: float = 50.0, half_angle_deg: float = 35.0) -> np.ndarray:
    """A curved sheet, as a gastrocnemius lies over the soleus."""
    away = np.hypot(Y - 70, X - 60)
    angle = np.degrees(np.arctan2(X - 60, 70 - Y))
    return (np.abs(away - radius) <= thickness / 2) & (np.abs(angle) <= half_angle_deg)


def stroke(area: np.ndarray, width: float) -> np.ndarray:
    """The brush along the inside of an area's border."""
    return area & (distance_to_false(area, (1.0, 1.0)) <= width)


AREAS = {
    "wide": ellipse(50, 22),
    "round": ellipse(20, 20),
    "small": ellipse(6, 5),
    "crescent": crescent(14),
    "bean": ellipse(40, 25) & ~ellipse(25, 12, 65, 60),
}


@pytest.mark.parametrize("name", list(AREAS))
@pytest.mark.parametrize("width", [1.0, 1.5, 2.5])
def test_closed_rings_are_filled_to_the_last_pixel(name: str, width: float) -> None:
    area = AREAS[name]
    if name == "small" and width > 1.5:
        return
    found = outline_of(stroke(area, width))
    assert found.kind is OutlineKind.CLOSED
    assert np.array_equal(found.filled, area)


@pytest.mark.parametrize("name", ["wide", "round", "bean"])
@pytest.mark.parametrize("gap", [2, 5, 9])
def test_a_small_gap_is_closed(name: str, gap: int) -> None:
    area = AREAS[name]
    ring = stroke(area, 1.5)
    ring[:40, 60 - gap // 2 : 60 - gap // 2 + gap] = False
    found = outline_of(ring)
    assert found.kind is OutlineKind.GAP
    missed = np.count_nonzero(found.filled != area)
    assert missed <= 0.03 * np.count_nonzero(area)
    assert gap <= found.gap_px + 1


@pytest.mark.parametrize(("a", "b", "width"), [(6, 4, 2), (5, 4, 2), (4, 4, 2), (8, 4, 2.5), (8, 6, 3), (10, 10, 3)])
def test_a_brush_around_a_small_muscle_encloses_little_and_is_filled(a: float, b: float, width: float) -> None:
    area = ellipse(a, b)
    ring = stroke(area, width)
    assert np.count_nonzero(ring) > 0.48 * np.count_nonzero(area)
    found = outline_of(ring)
    assert found.kind is OutlineKind.CLOSED
    assert np.array_equal(found.filled, area)


def test_a_thick_outline_is_one_where_the_brush_is_known() -> None:
    area = ellipse(12, 10)
    ring = stroke(area, 4)
    assert outline_of(ring).kind is OutlineKind.FILLED
    known = outline_of(stroke(ellipse(50, 22), 4)).width_px
    found = outline_of(ring, brush_px=known)
    assert found.kind is OutlineKind.CLOSED
    assert np.array_equal(found.filled, area)
    # A hole whose border is not as even as a brush's is one all the same.
    assert outline_of(area & ~ellipse(4, 4, 45, 64), brush_px=known).kind is OutlineKind.FILLED


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("ring", "ring", OutlineKind.CLOSED), ("ring", "filled", OutlineKind.CLOSED),
        ("ring", "gap", OutlineKind.GAP), ("ring", "half", OutlineKind.OPEN),
    ],
)  # fmt: skip
def test_pieces_on_one_slice_are_told_apart(left: str, right: str, kind: OutlineKind) -> None:
    places = {"left": ellipse(20, 15, 45, 30), "right": ellipse(20, 15, 45, 90)}
    drawn = {"left": stroke(places["left"], 1.5), "right": stroke(places["right"], 1.5)}
    assert left == "ring"
    if right == "filled":
        drawn["right"] = places["right"]
    elif right == "gap":
        drawn["right"] &= ~((np.abs(X - 90) < 2.5) & (Y < 45))
    elif right == "half":
        drawn["right"] &= Y > 45
    found = outline_of(drawn["left"] | drawn["right"])
    assert found.kind is kind
    wanted = places["left"] | (drawn["right"] if right == "half" else places["right"])
    assert np.count_nonzero(found.filled != wanted) <= 0.01 * np.count_nonzero(wanted)


def test_an_outline_within_an_outline_is_a_hole_and_an_island_in_it_is_muscle() -> None:
    area, bone, island = ellipse(50, 22), ellipse(18, 14), ellipse(8, 6)
    drawn = stroke(area, 1.5) | (ellipse(20, 16) & ~bone)
    found = outline_of(drawn)
    assert (found.kind, found.hole_px) == (OutlineKind.CLOSED, np.count_nonzero(bone))
    assert np.array_equal(found.filled, area & ~bone)
    found = outline_of(drawn | stroke(island, 1.5))
    assert np.array_equal(found.filled, (area & ~bone) | island)


def test_a_letter_beside_a_filled_area_is_no_outline() -> None:
    drawn = ellipse(40, 20) | stroke(ellipse(4, 5, 8, 8), 1)
    assert outline_of(drawn).kind is OutlineKind.FILLED


def test_a_border_drawn_twice_is_one_outline() -> None:
    area = ellipse(50, 22)
    found = outline_of(stroke(area, 1.5) | stroke(ellipse(45, 17), 1.5))
    assert (found.kind, found.hole_px) == (OutlineKind.CLOSED, 0)
    assert np.array_equal(found.filled, area)


def test_several_gaps_are_closed() -> None:
    area = AREAS["wide"]
    ring = stroke(area, 2.0)
    ring[:, 40:43] = False
    ring[44:47] = False
    found = outline_of(ring)
    assert found.kind is OutlineKind.GAP
    assert np.count_nonzero(found.filled != area) <= 0.03 * np.count_nonzero(area)


@pytest.mark.parametrize("name", ["wide", "round", "bean"])
def test_an_open_ring_is_said_and_left(name: str) -> None:
    ring = stroke(AREAS[name], 1.5)
    ring[:, 60:] &= Y[:, 60:] > 48
    found = outline_of(ring)
    assert found.kind is OutlineKind.OPEN
    assert np.array_equal(found.filled, ring)


def test_a_neighbour_that_covers_a_part_of_the_outline_closes_it() -> None:
    area, neighbour = ellipse(40, 20), ellipse(40, 20, 14)
    ring = stroke(area, 1.5) & ~neighbour
    assert outline_of(ring).kind is OutlineKind.OPEN
    found = outline_of(ring, neighbour)
    assert found.kind is OutlineKind.CLOSED
    assert np.array_equal(found.filled, area & ~neighbour)


@pytest.mark.parametrize("thickness", [1.5, 2, 3, 5, 8, 14])
@pytest.mark.parametrize("half_angle_deg", [20, 35, 60, 80])
def test_thin_crescents_are_muscles(thickness: float, half_angle_deg: float) -> None:
    drawn = crescent(thickness, half_angle_deg=half_angle_deg)
    found = outline_of(drawn)
    assert found.kind is OutlineKind.FILLED
    assert np.array_equal(found.filled, drawn)


@pytest.mark.parametrize(("outer", "inner"), [(20, 4), (20, 8), (20, 12), (20, 15), (40, 20), (12, 5)])
def test_a_muscle_with_a_real_hole_keeps_it(outer: float, inner: float) -> None:
    drawn = ellipse(outer, outer) & ~ellipse(inner, inner)
    found = outline_of(drawn)
    assert found.kind is OutlineKind.FILLED
    assert np.array_equal(found.filled, drawn)


@pytest.mark.parametrize("name", list(AREAS))
def test_what_is_filled_stays(name: str) -> None:
    rough = AREAS[name] & (np.random.default_rng(0).random(Y.shape) > 0.02)
    for drawn in (AREAS[name], rough):
        found = outline_of(drawn)
        assert found.kind is OutlineKind.FILLED
        assert np.array_equal(found.filled, drawn)


def test_a_line_and_a_click_are_no_outlines() -> None:
    line = (np.abs(Y - 0.3 * X) <= 1) & (X > 20) & (X < 100)
    assert outline_of(line).kind is OutlineKind.FILLED
    assert outline_of(ellipse(1.5, 1.5)).kind is OutlineKind.FILLED
    assert outline_of(np.zeros((9, 9), dtype=bool)).kind is OutlineKind.FILLED
