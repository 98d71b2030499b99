"""Compounding: how the ways compare with each other, within one run on one machine.

    .venv/bin/pytest benchmarks/bench_compound.py --benchmark-only --benchmark-columns=median,ops

Each case says its throughput in `extra_info`: Mpixel/s for insertion, Mvoxel/s for hole filling.
"""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.holes.fill import fill_holes
from ifssnet.compounding.holes.options import DistanceFilling, GaussianFilling, NearestFilling, StickFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.preflight.sweep_checks import check_sweeps
from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep

FRAMES, HEIGHT, WIDTH, PIXEL_MM = 120, 537, 221, 0.17
"""As in the paper's recordings: frames of about 221 x 537 pixels of 0.17 mm (paper, IV-A), here 0.25 mm apart."""


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    frames = np.random.default_rng(0).integers(1, 256, size=(FRAMES, HEIGHT, WIDTH), dtype=np.uint8)
    poses = np.tile(np.diag([PIXEL_MM, PIXEL_MM, 1.0, 1.0]), (FRAMES, 1, 1))
    poses[:, 2, 3] = 0.25 * np.arange(FRAMES)
    tilt = np.radians(10)
    poses[:, 1, 1], poses[:, 2, 1] = PIXEL_MM * np.cos(tilt), PIXEL_MM * np.sin(tilt)
    return Sweep(frames, poses, np.arange(FRAMES) / 30, (PIXEL_MM, PIXEL_MM), np.ones(FRAMES, dtype=bool))


@pytest.mark.parametrize("compounding", ["latest", "maximum", "mean", "running-mean"])
@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_insertion(benchmark, sweep, interpolation, compounding):
    options = CompoundOptions(interpolation=interpolation, compounding=compounding)
    benchmark.group = "insertion"
    drain(compound_sweeps([sweep], options))  # compile
    result = benchmark.pedantic(lambda: drain(compound_sweeps([sweep], options)), rounds=5)
    benchmark.extra_info["Mpixel/s"] = round(result.plan.pixels / benchmark.stats["median"] / 1e6)


@pytest.mark.parametrize(
    "way",
    [NearestFilling(5), StickFilling(9, 1), GaussianFilling(5), DistanceFilling(1.0)],
    ids=["nearest", "stick", "gaussian", "distance"],
)
def test_hole_filling(benchmark, sweep, way):
    seen = drain(compound_sweeps([sweep], CompoundOptions(skip_interval=3)))
    benchmark.group = "hole filling"

    def fill():
        return drain(fill_holes(seen.volume.array, seen.weights, [way], seen.volume.grid))

    fill()
    filled = benchmark.pedantic(fill, rounds=3)
    benchmark.extra_info["Mvoxel/s"] = round(filled.size / benchmark.stats["median"] / 1e6)
    benchmark.extra_info["share filled"] = round(float(((filled > 0) & (seen.weights == 0)).mean()), 3)


def test_preflight(benchmark, sweep):
    """The look costs a fraction of the work."""
    options = CompoundOptions()
    check_sweeps([sweep], options)
    benchmark.group = "insertion"
    benchmark.pedantic(lambda: check_sweeps([sweep], options), rounds=5)
