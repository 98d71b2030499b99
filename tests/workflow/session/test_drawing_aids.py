"""Outlines that save the hand, on muscles whose border is known."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.seeds import Mask
from ifssnet.geometry.masks.live_wire import traced
from ifssnet.workflow.session.drawing_aids import as_large, copied, grown, guided, snapped, snapped_slice
from ifssnet.workflow.session.events import MuscleName, Opened, SliceDrawn
from ifssnet.workflow.session.reducer import replay
from ifssnet.workflow.session.state import SessionState

GRID = Grid((21, 90, 100), (0.5, 0.5, 1.0))
Y, X = np.mgrid[:90, :100]


def ellipse(x: float = 50.0, y: float = 45.0, a: float = 26.0, b: float = 18.0) -> Mask:
    return ((X - x) / a) ** 2 + ((Y - y) / b) ** 2 <= 1


def dice(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def drawn(slices: dict[int, Mask]) -> SessionState:
    opened = Opened("2026-01-01T00:00:00+00:00", "x", "v", "", GRID, (MuscleName(1, "SOL", (0, 0, 0)),))
    return replay([opened, *(SliceDrawn(opened.at, "x", 1, z, PackedMask.of(mask)) for z, mask in slices.items())])


@pytest.mark.parametrize(("bright", "muscle", "least"), [(200, 60, 0.96), (110, 110, 0.92)])
def test_a_few_clicks_find_a_bright_border_or_a_step(bright: int, muscle: int, least: float) -> None:
    far = np.sqrt(((X - 50) / 26.0) ** 2 + ((Y - 45) / 18.0) ** 2)
    grey = np.where(far <= 1, muscle, 40) + (bright - muscle) * np.exp(-((far - 1) ** 2) / 0.003)
    grey = np.clip(grey + np.random.default_rng(1).normal(0, 8, grey.shape), 0, 255).astype(np.uint8)
    turns = 2 * np.pi * np.arange(5) / 5
    # Clicks of a hand that is a pixel off.
    clicks = [(50 + 27 * float(np.cos(turn)), 45 + 19 * float(np.sin(turn))) for turn in turns]
    assert dice(traced(grey, clicks), ellipse()) > least
    # Without a border to follow the same clicks make a polygon, which cuts corners.
    assert dice(traced(np.full_like(grey, 60), clicks), ellipse()) < 0.92


def test_clicks_that_enclose_nothing_or_miss_the_slice_are_refused() -> None:
    grey = np.zeros((90, 100), dtype=np.uint8)
    with pytest.raises(InputError, match="three clicks"):
        traced(grey, [(1.0, 1.0), (2.0, 2.0)])
    with pytest.raises(InputError, match=r"100 x 90"):
        traced(grey, [(1.0, 1.0), (20.0, 2.0), (100.0, 40.0)])


def test_a_copy_is_moved_and_sized_as_its_place_asks() -> None:
    state = drawn({0: ellipse(30, 40, 12, 12), 20: ellipse(70, 40, 24, 24)})
    # Areas run evenly from one to the other.
    truth = ellipse(50, 40, 18.97, 18.97)
    assert dice(guided(state, 1, 10), truth) > 0.97
    assert dice(copied(state, 1, 10), truth) > 0.95
    assert dice(ellipse(30, 40, 12, 12), truth) < 0.6
    # A notch of the neighbour stays: it is a copy, and not the interpolated shape.
    notched = ellipse(30, 40, 12, 12) & ~((X > 28) & (X < 33) & (Y < 34))
    assert not copied(drawn({0: notched, 20: ellipse(70, 40, 24, 24)}), 1, 1)[32, 32]


def test_with_slices_on_one_side_alone_a_copy_is_as_it_was() -> None:
    state = drawn({4: ellipse()})
    assert (copied(state, 1, 9) == ellipse()).all()
    with pytest.raises(InputError, match="both sides"):
        guided(state, 1, 9)
    with pytest.raises(InputError, match="another slice"):
        copied(state, 1, 4)


def test_the_guided_shape_of_a_drawn_slice_does_not_look_at_it() -> None:
    around = {0: ellipse(40), 20: ellipse(60)}
    alone, among = guided(drawn(around), 1, 10), guided(drawn(around | {10: ellipse(20, 20, 5, 5)}), 1, 10)
    assert (alone == among).all()


def test_growing_moves_the_border_by_so_many_mm_and_shrinking_takes_it_back() -> None:
    disc = ellipse(50, 45, 20, 20)
    wider = grown(disc, 2.0, GRID)
    assert dice(wider, ellipse(50, 45, 24, 24)) > 0.97
    assert dice(grown(wider, -2.0, GRID), disc) > 0.98
    assert not grown(np.zeros_like(disc), 2.0, GRID).any()
    assert as_large(disc, 900, GRID).sum() == pytest.approx(900, abs=40)


def test_a_border_snaps_where_it_is_close_and_stays_where_the_hand_went_elsewhere() -> None:
    proposal = ellipse()
    hand = ellipse(50, 45, 28, 20) | ellipse(82, 45, 14, 10)
    found = snapped(hand, proposal, GRID)
    left = X < 45
    assert (found == proposal)[left].all()
    assert found[45, 90]
    state = drawn({0: proposal, 10: hand, 20: proposal})
    assert dice(snapped_slice(state, 1, 10) & left, proposal & left) > 0.99
    with pytest.raises(InputError, match="SOL is drawn"):
        snapped_slice(state, 1, 5)
