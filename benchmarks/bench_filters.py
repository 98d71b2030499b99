"""The field's own filters on the muscles' region and on the whole volume, file to file: what the cropping is worth.

python benchmarks/bench_filters.py [--rounds 3] [--size 512] [--slices 1400] [--folder FOLDER]

Watershed and growing from seeds run with the margin that they have, and with one that takes in the whole slices; everything
else is alike. Filling between slices is ours, gap after gap, and ITK's, where the package
`itk-morphologicalcontourinterpolation` is installed, once for each muscle's whole label map. Each run is a process of its own,
and a round runs all of them in turn; ratios are those of one round. The JSON goes to `benchmarks/history/filters.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from full_size_leg import full_size_leg
from process_cost import Cost, run_process, smallest_and_median
from stamp import commit, today

from ifssnet.core.machine.description import machine

HISTORY = Path(__file__).resolve().parent / "history" / "filters.json"
WHOLE_MM = 1000.0
"""A margin that no slice is larger than."""

SEGMENT = [sys.executable, "-m", "ifssnet", "segment", "{volume}", "--seeds", "{seeds}", "-o", "{out}", "--force", "--quiet"]
AS_SLICER = [
    sys.executable,
    "-c",
    """
import sys, itk, numpy, ifssnet
from ifssnet.core.images import LabelMap
labels = ifssnet.open_labels(sys.argv[1])
whole = numpy.zeros_like(labels.array)
for value in labels.names:
    image = itk.image_from_array((labels.array == value).astype(numpy.uint8))
    found = itk.MorphologicalContourInterpolator[type(image)].New(Input=image)
    found.SetAxis(2)
    found.Update()
    whole[itk.array_from_image(found.GetOutput()) > 0] = value
ifssnet.save(LabelMap(whole, labels.grid, labels.names), sys.argv[2], force=True)
""",
    "{seeds}",
    "{out}",
]
PAIRS = {
    name: ([*SEGMENT, "--method", name], [*SEGMENT, "--method", name, "--set", f"margin_mm={WHOLE_MM:g}"])
    for name in ("watershed", "grow-from-seeds")
}
if find_spec("itk"):
    PAIRS["fill-between-slices"] = ([*SEGMENT, "--method", "fill-between-slices"], AS_SLICER)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--size", type=int, default=512)
    arguments.add_argument("--slices", type=int, default=1400)
    arguments.add_argument("--folder", type=Path, help="keep the leg here, or take it from there")
    chosen = arguments.parse_args()
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        volume, seeds = full_size_leg(chosen.folder or Path(temporary), chosen.size, chosen.slices)
        paths = {"volume": str(volume), "seeds": str(seeds), "out": str(Path(temporary) / "out.seg.nrrd")}
        for name, (ours, whole) in PAIRS.items():
            rounds = [(run(ours, paths), run(whole, paths)) for _ in range(chosen.rounds)]
            found[name] = summary(rounds)
            print(name, json.dumps(found[name]), flush=True)
    entry = {
        "date": today(),
        "commit": commit(),
        "machine": asdict(machine()),
        "what": f"{chosen.size} x {chosen.size} x {chosen.slices} voxels, three muscles, triples every 27.7 mm",
        "filters": found,
    }
    HISTORY.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")


def run(command: list[str], paths: dict[str, str]) -> Cost:
    """One command in a process of its own."""
    return run_process([paths.get(word[1:-1], word) if word.startswith("{") else word for word in command])


def summary(rounds: list[tuple[Cost, Cost]]) -> dict[str, object]:
    """Seconds and memory of both, and the ratio of the whole to the region: smallest and median."""

    both = partial(smallest_and_median, decimals=2)
    return {
        "region_s": both([ours.wall_s for ours, _ in rounds]),
        "whole_s": both([whole.wall_s for _, whole in rounds]),
        "ratio": both([whole.wall_s / ours.wall_s for ours, whole in rounds]),
        "cpu_ratio": both([whole.cpu_s / ours.cpu_s for ours, whole in rounds]),
        "region_gb": round(max(ours.peak_gb for ours, _ in rounds), 2),
        "whole_gb": round(max(whole.peak_gb for _, whole in rounds), 2),
    }


if __name__ == "__main__":
    main()
