"""A step of training: where its time goes, and what drawing samples ahead is worth.

    python benchmarks/bench_training.py [--rounds 5] [--only WAY ...] [--cohort FOLDER] [--threads 2]

Each way is a recipe with a network. First the profile of a step, its parts one after another: seconds of the processor, all
threads together, which other work on the machine moves less than those of the clock. Then units by the trainer's own order
of calls, in pairs: samples drawn when they are asked for, and drawn ahead by a thread. The ratio is of one pair; the table
gives the smallest and the median. The losses of both have to be the same to the bit. Beside them is what torch multiplies
(sgemm), measured in the same run, and what share of it the network's arithmetic takes in a step. The JSON goes to
`benchmarks/history/training.json`. Without a cohort two digital legs of size small are made.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from stamp import commit, today
from torch.utils.flop_counter import FlopCounterMode

from ifssnet.core.machine.description import machine
from ifssnet.core.progress import drain
from ifssnet.train.data import sequences
from ifssnet.train.data.leg import load_legs
from ifssnet.train.loop.trainer import TrainerConfig
from ifssnet.train.recipe import build_task, find_recipe, read_recipe
from ifssnet.train.tasks.anchored import AnchoredTask

HISTORY = Path(__file__).resolve().parent / "history" / "training.json"
PAPER = ("network.widths=[30,30,60,60,120]", "network.stem=0", "network.mask_channels=1")
LIGHT = ("recurrent.single_updates=4", *PAPER)
WAYS = {
    "anchored": ("anchored-references", ()),
    "light": ("full", LIGHT),
    "full": ("full", (*LIGHT, 'network.blocks="full"', 'network.bottleneck="full"')),
}
"""The recipe of the default weights; IFSS-Net at the paper's widths, in both readings of its blocks."""


@dataclass(frozen=True)
class Run:
    """What some units took, and their losses."""

    wall_s: float
    cpu_s: float
    losses: tuple[float, ...]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--units", type=int, default=2, help="of each run")
    arguments.add_argument("--threads", type=int, default=2, help="torch's")
    arguments.add_argument("--only", nargs="+", choices=list(WAYS), default=list(WAYS), help="these ways alone")
    arguments.add_argument("--cohort", type=Path, help="its training legs; the first three")
    arguments.add_argument("--note", default="", help="what a reader should know, such as other work on the machine")
    arguments.add_argument("--output", type=Path, default=HISTORY)
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as temporary:
        legs = load_legs(chosen.cohort or digital_legs(Path(temporary)), "train", None, 3)
    table: dict[str, object] = {}
    for way in chosen.only:
        recipe = read_recipe(find_recipe(WAYS[way][0]), WAYS[way][1])
        table[way] = measured(
            lambda recipe=recipe: build_task(recipe, legs, (), 0), recipe.trainer, chosen.rounds, chosen.units
        )
        print(json.dumps({way: table[way]}, indent=1), flush=True)
    entry = {
        "date": today(),
        "commit": commit(),
        "note": chosen.note,
        "machine": asdict(machine()),
        "threads": chosen.threads,
        "rounds": chosen.rounds,
        "legs": [leg.volume.array.shape for leg in legs],
        "ways": table,
    }
    chosen.output.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")


def digital_legs(folder: Path) -> Path:
    """A cohort of two small legs."""
    from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg

    for seed in (3, 4):
        drain(make_leg(folder / "train" / f"P{seed}", LegOptions(seed=seed, size="small")))
    return folder


def measured(build: Callable[[], Any], config: TrainerConfig, rounds: int, units: int) -> dict[str, object]:
    """One way: the profile, then pairs of runs."""
    ceiling = sgemm_gflops()
    task = build()
    shares, step_s, gflop, samples = profile(task, config, units)
    pairs: list[tuple[Run, Run]] = []
    for round_ in range(rounds):
        both = {ahead: trained(build(), config, units, ahead) for ahead in ((False, True) if round_ % 2 else (True, False))}
        assert both[True].losses == both[False].losses
        pairs.append((both[False], both[True]))
    steps = len(pairs[0][0].losses)
    return {
        "share_of_a_step": shares,
        "cpu_s_a_step": round(step_s, 4),
        "gflop_a_step": round(gflop, 2),
        "sgemm_gflops": round(ceiling, 1),
        "samples_a_step": samples,
        "samples_a_s_in_turn": _both([samples * steps / one.wall_s for one, _ in pairs]),
        "samples_a_s_ahead": _both([samples * steps / other.wall_s for _, other in pairs]),
        "ratio_of_samples_a_s": _both([one.wall_s / other.wall_s for one, other in pairs]),
        "cpu_ratio": _both([one.cpu_s / other.cpu_s for one, other in pairs]),
        "share_of_sgemm_ahead": _both([gflop * steps / other.wall_s / ceiling for _, other in pairs]),
    }


class Timed:
    """Draws when it is asked, and counts what that takes."""

    def __init__(self, ahead: Any) -> None:
        self.inner, self.seconds = ahead, 0.0
        ahead.threads = 0

    def unit(self, index: int, share: float) -> Iterator[Any]:
        """The batches of a unit."""
        batches = self.inner.unit(index, share)
        while True:
            began = time.process_time()
            batch = next(batches, None)
            self.seconds += time.process_time() - began
            if batch is None:
                return
            yield batch


class Counted:
    """A function that counts what its calls take."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *given: Any, **named: Any) -> Any:
        began = time.process_time()
        found = self.function(*given, **named)
        self.seconds += time.process_time() - began
        return found


def profile(task: Any, config: TrainerConfig, units: int) -> tuple[dict[str, float], float, float, int]:
    """Shares of a step, its seconds, its network's billions of operations, and its samples."""
    network = task.network.train()
    optimiser = config.optimiser.build(network, task.loss)
    task.ahead = drawing = Timed(task.ahead)
    with FlopCounterMode(display=False) as counter:
        next(task.unit(0, 0.0)).backward()
    for _ in task.unit(1, 0.0):
        pass
    if isinstance(task, AnchoredTask):
        samples, changes = task.config.batch, [Counted(task._changed)]
        vars(task)["_changed"] = changes[0]
    else:
        samples = 2 * task.config.sequences.together
        changes = [Counted(vars(sequences)[name]) for name in ("change_grey", "draw_warp", "corrupt_mask")]
        for each in changes:
            setattr(sequences, each.function.__name__, each)
    drawing.seconds, steps = 0.0, 0
    taken = dict.fromkeys(("samples", "augmentation", "forward", "backward", "optimiser"), 0.0)
    for index in range(2, 2 + units):
        at = [time.process_time()]
        for loss in task.unit(index, 0.0):
            at.append(time.process_time())
            loss.backward()
            at.append(time.process_time())
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.optimiser.clip_norm)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            at.append(time.process_time())
            for name, began, ended in zip(("forward", "backward", "optimiser"), at[:-1], at[1:], strict=True):
                taken[name] += ended - began
            at, steps = at[-1:], steps + 1
    if not isinstance(task, AnchoredTask):
        for each in changes:
            setattr(sequences, each.function.__name__, each.function)
    taken["augmentation"] = sum(each.seconds for each in changes)
    taken["samples"] = drawing.seconds - taken["augmentation"]
    taken["forward"] -= drawing.seconds
    whole = sum(taken.values())
    gflop = counter.get_total_flops() / 1e9
    return {name: round(value / whole, 3) for name, value in taken.items()}, whole / steps, gflop, samples


def trained(task: Any, config: TrainerConfig, units: int, ahead: bool) -> Run:
    """Units as the trainer runs them; the first one is not counted, but what it compiles is."""
    task.ahead.threads = 1 if ahead else 0
    network = task.network.train()
    optimiser = config.optimiser.build(network, task.loss)
    losses: list[float] = []
    wall = cpu = 0.0
    for index in range(units + 1):
        if index == 1:
            losses, wall, cpu = [], time.perf_counter(), time.process_time()
        for unit in (index, index + 1) if ahead and index < units else ():
            task.expect((unit,), 0.0)
        for loss in task.unit(index, 0.0):
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.optimiser.clip_norm)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
    return Run(time.perf_counter() - wall, time.process_time() - cpu, tuple(losses))


def sgemm_gflops(side: int = 1024, repeats: int = 8) -> float:
    """Billions of operations a second of torch's product of two matrices, the best of some."""
    a, b = torch.rand(side, side), torch.rand(side, side)
    best = 0.0
    for _ in range(repeats):
        began = time.perf_counter()
        torch.mm(a, b)
        best = max(best, 2 * side**3 / (time.perf_counter() - began) / 1e9)
    return best


def _both(values: Sequence[float]) -> list[float]:
    """The smallest and the median."""
    return [round(min(values), 3), round(statistics.median(values), 3)]


if __name__ == "__main__":
    main()
