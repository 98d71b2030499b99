"""How much of a muscle's border is the edge of the scan, and whether the scan cuts it at an end."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.measurement.checks.scanned_edge import MuscleCoverage, coverage_findings, muscle_coverage, scanned_part

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


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_the_images_own_border_is_an_edge(side: str) -> None:
    along, across = (Y, X) if side in ("left", "right") else (X, Y)
    near = across < 10 if side in ("left", "top") else across >= 50
    found = covered((np.abs(along - 30) <= 10) & near & (Z > 2) & (Z < 21), np.ones(Z.shape, dtype=bool))
    # The 21 pixels at the edge and two rows beside them at either end, of 58 around 10 x 21.
    assert found.share == pytest.approx((21 + 2 * 1) / 58)


def test_the_border_is_what_has_a_neighbour_outside_pixel_by_pixel() -> None:
    rng = np.random.default_rng(2)
    muscle, scanned = rng.random(Z.shape) < 0.8, rng.random(Z.shape) < 0.999
    muscle[:, :4] = False
    found = covered(muscle, scanned)
    padded = np.pad(muscle, ((0, 0), (1, 1), (1, 1)))
    around = [np.roll(padded, step, axis) for step in (1, -1) for axis in (1, 2)]
    border = (padded & ~np.logical_and.reduce(around))[:, 1:-1, 1:-1]
    # A small gap is no edge of the scan: only the image's own border, within two pixels of it, is left.
    near = border & ((Y < 2) | (Y > 57) | (X < 2) | (X > 57))
    np.testing.assert_array_equal(found.edge_share, near.sum(axis=(1, 2)) / border.sum(axis=(1, 2)))
    assert found.share == near.sum() / border.sum()


def test_a_muscle_that_the_scan_cuts_at_an_end_says_so() -> None:
    found = covered(TUBE & (Z < 15), np.ones(Z.shape, dtype=bool))
    assert (found.first_share, found.last_share) == (1.0, 0.0)
    (finding,) = coverage_findings({"SOL": found})
    assert "first slice" in finding.text
    tapering = np.maximum(15 - np.abs(Z - 12), 1) ** 2 > (Y - 30) ** 2 + (X - 30) ** 2
    assert coverage_findings({"SOL": covered(tapering, np.ones(Z.shape, dtype=bool))}) == []


def never_scanned(dark: np.ndarray, pixel_mm: float = 1.0) -> np.ndarray:
    """Where a slice with these dark pixels counts as never scanned."""
    grid = Grid((1, *dark.shape), (pixel_mm, pixel_mm, 1.0))
    return ~scanned_part(Volume(np.where(dark, 0, 90).astype(np.uint8)[np.newaxis], grid))[0]


def pixels(*places: tuple[int | slice, int | slice]) -> np.ndarray:
    found = np.zeros((9, 9), dtype=bool)
    for place in places:
        found[place] = True
    return found


def test_a_dark_disc_is_a_hole_and_a_dark_spot_is_tissue() -> None:
    spot, block = pixels((4, 4)), pixels((slice(3, 6), slice(3, 6)))
    assert not never_scanned(spot).any()
    assert not never_scanned(spot, pixel_mm=1.5).any()
    np.testing.assert_array_equal(never_scanned(block), block)
    # Pixels of 1.5 mm: one of them holds the disc, and the disc reaches its four neighbours.
    np.testing.assert_array_equal(never_scanned(block, pixel_mm=1.5), pixels((4, slice(3, 6)), (slice(3, 6), 4)))


def test_dark_rows_at_the_images_edge_go_on_beyond_it() -> None:
    edge = pixels((slice(0, 2), slice(None)))
    np.testing.assert_array_equal(never_scanned(edge), edge)


def test_what_the_volume_says_was_seen_counts_and_not_its_grey() -> None:
    seen = np.ones((1, 9, 9), dtype=bool)
    seen[0, 3:6, 3:6] = False
    volume = Volume(np.full(seen.shape, 90, np.uint8), Grid(seen.shape), seen=seen)
    np.testing.assert_array_equal(scanned_part(volume), seen)
    dark = Volume(np.zeros(seen.shape, np.uint8), Grid(seen.shape), seen=np.ones_like(seen))
    assert scanned_part(dark).all()


def covered_by_slice(muscle: np.ndarray, scanned: np.ndarray, spacing_mm: tuple[float, float, float]) -> MuscleCoverage:
    grid = Grid(muscle.shape, spacing_mm)
    labels = LabelMap(muscle.astype(np.uint8), grid, {1: "SOL", 2: "GM"})
    coverage = muscle_coverage(labels, Volume(np.full(muscle.shape, 90, np.uint8), grid, seen=scanned))
    assert list(coverage) == ["SOL"]
    return coverage["SOL"]


def test_each_slice_has_a_share_of_its_own() -> None:
    """Two millimetres from the edge are near it; four pixels of half a millimetre."""
    muscle, scanned = np.zeros((6, 30, 40), bool), np.ones((6, 30, 40), bool)
    muscle[2, 10:20, 10:20] = muscle[4, 15, 15] = muscle[5, 15, 14:16] = True
    # A whole region, as holes that no disc fits into are filled.
    scanned[2, :, :7] = False
    scanned[4, :, 17:] = False
    found = covered_by_slice(muscle, scanned, (0.5, 0.5, 3.0))
    assert found.position_mm.tolist() == [6.0, 9.0, 12.0, 15.0]
    # The near side is 10 of the 36 pixels around a square of 10 x 10.
    np.testing.assert_allclose(found.edge_share, [10 / 36, np.nan, 1.0, 0.0])
    assert found.share == pytest.approx(11 / 39)
    assert (found.first_share, found.last_share) == (0.0, 0.02)


def test_one_voxel_on_the_first_slice_is_a_whole_end() -> None:
    muscle = np.zeros((3, 30, 40), bool)
    muscle[0, 15, 15] = True
    scanned = np.ones_like(muscle)
    scanned[0, :, 16:] = False
    found = covered_by_slice(muscle, scanned, (1.0, 1.0, 3.0))
    assert (found.share, found.first_share, found.last_share) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize(("share", "end", "said"), [(0.05, 0.35, 0), (0.051, 0.35, 1), (0.05, 0.36, 1)])
def test_exactly_the_limit_is_no_finding(share: float, end: float, said: int) -> None:
    line = np.array([0.0, 1.0])
    assert len(coverage_findings({"SOL": MuscleCoverage(line, line, share, end, 0.0)})) == said
    assert len(coverage_findings({"SOL": MuscleCoverage(line, line, share, 0.0, end)})) == said


def test_a_part_of_the_volume_is_judged_by_what_lies_beside_it_as_well() -> None:
    dark = np.random.default_rng(1).random((3, 40, 40)) < 0.7
    volume = Volume(np.where(dark, 0, 90).astype(np.uint8), Grid(dark.shape, (0.9, 0.7, 1.0)))
    box = (slice(1, 3), slice(8, 30), slice(0, 21))
    np.testing.assert_array_equal(scanned_part(volume, box), scanned_part(volume)[box])
    assert 0.1 < scanned_part(volume).mean() < 0.9
