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
