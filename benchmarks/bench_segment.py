"""`ifss segment` by the default network, file to file, at 512 x 512 x 1400 voxels and three muscles: engines side by side.

python benchmarks/bench_segment.py [--rounds 3] [--only WAY ...] [--size 512] [--slices 1400] [--folder FOLDER]

Each run is a process of its own. A round runs every way once, in turn; ratios are those of one round, against the first way,
and the table gives their smallest and their median. Seconds of the processor count all threads; other work on the machine
moves them less than those of the clock. The results of all ways are compared voxel by voxel. Afterwards, in a process that
has run the network once: the time from asking to the first slice, and that of the two gaps beside a corrected slice. The JSON
goes to `benchmarks/history/segment.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from full_size_leg import full_size_leg
from process_cost import Cost, run_process, smallest_and_median
from stamp import commit, today

import ifssnet
from ifssnet.core.machine.description import machine
from ifssnet.io.storage.weights import open_weights
from ifssnet.propagate.methods import learned
from ifssnet.workflow.files.default_weights import PACKAGE_FOLDER

HISTORY = Path(__file__).resolve().parent / "history" / "segment.json"
ENGINES = [engine for engine in ("torch", "onnxruntime", "openvino") if find_spec(engine)]
WAYS = {
    **{engine: ["--method", "anchored", "--engine", engine] for engine in ENGINES},
    "guided": ["--method", "shape-interpolation"],
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--size", type=int, default=512)
    arguments.add_argument("--slices", type=int, default=1400)
    arguments.add_argument("--only", nargs="+", choices=list(WAYS), default=list(WAYS), help="these ways alone")
    arguments.add_argument("--folder", type=Path, help="keep the leg here, or take it from there")
    arguments.add_argument("--note", default="", help="what a reader should know, such as other work on the machine")
    chosen = arguments.parse_args()
    ways = {way: WAYS[way] for way in chosen.only}
    engines = [engine for engine in ENGINES if engine in ways]
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        volume, seeds = full_size_leg(folder, chosen.size, chosen.slices)
        out = {way: Path(temporary) / f"{way}.seg.nrrd" for way in ways}
        rounds = [{way: run(volume, seeds, out[way], ways[way]) for way in ways} for _ in range(chosen.rounds)]
        differing = differences({way: out[way] for way in engines})
        waiting = {engine: asked(volume, seeds, engine) for engine in engines}
    first = next(iter(ways))
    table = {way: summary([each[way] for each in rounds], [each[first] for each in rounds]) for way in ways}
    entry = {
        "date": today(),
        "commit": commit(),
        "note": chosen.note,
        "machine": asdict(machine()),
        "what": f"{chosen.size} x {chosen.size} x {chosen.slices} voxels, three muscles, triples every 27.7 mm",
        "against": first,
        "ways": table,
        "voxels_that_differ": differing,
        "asked_s": waiting,
    }
    HISTORY.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"{'':12} {'wall s':>16} {'cpu s':>16} {'cpu ratio':>12} {'wall ratio':>12} {'GB':>6}   (smallest / median)")
    for way, row in table.items():
        pairs = [f"{row[name][0]:7.2f} / {row[name][1]:6.2f}" for name in ("wall_s", "cpu_s", "cpu_ratio", "wall_ratio")]
        print(f"{way:12} {'  '.join(pairs)} {row['peak_gb']:6.2f}")
    print(f"voxels that differ from {first}'s: {differing}")
    print(f"seconds to the first slice, and for a corrected slice's gaps: {waiting}")


def run(volume: Path, seeds: Path, out: Path, options: list[str]) -> Cost:
    """One command in a process of its own."""
    command = [sys.executable, "-m", "ifssnet", "segment", volume, "--seeds", seeds, "-o", out, "--force", "--quiet", *options]
    return run_process(list(map(str, command)))


def summary(own: list[Cost], first: list[Cost]) -> dict[str, object]:
    """Smallest and median of the rounds."""

    both = partial(smallest_and_median, decimals=3)
    return {
        "wall_s": both([each.wall_s for each in own]),
        "cpu_s": both([each.cpu_s for each in own]),
        "cpu_ratio": both([each.cpu_s / other.cpu_s for each, other in zip(own, first, strict=True)]),
        "wall_ratio": both([each.wall_s / other.wall_s for each, other in zip(own, first, strict=True)]),
        "peak_gb": round(max(each.peak_gb for each in own), 2),
    }


def differences(files: dict[str, Path]) -> dict[str, int]:
    """Voxels that another engine labels otherwise than the first."""
    arrays = {way: ifssnet.open_labels(path).array for way, path in files.items()}
    first = next(iter(arrays.values()), None)
    return {way: int((array != first).sum()) for way, array in arrays.items()}


def asked(volume_path: Path, seeds_path: Path, engine: str) -> dict[str, float]:
    """In a warm process: until the first slice of a leg comes, and until both gaps beside a corrected slice are filled."""
    volume = ifssnet.open_volume(volume_path)
    seeds = ifssnet.open_seeds(seeds_path, volume)
    method = learned("anchored", open_weights(PACKAGE_FOLDER / "anchored.safetensors"), "cpu", engine)
    next(iter(method.prepare(volume, seeds).steps()))
    began = time.perf_counter()
    next(iter(method.prepare(volume, seeds).steps()))
    first_s = time.perf_counter() - began
    label = seeds.labels[0]
    drawn = sorted(z for z, mask in seeds.masks[label].items() if mask.any())
    groups = [z for z in drawn if z - 1 not in seeds.masks[label]]
    low, corrected, high = groups[len(groups) // 2 - 1 : len(groups) // 2 + 2]

    part = slice(low, high + 1)
    cut = replace(
        volume, array=volume.array[part], grid=replace(volume.grid, shape_zyx=(high + 1 - low, *volume.grid.shape_zyx[1:]))
    )
    masks = {z - low: mask for z, mask in seeds.masks[label].items() if low <= z <= high}
    masks[corrected - low] = np.roll(masks[corrected - low], 2, axis=0)
    own = replace(seeds, masks={label: masks}, grid=cut.grid)
    began = time.perf_counter()
    for _ in method.prepare(cut, own).steps_on({label: set(range(high + 1 - low)) - masks.keys()}):
        pass
    return {"first_slice": round(first_s, 3), "corrected_gaps": round(time.perf_counter() - began, 3)}


if __name__ == "__main__":
    main()
