"""Seconds and peak memory of making digital legs, a process each; and which stage takes how much.

python benchmarks/bench_phantom.py [small quarter quarter-scan paper stages]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

from ifssnet.core.progress import drain
from ifssnet.phantom.acquire import SIZES, acquire, volume_grid
from ifssnet.phantom.anatomy import build_leg
from ifssnet.phantom.beam import compress, envelope
from ifssnet.phantom.bmode import Scatterers
from ifssnet.phantom.direct import slices_view
from ifssnet.phantom.echo import echo_field
from ifssnet.phantom.subject import draw_subject

JOBS = {
    "small": ("small", "direct"),
    "quarter": ("quarter", "direct"),
    "quarter-scan": ("quarter", "scan"),
    "paper": ("paper", "direct"),
}


def one(job: str) -> None:
    size, via = JOBS[job]
    began = time.perf_counter()
    leg = build_leg(draw_subject(1))
    built = time.perf_counter() - began
    recorded = drain(acquire(leg, SIZES[size], via, 1, 1))  # type: ignore[arg-type]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    frames = sum(len(sweep.frames) for sweep in recorded.sweeps)
    shape = " x ".join(map(str, recorded.volume.array.shape))
    took = time.perf_counter() - began
    print(f"{job}: {took:.1f} s (anatomy {built:.1f} s), {shape} voxels, {frames} frames, peak {peak:.2f} GiB")


def stages() -> None:
    """Nanoseconds a pixel for the stages of imaging, at the size `quarter`."""
    leg, size = build_leg(draw_subject(1)), SIZES["quarter"]
    grid, probe = volume_grid(leg, size, size.settings), size.settings.probe
    view = slices_view(leg, grid.index_to_mm @ np.diag([1.0, 1.0 / 3, 1.0, 1.0]), (grid.slices, 3 * 128, 128), size.settings, 1)
    scatterers = Scatterers(np.random.default_rng(1), view.shape_vu, grid.spacing_xyz_mm[2], probe.elevation_mm)
    total = np.zeros(5)
    for start in range(280, 680, 40):
        part, times = view.part(start, start + 40), [time.perf_counter()]
        white = scatterers.draw(40)
        times.append(time.perf_counter())
        scene = leg.scene(part)
        times.append(time.perf_counter())
        field = echo_field(scene, part, probe, leg.condition, white)
        times.append(time.perf_counter())
        image = envelope(field, part, probe)
        times.append(time.perf_counter())
        compress(image, scene, part, probe, white)
        times.append(time.perf_counter())
        total += np.diff(times) * (start > 280)
    each = total / (9 * 40 * 3 * 128 * 128) * 1e9
    print(
        "ns a pixel:",
        ", ".join(f"{name} {t:.0f}" for name, t in zip(("scatterers", "look", "echo", "blur", "compress"), each, strict=True)),
    )


def main() -> None:
    asked = sys.argv[1:] or [*JOBS, "stages"]
    if len(asked) == 1:
        if asked[0] == "stages":
            stages()
        else:
            one(asked[0])
        return
    for job in asked:
        subprocess.run([sys.executable, __file__, job], check=True)


if __name__ == "__main__":
    main()
