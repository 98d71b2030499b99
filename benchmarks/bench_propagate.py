"""Shape interpolation at full size: 512 x 512 x 1400 voxels, three muscles; seconds and peak memory, a process each.

    python benchmarks/bench_propagate.py [--slices 1400] [--size 512] [--every 100]

The leg is three spindles that sway along z. Each run is a process of its own, so that the memory is its own too; the base
is what Python, the libraries, the seeds and the compiled kernels take before the work starts.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.methods import method

NAMES = {1: "SOL", 2: "GM", 3: "GL"}
CENTRES_YX = {1: (0.55, 0.5), 2: (0.3, 0.35), 3: (0.3, 0.65)}
RADII_YX = {1: (0.15, 0.25), 2: (0.12, 0.14), 3: (0.1, 0.12)}
RUNS = {
    "guided": ("shape-interpolation", {}, False),
    "guided, probability kept": ("shape-interpolation", {}, True),
    "plain": ("shape-interpolation", {"plain": True}, False),
    "zero-order": ("zero-order", {}, False),
}


def seeds(slices: int, size: int, every: int) -> Seeds:
    """Triples every so many slices, and the ends."""
    starts = [*range(2, slices - 2, every), slices - 5]
    annotated = sorted({z for start in starts for z in range(start, start + 3)})
    masks = {label: {z: spindle(label, z, slices, size) for z in annotated} for label in NAMES}
    return Seeds(masks, Grid((slices, size, size), (0.277, 0.277, 0.277)), NAMES)


def spindle(label: int, z: int, slices: int, size: int) -> Mask:
    along = 2 * z / (slices - 1) - 1
    thick = np.sqrt(1 - (0.99 * along) ** 2)
    (cy, cx), (ry, rx) = CENTRES_YX[label], RADII_YX[label]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    return np.hypot((y - cy) / (ry * thick), (x - cx - 0.04 * np.sin(4 * along)) / (rx * thick)) < 1


def one(name: str, slices: int, size: int, every: int) -> None:
    known, settings, keep = RUNS[name]
    warm = seeds(40, 64, 10)
    drain(assemble(method(known, **settings).prepare(None, warm).steps(), warm))
    drawn = seeds(slices, size, every)
    base = peak_gb()
    start = time.perf_counter()
    found = drain(assemble(method(known, **settings).prepare(None, drawn).steps(), drawn, keep_probability=keep))
    seconds = time.perf_counter() - start
    filled = int((found.labels.array > 0).sum())
    print(f"{name:26s} {seconds:7.1f} s {peak_gb():6.2f} GB peak ({base:.2f} GB base), {filled / 1e6:.1f} M voxels labelled")


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=1400)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--every", type=int, default=100, help="slices from triple to triple")
    parser.add_argument("--only", choices=list(RUNS))
    chosen = parser.parse_args()
    if chosen.only:
        one(chosen.only, chosen.slices, chosen.size, chosen.every)
        return
    print(f"{chosen.size} x {chosen.size} x {chosen.slices}, {len(NAMES)} muscles, triples every {chosen.every} slices")
    for name in RUNS:
        arguments = ["--slices", str(chosen.slices), "--size", str(chosen.size), "--every", str(chosen.every), "--only", name]
        subprocess.run([sys.executable, __file__, *arguments], check=True)


if __name__ == "__main__":
    main()
