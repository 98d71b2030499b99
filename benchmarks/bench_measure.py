"""Measuring and comparing at full size: 512 x 512 x 1400 voxels, three muscles; seconds and peak memory, a process each.

python benchmarks/bench_measure.py [--slices 1400] [--size 512]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume

NAMES = {1: "SOL", 2: "GM", 3: "GL"}
CENTRES = {1: (0.55, 0.5), 2: (0.3, 0.35), 3: (0.3, 0.65)}
RADII = {1: (0.16, 0.26), 2: (0.13, 0.14), 3: (0.1, 0.12)}


def leg(slices: int, size: int, shift: float) -> LabelMap:
    """Three spindles along the whole volume, moved by `shift` pixels and rippled by as much."""
    array = np.zeros((slices, size, size), np.uint8)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    for z in range(slices):
        along = 2 * z / (slices - 1) - 1
        thick = np.sqrt(max(1 - (along / 0.95) ** 2, 0))
        if thick < 0.05:
            continue
        for label in NAMES:
            (cy, cx), (ry, rx) = CENTRES[label], RADII[label]
            dy = (y - cy * size - shift * np.sin(z / 40)) / (ry * size * thick)
            dx = (x - cx * size - shift * np.cos(z / 55)) / (rx * size * thick)
            array[z][(dy**2 + dx**2 <= 1) & (array[z] == 0)] = label
    return LabelMap(array, Grid(array.shape, (0.277, 0.277, 0.277)), NAMES)


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def run(case: str, slices: int, size: int) -> None:
    from ifssnet.core.results.measures import MeasureOptions
    from ifssnet.measurement.leg.muscles import measure
    from ifssnet.measurement.reference.compare import compare

    small = leg(12, 64, 0.0)  # compiles, so that only the work is timed
    measure(small, Volume(small.array, small.grid))
    compare(small, leg(12, 64, 1.0))
    first = leg(slices, size, 0.0)
    second = leg(slices, size, {"compare far": 30.0}.get(case, 3.0)) if case.startswith("compare") else first
    held = peak_gb()
    start = time.perf_counter()
    if case == "measure":
        measure(first)
    elif case == "measure without mesh":
        measure(first, options=MeasureOptions(mesh=False))
    elif case == "measure with echo intensity":
        measure(first, Volume(first.array, first.grid), MeasureOptions(mesh=False))
    else:
        compare(first, second, per_slice=True)
    print(
        f"{case:28s} {time.perf_counter() - start:6.1f} s   peak {peak_gb():5.2f} GB (inputs alone {held:.2f} GB)", flush=True
    )


CASES = ("measure", "measure without mesh", "measure with echo intensity", "compare near", "compare far")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=1400)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--case", choices=CASES)
    options = parser.parse_args()
    if options.case:
        run(options.case, options.slices, options.size)
        return
    for case in CASES:
        sizes = ["--slices", str(options.slices), "--size", str(options.size)]
        subprocess.run([sys.executable, __file__, "--case", case, *sizes], check=True)


if __name__ == "__main__":
    main()
