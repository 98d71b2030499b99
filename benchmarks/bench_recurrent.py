"""The paper's network at 512 x 512, as it reads and as it runs here: ratios within one run, on two threads.

    python benchmarks/bench_recurrent.py [--rounds 3] [--quick]

Weights are random: time does not depend on them. The reference is torch's own convolutions on whole slices, a window at each
slice, one muscle at a time. What it takes for a whole leg is extrapolated from the windows that are measured. Each ratio is of
a pair measured one after the other: the smallest and the median of the rounds, of the clock and of the processor's time.
Results are kept in `benchmarks/history/recurrent.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch
from bench_propagate import NAMES, spindle

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.nn.engines.compiled import Compiled
from ifssnet.nn.networks.ifss_net import IFSSNet
from ifssnet.nn.networks.ifss_net_config import IFSSNetConfig
from ifssnet.nn.networks.ifss_net_graph import window_graph
from ifssnet.nn.networks.literal import literal
from ifssnet.propagate.network_input.engines import installed
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.recurrent.graph_stepper import GraphStepper
from ifssnet.propagate.recurrent.ifss_net import IFSSNetStepper
from ifssnet.propagate.recurrent.inference import RecurrentInference
from ifssnet.propagate.recurrent.method import Recurrent
from ifssnet.propagate.recurrent.run import Planes, Stepper

HISTORY = Path(__file__).resolve().parent / "history" / "recurrent.json"
SIDE, SLICES, WINDOWS, MM = 512, 1400, 1398, 0.277
SAMPLING = Sampling(pixel_mm=MM, margin_mm=10.0, multiple_px=32, least_px=64, slice_mm=MM)
WEIGHTS = {"full": IFSSNetConfig.paper(), "light": IFSSNetConfig(blocks="light")}
"""The two readings of the paper's blocks."""

Timed = tuple[float, float]


def main() -> None:
    """Measure both readings, print and keep."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3, help="pairs of each comparison")
    arguments.add_argument("--readings", nargs="+", choices=list(WEIGHTS), default=list(WEIGHTS))
    arguments.add_argument("--quick", action="store_true", help="one round, for a look")
    arguments.add_argument("--output", type=Path, default=HISTORY)
    arguments.add_argument("--note", default="", help="what a reader should know, such as other work on the machine")
    chosen = arguments.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    rounds = 1 if chosen.quick else chosen.rounds
    found = {reading: measured(WEIGHTS[reading], rounds) for reading in chosen.readings}
    entry = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()}, {platform.machine()}, {os.environ['OMP_NUM_THREADS']} threads",
        "rounds": rounds,
        "note": chosen.note,
        "readings": found,
    }
    chosen.output.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"written to {chosen.output}")


def measured(config: IFSSNetConfig, rounds: int) -> dict[str, object]:
    """One reading: the engines on a window, then the method along a leg."""
    torch.manual_seed(0)
    network = IFSSNet(config).eval()
    numbers = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    model = window_graph(config, numbers)
    engines = [name for name in ("openvino", "onnxruntime") if installed(name)]
    print(f"\n{config.blocks}: {sum(each.size for each in numbers.values()) / 1e6:.2f} M parameters", flush=True)
    plain = literal(network)
    windows = on_a_window(config, network, plain, {name: Compiled(model, name) for name in engines}, rounds)
    stepper = GraphStepper(config, Compiled(model, engines[0]), "direct", 1)
    return {"window": windows, "leg": along_a_leg(plain, stepper, rounds)}


def on_a_window(
    config: IFSSNetConfig, network: IFSSNet, plain: IFSSNet, compiled: Mapping[str, Compiled], rounds: int
) -> dict[str, object]:
    """Seconds and ratios of one window of 3 x 512 x 512, and how far each lies from the reference."""
    generator = np.random.default_rng(0)
    image = generator.normal(size=(1, 1, config.window, SIDE, SIDE)).astype(np.float32)
    mask = generator.random((1, 1, config.window, SIDE, SIDE), dtype=np.float32)
    deep = SIDE // config.multiple
    state = [np.zeros((1, config.widths[-1], deep, deep), dtype=np.float32)] * 2

    def by_torch(which: IFSSNet) -> np.ndarray:
        with torch.inference_mode():
            logits, _ = which(torch.as_tensor(image), torch.as_tensor(mask))
            return (logits[:, 1:] - logits[:, :1]).numpy()

    ways: dict[str, Callable[[], np.ndarray]] = {"torch": lambda: by_torch(network)}
    for name, engine in compiled.items():
        ways[name] = lambda engine=engine: engine.run([image, mask, *state])[0]
    pairs = in_turn({"reference": lambda: by_torch(plain), **ways}, rounds)
    exact = pairs.results["reference"]
    summary = pairs.summary()
    for name in ways:
        away = float(np.abs(pairs.results[name] - exact).max() / exact.std())
        print(f"  {name:24s} largest difference from the reference, in SDs of its logits: {away:.1e}")
    hours = min(clock for clock, _ in pairs.times["reference"]) * WINDOWS * len(NAMES) / 3600
    print(f"  reference, {WINDOWS} windows x {len(NAMES)} muscles, extrapolated: {hours:.1f} h", flush=True)
    return {**summary, "reference hours a leg, extrapolated": round(hours, 2)}


def along_a_leg(plain: IFSSNet, stepper: GraphStepper, rounds: int) -> dict[str, object]:
    """Seconds a slice and muscle of the whole method: the reference, the region, and the region with one prediction a slice.

    The window of the given slices, seen for the state, counts as one more: along a whole leg it is one of a thousand.
    """

    def run_of(count: int, labels: Sequence[int], fast: bool, stride: int) -> Callable[[], float]:
        inference = RecurrentInference(
            direction="forward", stride=stride, feedback="given", tapering=False, smooth_seeds=False, whole_slice=not fast
        )
        own = Holding(stepper if fast else IFSSNetStepper(plain, stride=stride))
        legs = [leg(label, count) for label in labels]
        method = Recurrent(own, SAMPLING, inference)

        def run() -> float:
            found = sum(sum(1 for _ in method.prepare(*each).steps()) for each in legs)
            assert found == count * len(labels)
            return float(len(labels) * (count // stride + 1) * stride)

        return run

    ways = {
        # On whole slices every muscle takes as long.
        "reference": run_of(1, [1], False, 1),
        "region": run_of(6, list(NAMES), True, 1),
        "region, stride 3": run_of(18, list(NAMES), True, 3),
    }
    return in_turn(ways, rounds, a_slice=True).summary()


class Holding:
    """A stepper that computes all that it has to and then holds the masks: random weights would drive the region away."""

    ahead, ages_from_group = 0, False

    def __init__(self, stepper: Stepper) -> None:
        self.stepper, self.window = stepper, stepper.window

    def start(self, images: Planes, masks: Planes) -> Any:
        """As the stepper starts."""
        return self.stepper.start(images, masks)

    def step(self, images: Planes, previous: Planes, memory: Any, age: int) -> tuple[Planes, Any]:
        """A whole step; its memory, and the masks that were fed to it."""
        return previous, self.stepper.step(images, previous, memory, age)[1]


def leg(label: int, count: int) -> tuple[Volume, Seeds]:
    """A piece of a leg in the middle of one muscle: three drawn slices, and some after them that are to be found."""
    first = SLICES // 2
    grid = Grid((3 + count, SIDE, SIDE), (MM, MM, MM))
    grey = np.random.default_rng(label).integers(0, 255, grid.shape_zyx, dtype=np.uint8)
    drawn = {z: spindle(label, first + z, SLICES, SIDE) for z in range(3)}
    return Volume(grey, grid), Seeds({label: drawn}, grid, {label: NAMES[label]})


class Pairs:
    """Times of several ways to do one thing, taken in turn; the first way is what the others are compared with."""

    def __init__(self) -> None:
        self.times: dict[str, list[Timed]] = {}
        self.results: dict[str, np.ndarray] = {}

    def summary(self) -> dict[str, object]:
        """Seconds of each and ratios to the first, printed and as a table."""
        first = next(iter(self.times))
        table: dict[str, object] = {}
        for name, times in self.times.items():
            clock = [one[0] / other[0] for one, other in zip(self.times[first], times, strict=True)]
            processor = [one[1] / other[1] for one, other in zip(self.times[first], times, strict=True)]
            row = {
                "seconds": round(min(each[0] for each in times), 4),
                "processor_seconds": round(min(each[1] for each in times), 4),
                "ratio_min": round(min(clock), 2),
                "ratio_median": round(statistics.median(clock), 2),
                "processor_ratio_min": round(min(processor), 2),
                "processor_ratio_median": round(statistics.median(processor), 2),
            }
            table[name] = row
            print(
                f"  {name:24s} {row['seconds']:9.3f} s  x {row['ratio_min']:.1f} to {row['ratio_median']:.1f}"
                f"  (processor {row['processor_seconds']:.3f} s, x {row['processor_ratio_median']:.1f})",
                flush=True,
            )
        return table


def in_turn(ways: Mapping[str, Callable[[], np.ndarray | float]], rounds: int, a_slice: bool = False) -> Pairs:
    """Each way once without counting, then round after round, all ways in turn.

    Args:
        ways: What to time.
        rounds: How often.
        a_slice: The ways say how many slices they found, and their time is told a slice.
    """
    pairs = Pairs()
    for name, way in ways.items():
        # The reference has nothing to compile.
        if name != "reference":
            way()
    for _ in range(rounds):
        for name, way in ways.items():
            clock, processor = time.perf_counter(), time.process_time()
            found = way()
            taken = time.perf_counter() - clock, time.process_time() - processor
            share = float(found) if a_slice else 1.0
            pairs.times.setdefault(name, []).append((taken[0] / share, taken[1] / share))
            pairs.results[name] = np.asarray(found)
    return pairs


if __name__ == "__main__":
    main()
