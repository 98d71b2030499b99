"""What the voxels of a volume alone say about it."""

from __future__ import annotations

import numpy as np

from ifssnet.compounding.preflight.volume_checks import check_volume
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume

GRID = Grid((100, 10, 10), (1.0, 1.0, 3.0))


def look(grey: np.ndarray, grid: Grid = GRID) -> list[tuple[str, str]]:
    muscle = np.zeros(grid.shape_zyx, np.uint8)
    muscle[20:80, 2:8, 2:8] = 1
    return [(found.severity, found.text) for found in check_volume(Volume(grey, grid), [LabelMap(muscle, grid, {1: "SOL"})])]


def test_a_sound_volume_gives_nothing_to_say():
    assert look(np.full(GRID.shape_zyx, 50, np.uint8)) == []


def test_a_wrong_spacing_is_seen_by_the_length():
    grid = Grid((100, 10, 10), (0.1, 0.1, 0.3))  # 30 mm: cm in the header
    assert "30 mm long" in look(np.full(grid.shape_zyx, 50, np.uint8), grid)[0][1]


def test_slices_without_an_image_are_counted_in_mm():
    grey = np.full(GRID.shape_zyx, 50, np.uint8)
    grey[10:23] = 0  # slices 20, 21, 22 hold muscle: 9 mm; and 3 of 60 slices are 5 % of the muscle, no more
    assert look(grey) == [("error", "9 mm of the muscles lie on slices that hold no image at all.")]


def test_black_inside_the_muscles_is_told_by_its_share():
    grey = np.full(GRID.shape_zyx, 50, np.uint8)
    grey[20:80, 2:8, 2:5] = 0
    assert look(grey) == [("warning", "50 % of the voxels inside the muscles have grey level 0.")]
