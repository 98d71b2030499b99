"""Contours of parallel sweeps on common slices."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from ifssnet.compounding.projection.contour_seeds import place_contours
from ifssnet.compounding.projection.parallel_sweeps import common_slices
from ifssnet.core.errors import InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Contour, Sweep

GRID = Grid((40, 20, 60), (1.0, 1.0, 1.0))
"""Voxel (z, y, x) lies at (x, y, z) mm."""


def strip(first_mm: float, width: int, heights_mm: list[float], left: float, right: float) -> Sweep:
    """Frames of 1 mm pixels from x = `first_mm` on; on each the muscle's part of the rectangle left..right by 4.5..14.5 mm."""
    poses = np.tile(np.eye(4), (len(heights_mm), 1, 1))
    poses[:, 0, 3], poses[:, 2, 3] = first_mm, heights_mm
    u0, u1 = max(left - first_mm, -0.5), min(right - first_mm, width - 0.5)
    corners = np.array([[u0, 4.5], [u1, 4.5], [u1, 14.5], [u0, 14.5]])
    return Sweep(
        frames=np.zeros((len(heights_mm), 20, width), np.uint8),
        image_to_world=poses,
        timestamps_s=np.arange(len(heights_mm), dtype=float),
        valid=np.ones(len(heights_mm), bool),
        pixel_spacing_uv_mm=(1.0, 1.0),
        contours=tuple(Contour(1, frame, corners) for frame in range(len(heights_mm))),
        names={1: "SOL"},
    )


def test_three_strips_whose_frames_lie_at_different_heights_make_whole_slices():
    # The muscle is 40 mm by 10 mm; each strip sees 24 mm, and the middle one is covered by the others for two thirds.
    strips = [
        strip(0, 24, [10.0, 13.0, 16.0, 19.0], 9.5, 49.5),
        strip(16, 24, [11.4, 14.4, 17.4, 20.4], 9.5, 49.5),
        strip(32, 24, [8.9, 11.9, 14.9, 17.9], 9.5, 49.5),
    ]
    seeds = place_contours(strips, GRID).seeds
    assert seeds.slices(1) == (10, 13, 16, 19)
    for z in seeds.slices(1):
        assert seeds.masks[1][z].sum() == 400
        assert seeds.masks[1][z][5:15, 10:50].all()


def test_a_slice_that_a_strip_misses_is_left_out_and_said():
    strips = [strip(0, 30, [5.0, 15.0, 25.0], 9.5, 49.5), strip(30, 30, [5.2, 25.1], 9.5, 49.5)]
    with pytest.warns(InputWarning, match="1 slices are left out"):
        # Frames 10 mm apart would reach 5 mm and more: as far as the slice at 15 mm is from neither 5.2 nor 25.1.
        seeds = place_contours([strips[0], dense(strips[1])], GRID).seeds
    assert seeds.slices(1) == (5, 25)
    assert all(mask.sum() == 400 for mask in seeds.masks[1].values())


def dense(sweep: Sweep) -> Sweep:
    """The same drawings in a sweep with a frame every mm, most of them not drawn on."""
    whole = strip(30, 30, [float(z) for z in range(40)], 9.5, 49.5)
    drawn = [int(np.round(pose[2, 3])) for pose in sweep.image_to_world]
    return Sweep(
        frames=whole.frames,
        image_to_world=whole.image_to_world,
        timestamps_s=whole.timestamps_s,
        valid=whole.valid,
        pixel_spacing_uv_mm=(1.0, 1.0),
        contours=tuple(contour for contour in whole.contours if contour.frame in drawn),
        names=whole.names,
    )


def test_a_strip_beyond_the_muscle_takes_nothing_away():
    # The second strip sees the muscle's first slices only; behind them the first strip has all of it.
    first = strip(0, 60, [float(z) for z in range(5, 30)], 9.5, 49.5)
    second = strip(30, 30, [5.0, 6.0, 7.0], 9.5, 49.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seeds = place_contours([first, second], GRID).seeds
    assert seeds.slices(1) == tuple(range(5, 30))


def test_slices_of_one_strip_alone_are_left_out():
    # Of the second strip's only slice with the first strip before and behind it, nothing of the first is near.
    first = strip(0, 30, [float(z) for z in range(40)], 9.5, 49.5)
    first = replace(first, contours=tuple(each for each in first.contours if each.frame in (10, 30)))
    second = dense(strip(30, 30, [18.0, 20.0, 22.0], 9.5, 49.5))
    with pytest.warns(InputWarning, match="3 slices are left out"):
        assert place_contours([first, second], GRID).seeds.slices(1) == (10, 30)


def test_slices_are_those_of_the_sweep_with_most_drawings():
    slices, partly = common_slices({0: [3.0], 1: [2.2, 6.1, 10.0]}, {0: 1.0, 1: 1.0})
    assert slices == {2: [(0, 0), (1, 0)], 6: [(1, 1)], 10: [(1, 2)]}
    assert partly == []
