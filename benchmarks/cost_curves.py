"""Cost against size: seconds of the processor and memory of whole commands on legs of 1/4, 1/2, 1 and 2 times the slices.

    python benchmarks/cost_curves.py [--size 512] [--slices 1400] [--rounds 2] [--picture docs/images/cost-curves.svg]

A leg twice as long has twice the slices, and twice as many of them drawn. Each run is a process of its own; the smallest of
the rounds counts. For each command the table says the line through the points (seconds to start, and a million voxels), how
far the points are from it at most, and the exponent: the slope of a straight line through the logarithms, of what a leg takes
beyond one of 1/16 of the slices, against the voxels that it has beyond that one. It is 1 where twice the work takes twice as
long. Memory is given by voxel: what a larger leg adds.

At 256 x 256 x 700 one round takes 80 seconds of the processor. The full size is eight times as much: with two rounds expect
20 minutes on a quiet machine, 3 GB of memory and 2 GB of disk. The numbers go to `benchmarks/history/cost-curves.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from stamp import commit, today

from ifssnet.core.machine.description import machine
from ifssnet.figures.drawing.chart import Frame
from ifssnet.figures.drawing.standalone import picture
from ifssnet.figures.drawing.svg import element, escape, path_data

HISTORY = Path(__file__).resolve().parent / "history" / "cost-curves.json"
PARTS = (0.0625, 0.25, 0.5, 1.0, 2.0)
"""The first leg shows what starting takes."""

SLICE_MM = 0.277
WAYS = {
    "segment, guided": ["--method", "shape-interpolation"],
    **({"segment, default network": ["--method", "anchored"]} if find_spec("onnxruntime") or find_spec("torch") else {}),
    "measure": [],
}
COLORS = {"segment, guided": "#0a7a55", "segment, default network": "#1a5fc4", "measure": "#b0461e"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--slices", type=int, default=1400)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--output", type=Path, default=HISTORY)
    parser.add_argument("--picture", type=Path, help="an SVG")
    parser.add_argument("--note", default="", help="what a reader should know, such as other work on the machine")
    chosen = parser.parse_args()
    counts = [round(chosen.slices * part) for part in PARTS]
    points: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        for place, count in enumerate(counts):
            # The first time compiles, and fills the system's memory of files: the smallest leg has a round more.
            for way, point in costs(Path(folder), chosen.size, count, chosen.rounds + (place == 0)).items():
                points[way].append(point)
    voxels = [count * chosen.size**2 / 1e6 for count in counts]
    entry = {
        "made": today(),
        "commit": commit(),
        "note": chosen.note,
        "machine": asdict(machine()),
        "pixels": chosen.size,
        "slices": counts,
        "million_voxels": voxels,
        "commands": {way: fitted(voxels, own) for way, own in points.items()},
    }
    chosen.output.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")
    if chosen.picture:
        chosen.picture.write_text(drawn(entry) + "\n", encoding="utf-8", newline="\n")
    print(table(entry))


def costs(folder: Path, size: int, slices: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Seconds of the processor and GB at most of every command on one leg."""
    from full_size_leg import full_size_leg

    volume, seeds = full_size_leg(folder, size, slices, SLICE_MM)
    found = folder / "found.seg.nrrd"
    least: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for way, words in WAYS.items():
            command = ["measure", found, "--volume", volume] if way == "measure" else ["segment", volume, "--seeds", seeds]
            own = [] if way == "measure" else ["-o", found, "--force", *words]
            seconds, memory = run([*map(str, command), *map(str, own), "--quiet"])
            before = least.get(way, (seconds, memory))
            least[way] = min(before[0], seconds), min(before[1], memory)
    for path in (volume, seeds, found):
        path.unlink()
    return least


def run(words: Sequence[str]) -> tuple[float, float]:
    process = subprocess.Popen([sys.executable, "-m", "ifssnet", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ifss {' '.join(words)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6


def fitted(voxels: Sequence[float], points: Sequence[tuple[float, float]]) -> dict[str, object]:
    """The points, and the lines through them."""
    seconds, memory = (np.array(values) for values in zip(*points, strict=True))
    each, start = np.polyfit(voxels, seconds, 1)
    off = np.abs(start + each * np.array(voxels) - seconds) / seconds
    more, longer = np.array(voxels[1:]) - voxels[0], np.maximum(seconds[1:] - seconds[0], 1e-3)
    exponent = np.polyfit(np.log(more), np.log(longer), 1)[0]
    by_voxel, base = np.polyfit(voxels, memory, 1)
    return {
        "seconds": seconds.round(2).tolist(),
        "gb": memory.round(3).tolist(),
        "start_s": round(float(start), 2),
        "seconds_a_million_voxels": round(float(each), 4),
        "furthest_from_the_line": round(float(off.max()), 3),
        "exponent": round(float(exponent), 2),
        "base_gb": round(float(base), 2),
        "bytes_a_voxel": round(float(by_voxel) * 1e3, 2),
    }


def table(entry: dict) -> str:
    slices = ", ".join(map(str, entry["slices"]))
    lines = [
        f"{entry['pixels']} x {entry['pixels']} pixels, {slices} slices; {entry['made']}, commit {entry['commit']}. "
        f"{entry['note']}",
        "",
        "| command | processor's seconds | start, s | a million voxels, s | off the line | exponent | GB | bytes a voxel |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for way, row in entry["commands"].items():
        seconds, memory = (
            ", ".join(f"{value:.{digits}f}" for value in row[name]) for name, digits in (("seconds", 1), ("gb", 2))
        )
        lines.append(
            f"| {way} | {seconds} | {row['start_s']:.1f} | {row['seconds_a_million_voxels']:.3f} | "
            f"{100 * row['furthest_from_the_line']:.0f} % | {row['exponent']:.2f} | {memory} | {row['bytes_a_voxel']:.1f} |"
        )
    return "\n".join(lines)


def drawn(entry: dict) -> str:
    """Two charts: seconds and memory against voxels, with the line through each command's points."""
    panels = [
        panel(entry, "seconds", ("start_s", "seconds_a_million_voxels", 1.0), "Processor's seconds", 0.0),
        panel(entry, "gb", ("base_gb", "bytes_a_voxel", 1e-3), "Largest memory, GB", 430.0),
    ]
    described = "; ".join(f"{way}: exponent {row['exponent']}" for way, row in entry["commands"].items())
    return picture("Cost against size", described, 860, 330, *panels)


def panel(entry: dict, what: str, line: tuple[str, str, float], label: str, left: float) -> str:
    voxels, rows = entry["million_voxels"], entry["commands"]
    most = max(max(row[what]) for row in rows.values())
    frame = Frame(430, 330, (0.0, max(voxels) * 1.04), (0.0, most * 1.08), left=52, top=64)
    parts = [frame.axes("Million voxels", label, x_ticks=5)]
    for place, (way, row) in enumerate(rows.items()):
        start, each = row[line[0]], row[line[1]] * line[2]
        ends = [(frame.x(value), frame.y(start + each * value)) for value in (voxels[0], voxels[-1])]
        parts.append(element("path", d=path_data(ends), class_="line", stroke=COLORS[way]))
        for value, cost in zip(voxels, row[what], strict=True):
            parts.append(element("circle", cx=frame.x(value), cy=frame.y(cost), r=4, fill=COLORS[way]))
        said = f"{way}: exponent {row['exponent']:.2f}" if what == "seconds" else f"{way}: {row[line[1]]:.1f} bytes a voxel"
        y = 14 + 16 * place
        parts.append(element("circle", cx=58, cy=y, r=4, fill=COLORS[way]))
        parts.append(element("text", escape(said), x=68, y=y, dy="0.34em"))
    return element("g", *parts, transform=f"translate({left} 0)")


if __name__ == "__main__":
    main()
