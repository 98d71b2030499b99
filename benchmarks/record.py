"""One file a release: how long each step on one digital leg takes, so that a slower version is seen before it is out.

python benchmarks/record.py [--size small] [--rounds 3]

It writes `benchmarks/history/VERSION.json`. `seconds` are those of a clock, `processor_seconds` those that this process
computed, all threads together: other work on the machine moves the first and hardly the second. Each is the shortest of some
rounds after a first one that compiles. `ratio` is the processor's time in units of a fixed piece of work (`yardstick`),
measured in the same run: compare ratios. Steps of the networks are left out where the extra `nn` is not installed.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import ndimage

import ifssnet
from ifssnet.core.errors import InputWarning
from ifssnet.core.machine.description import machine
from ifssnet.core.progress import drain

HISTORY = Path(__file__).resolve().parent / "history"
LIBRARIES = (
    *("numpy", "scipy", "numba", "scikit-image", "SimpleITK", "torch", "onnxruntime", "openvino"),
    *("nibabel", "pynrrd", "surface-distance"),
)
SEED, EVERY_MM, FILL_MM = 3, 27.7, 3.0


def main() -> None:
    """Measure, and write the file of this version."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", default="small", choices=["small", "quarter", "paper"], help="of the digital leg")
    arguments.add_argument("--rounds", type=int, default=3, help="of each step, after one that compiles")
    arguments.add_argument("--output", type=Path, default=HISTORY, help="the folder of the file")
    arguments.add_argument("--note", default="", help="what a reader should know, such as other work on the machine")
    chosen = arguments.parse_args()
    warnings.simplefilter("ignore", InputWarning)
    with tempfile.TemporaryDirectory() as folder:
        seconds, computed = measured(Path(folder), chosen.size, chosen.rounds)
    entry = {
        "version": ifssnet.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": asdict(machine()),
        "versions": versions(),
        "what": f"the digital leg of seed {SEED}, size {chosen.size}; seeds on three slices every {EVERY_MM} mm",
        "rounds": chosen.rounds,
        "note": chosen.note,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "processor_seconds": {name: round(value, 4) for name, value in computed.items()},
        "ratio": {name: round(value / computed["yardstick"], 2) for name, value in computed.items()},
    }
    target = chosen.output / f"{ifssnet.__version__}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")
    for name, value in seconds.items():
        print(f"{name:32} {value:9.3f} s {entry['ratio'][name]:9.2f}")
    print(f"written to {target}")


def measured(folder: Path, size: str, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of each step by its name: on the clock, and of the processor."""
    found = {"yardstick": shortest(yardstick, rounds)}
    for name, step in steps(folder, size):
        found[name] = shortest(step, rounds)
    return {name: both[0] for name, both in found.items()}, {name: both[1] for name, both in found.items()}


def shortest(step: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The shortest times of some rounds, on the clock and of the processor, after one round that does not count."""
    step()
    taken: list[tuple[float, float]] = []
    for _ in range(rounds):
        began, computed = time.perf_counter(), time.process_time()
        step()
        taken.append((time.perf_counter() - began, time.process_time() - computed))
    return min(clock for clock, _ in taken), min(processor for _, processor in taken)


def yardstick() -> object:
    """Work that is the same in every version of ours: scipy's distance transform of a ball in 96 x 96 x 96 voxels."""
    ball = np.hypot(np.hypot(*np.ogrid[-48:48, -48:48]), np.arange(-48, 48)[:, None, None]) < 40
    return ndimage.distance_transform_edt(ball)


def steps(folder: Path, size: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """The steps from sweeps to numbers; each takes what the one before left."""
    from ifssnet.compounding.holes.options import DistanceFilling
    from ifssnet.compounding.options import CompoundOptions
    from ifssnet.propagate.seeding.seed_sampling import sample_seeds
    from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg
    from ifssnet.workflow.leg.compounded_volume import compound
    from ifssnet.workflow.report.report_files import report_files

    leg = folder / "leg"
    yield "scan a digital leg", lambda: drain(make_leg(leg, LegOptions(seed=SEED, size=size), force=True))
    paths = sorted(path for path in leg.glob("sweep*.igs.mha") if ".truth." not in path.name)
    sweeps = [ifssnet.open_sweep(path, leg / "plus.xml") for path in paths]
    yield "read its sweeps", lambda: [ifssnet.open_sweep(path, leg / "plus.xml") for path in paths]
    truth, grid = ifssnet.open_labels(leg / "masksX1.mha"), ifssnet.open_volume(leg / "x1.mha").grid
    options = CompoundOptions(holes=(DistanceFilling(FILL_MM),))
    yield "compound", lambda: drain(compound(sweeps, options, grid))
    volume = drain(compound(sweeps, options, grid))
    seeds = sample_seeds(truth, every_mm=EVERY_MM)
    for method in ("shape-interpolation", *(("ifss-net", "anchored") if find_spec("torch") else ())):
        yield f"segment by {method}", lambda method=method: ifssnet.segment(volume, seeds, method, device="cpu")
    found = ifssnet.segment(volume, seeds, "shape-interpolation")
    yield "measure", lambda: ifssnet.measure(found, volume)
    yield "compare", lambda: ifssnet.compare(found, truth, per_slice=True)
    ifssnet.save(found, folder / "found.seg.nrrd")
    ifssnet.save(volume, folder / "volume.mha")
    page = folder / "page.html"
    yield "report", lambda: drain(report_files(folder / "found.seg.nrrd", page, folder / "volume.mha", force=True))


def versions() -> dict[str, str]:
    """Python's and the libraries' that the time depends on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
