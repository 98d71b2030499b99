"""How much of a muscle's border is the edge of the scan, and whether the scan cuts it at an end."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.measurement.checks.scanned_edge import coverage_findings, muscle_coverage

Z, Y, X = np.mgrid[:24, :60, :60]
GRID = Grid(Z.shape, (1.0, 1.0, 3.0))
TUBE = (Y - 30) ** 2 + (X - 30) ** 2 < 15**2
SQUARE = (np.abs(Y - 30) <= 10) & (np.abs(X - 30) <= 10)


def covered(muscle: np.ndarray, scanned: np.ndarray, *, known: bool = True):
    rng = np.random.default_rng(0)
    grey = np.where(scanned, rng.integers(0, 200, Z.shape), 0).astype(np.uint8)
    volume = Volume(grey, GRID, seen=scanned if known else None)
    return muscle_coverage(LabelMap(muscle.astype(np.uint8), GRID, {1: "SOL"}), volume)["SOL"]


@pytest.mark.parametrize("known", [True, False])
def test_a_muscle_inside_the_scan_is_silence(known: bool) -> None:
    inside = (Z > 2) & (Z < 21)
    found = covered(TUBE & inside, (Y > 5) & (Y < 55) & (X > 5) & (X < 55), known=known)
    assert found.share == 0
    assert coverage_findings({"SOL": found}) == []


@pytest.mark.parametrize("known", [True, False])
def test_the_share_is_that_of_the_cut_side(known: bool) -> None:
    """A square whose one side is the edge of the scan: a quarter of its border, and the corners' two millimetres."""
    scanned = (X <= 40) & (Y > 5)
    found = covered(SQUARE & (Z > 2) & (Z < 21), scanned, known=known)
    assert found.share == pytest.approx(0.25, abs=0.06)
    (finding,) = coverage_findings({"SOL": found})
    assert "border of SOL" in finding.text
    assert "add a sweep" in finding.remedy


def test_dark_speckle_and_small_holes_are_no_edge() -> None:
    scanned = (Y > 5) & (Y < 55) & (X > 5) & (X < 55)
    holes = scanned & ~((X % 8 == 0) & (Y % 8 == 0))
    assert covered(TUBE & (Z > 2) & (Z < 21), holes).share == 0


def test_the_images_own_border_is_an_edge() -> None:
    muscle = (np.abs(Y - 30) <= 10) & (X >= 50) & (Z > 2) & (Z < 21)
    found = covered(muscle, np.ones(Z.shape, dtype=bool))
    assert found.share == pytest.approx(0.4, abs=0.06)


def test_a_muscle_that_the_scan_cuts_at_an_end_says_so() -> None:
    found = covered(TUBE & (Z < 15), np.ones(Z.shape, dtype=bool))
    assert (found.first_share, found.last_share) == (1.0, 0.0)
    (finding,) = coverage_findings({"SOL": found})
    assert "first slice" in finding.text
    tapering = np.maximum(15 - np.abs(Z - 12), 1) ** 2 > (Y - 30) ** 2 + (X - 30) ** 2
    assert coverage_findings({"SOL": covered(tapering, np.ones(Z.shape, dtype=bool))}) == []
