"""Insertion against the same rules written out a second time, one pixel after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from make_sweeps import compounded, random_sweep

from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep

MODES = ("latest", "maximum", "mean", "running-mean")
BOX = Grid((16, 15, 14), (1.1, 1.0, 0.9), (-6.0, -7.0, -6.5))


def naive(sweep: Sweep, grid: Grid, mode: str) -> np.ndarray:
    """Nearest-neighbour insertion one pixel after the other."""
    values = np.zeros(grid.shape_zyx)
    counts = np.zeros(grid.shape_zyx, dtype=int)
    for frame, pose in zip(sweep.frames, sweep.image_to_world, strict=True):
        for (v, u), grey in np.ndenumerate(frame):
            index = grid.points_to_index((pose @ np.array([u, v, 0, 1.0]))[None, :3])[0]
            # PLUS takes what lies within 2**-17 below a half to be one.
            x, y, z = np.floor(np.rint((index + 0.5) * 2**16) / 2**16).astype(int)
            if not (0 <= z < grid.shape_zyx[0] and 0 <= y < grid.shape_zyx[1] and 0 <= x < grid.shape_zyx[2]):
                continue
            old, count = values[z, y, x], counts[z, y, x]
            values[z, y, x] = {
                "latest": grey,
                "maximum": max(old, grey),
                "mean": old + float(grey),
                "running-mean": (old * count + grey) // (count + 1),
            }[mode]
            counts[z, y, x] += 1
    if mode == "mean":
        values = np.floor(values / np.maximum(counts, 1) + 0.5)
    return values


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), mode=st.sampled_from(MODES))
def test_nearest_insertion_agrees_with_one_pixel_after_the_other(seed, mode):
    sweep = random_sweep(seed)
    np.testing.assert_array_equal(compounded(sweep, BOX, compounding=mode).volume.array, naive(sweep, BOX, mode))


def naive_linear(sweep: Sweep, grid: Grid, mode: str, fixed: bool) -> np.ndarray:
    """Linear insertion by PLUS' rules, one pixel after the other; in fixed point by whole numbers of 1/16384."""
    one = 16384
    values = np.zeros(grid.shape_zyx, dtype=int)
    weights = np.zeros(grid.shape_zyx, dtype=int)  # in 256ths

    def product(a, b):  # of two numbers between 0 and 1
        return (a * b + one // 2) // one if fixed else a * b

    for frame, pose in zip(sweep.frames, sweep.image_to_world, strict=True):
        affine = (grid.mm_to_index @ pose)[:3]
        for (v, u), grey in np.ndenumerate(frame):
            if fixed:
                scaled = np.rint(affine * one).astype(int)
                place = scaled[:, 3] + v * scaled[:, 1] + u * scaled[:, 0]
                low, part = place // one, place % one
            else:
                place = affine @ (u, v, 0, 1)
                low = np.floor(np.rint(place * 2**16) / 2**16).astype(int)
                part = place - low
            whole = one if fixed else 1.0
            top = low + (part != 0)
            if (low < 0).any() or (top >= grid.shape_zyx[::-1]).any():
                continue
            for corner in np.ndindex(2, 2, 2):  # x, y, z
                x, y, z = low + corner
                a, b, c = (f if up else whole - f for f, up in zip(part, corner, strict=True))
                share = product(a, product(b, c))
                if share == 0:
                    continue
                if mode == "running-mean" and fixed:
                    old = int(weights[z, y, x]) * 64
                    total = share + old
                    mean = np.rint((int(share) * int(grey) + old * int(values[z, y, x])) / total * one)
                    values[z, y, x] = int(mean + one / 2) // one
                    weights[z, y, x] = min((total * 256 + one // 2) // one, 65535)
                elif mode == "running-mean":
                    old = weights[z, y, x] / 256
                    values[z, y, x] = np.floor((share * grey + old * values[z, y, x]) / (share + old) + 0.5)
                    weights[z, y, x] = min(np.floor((share + old) * 256 + 0.5), 65535)
                elif share >= whole / 8 and (mode == "latest" or grey > values[z, y, x]):
                    values[z, y, x] = grey
    return values


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), mode=st.sampled_from(["latest", "maximum", "running-mean"]), fixed=st.booleans())
def test_linear_insertion_agrees_with_plus_rules_written_out(seed, mode, fixed):
    sweep = random_sweep(seed, frames=3)
    options = {"interpolation": "linear", "compounding": mode, "arithmetic": "full" if fixed else "partial"}
    array = compounded(sweep, BOX, **options).volume.array
    difference = np.abs(array.astype(int) - naive_linear(sweep, BOX, mode, fixed))
    # In double precision a sum of the same terms in another order may round to the other side.
    assert (difference > 0).mean() < (1e-9 if fixed else 0.002)
