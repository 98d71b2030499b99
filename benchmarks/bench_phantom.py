"""Digital legs: seconds, peak memory, and the part that dominates, against what they may cost on two cores.

    python benchmarks/bench_phantom.py --what small quarter
    python benchmarks/bench_phantom.py --what paper
    python benchmarks/bench_phantom.py --what scan
    python benchmarks/bench_phantom.py --what cohort --workers 2

Each case runs in a process of its own, so that its peak memory is its own, after one small leg that compiles. Files are
written, to a folder that goes afterwards. Stages are what the generators say they do; the share of each is of wall time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.progress import Progress, drain
from ifssnet.phantom.files.cohort import plan_cohort
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_cohort, make_leg


@dataclass(frozen=True)
class Case:
    """What is made, and what it may cost.

    Attributes:
        name: Of `--what`.
        text: What it is.
        most_s: Wall time allowed on two cores.
        most_gb: Peak memory allowed, where that was promised.
        options: Of one leg; None for the cohort.
    """

    name: str
    text: str
    most_s: float
    most_gb: float | None
    options: LegOptions | None


CASES = {
    case.name: case
    for case in (
        Case("small", "a small leg, direct", 3, None, LegOptions(size="small", via="direct")),
        Case("quarter", "a quarter leg, direct", 25, None, LegOptions(size="quarter", via="direct")),
        Case("paper", "a paper leg, direct", 240, 6.0, LegOptions(size="paper", via="direct")),
        Case("scan", "a quarter leg by 5 sweeps, compounded", 120, None, LegOptions(size="quarter", via="scan")),
        Case("cohort", "44 quarter legs, 59 acquisitions", 1500, None, None),
    )
}


def peak_gb() -> float:
    """Most memory that this process and its ended children held, the largest of them alone."""
    kilobytes = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return kilobytes * 1024 / 1e9


def timed(work: Generator[Progress, None, object]) -> tuple[float, dict[str, float]]:
    """Seconds in all, and by stage: what passes before a report belongs to the stage that it names."""
    stages: dict[str, float] = defaultdict(float)
    started = last = time.perf_counter()

    def listen(progress: Progress) -> None:
        nonlocal last
        now = time.perf_counter()
        # A report of nothing done yet says what comes next; what passed until then is not of it.
        stages[progress.stage if progress.done else "before " + progress.stage] += now - last
        last = now

    drain(work, listen)
    ended = time.perf_counter()
    stages["writing, and the rest"] += ended - last
    return ended - started, dict(stages)


def measure(name: str, workers: int) -> None:
    """Make one case and print what it cost."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as room:
        small = LegOptions(size="small", via=case.options.via if case.options else "direct")
        drain(make_leg(Path(room) / "first", small))
        before_gb = peak_gb()
        target = Path(room) / "made"
        if case.options is None:
            work = make_cohort(target, plan_cohort(44, (29, 5, 10), seed=1), workers=workers)
        else:
            work = make_leg(target, case.options)
        load = os.getloadavg()[0]
        seconds, stages = timed(work)
        megabytes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6
    peak = peak_gb()
    within = seconds <= case.most_s and (case.most_gb is None or peak <= case.most_gb)
    memory = f"{peak:.2f} GB" + ("" if case.most_gb is None else f" of {case.most_gb:g}")
    print(
        f"{case.text}: {seconds:.1f} s of {case.most_s:g}, {memory} at most ({before_gb:.2f} before), "
        f"{megabytes:.0f} MB written, load {load:.1f} before: {'within' if within else 'OVER'}"
    )
    for stage, spent in sorted(stages.items(), key=lambda entry: -entry[1]):
        print(f"    {stage:<40} {spent:7.1f} s  {spent / seconds:4.0%}")


def main() -> None:
    """The cases asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--what", nargs="+", choices=CASES, default=["small", "quarter"], help="small and quarter unless told")
    parser.add_argument("--workers", type=int, default=2, help="of the cohort; 2 unless told")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores")
    context = multiprocessing.get_context("spawn")
    for name in arguments.what:
        process = context.Process(target=measure, args=(name, arguments.workers))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
