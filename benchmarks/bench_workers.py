"""Many legs by one process and by several, as a user starts them: seconds, their ratio, and whether the results are the same.

    python benchmarks/bench_workers.py [--size quarter] [--legs 8] [--workers 2] [--rounds 3] [--output workers.json]

Each round runs `ifss evaluate` once with each number of workers, one after the other, on the same legs: other work on the
machine meets both. The ratio is taken within a round. `processor` is the time that was computed, of all processes together,
in the same way: where it is 1, several processes do no more work than one, and idle cores make them as much faster as there
are workers. The file of results also says what one leg takes, in seconds of one
process and in bytes: `benchmarks/cluster_cost.py` reckons from it what a cluster would take.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from record import versions
from stamp import commit, today

from ifssnet.core.machine.description import machine

IFSS = (sys.executable, "-c", "from ifssnet.cli.main import main; main()")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="quarter", choices=["small", "quarter", "paper"], help="of the digital legs")
    parser.add_argument("--legs", type=int, default=8)
    parser.add_argument("--methods", default="anchored,guided")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cohort", type=Path, help="legs with a test split that are there already")
    parser.add_argument("--output", type=Path, help="a JSON file")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cohort = chosen.cohort or made_cohort(Path(folder) / "legs", chosen.size, chosen.legs, chosen.workers)
        entry = measured(cohort, Path(folder), chosen)
    print(f"{entry['runs']} runs of {chosen.methods}; one process {entry['one_process_s']['median']:.1f} s")
    print(f"{chosen.workers} workers {entry['workers_s']['median']:.1f} s")
    ratio = entry["ratio"]
    print(f"ratio within a round: median {ratio['median']:.2f}, {ratio['min']:.2f} to {ratio['max']:.2f}; the same results")
    processor = entry["processor"]
    print(f"processor time of workers over that of one process: {processor['median']:.2f}")
    if chosen.output is not None:
        chosen.output.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8", newline="\n")


def made_cohort(target: Path, size: str, legs: int, workers: int) -> Path:
    words = ["phantom", "cohort", "-o", str(target), "--subjects", str(legs), "--split", f"0/0/{legs}", "--size", size]
    ifss(*words, "--second", "0", "--workers", str(workers))
    return target


def measured(cohort: Path, folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    counts = (0, chosen.workers)
    seconds: dict[int, list[float]] = {count: [] for count in counts}
    computed: dict[int, list[float]] = {count: [] for count in counts}
    results: dict[int, dict[str, str]] = {}
    output = folder / "out"
    # Compiled code is kept from one run to the next: the first one does not count.
    for round_ in range(chosen.rounds + 1):
        for count in counts if round_ % 2 else counts[::-1]:
            shutil.rmtree(output, ignore_errors=True)
            began, spent = time.perf_counter(), processor_seconds()
            ifss("evaluate", cohort, "--methods", chosen.methods, "-o", output, "--workers", count, "--keep", chosen.legs)
            if round_:
                seconds[count].append(time.perf_counter() - began)
                computed[count].append(processor_seconds() - spent)
            results[count] = contents(output)
    if results[0] != results[chosen.workers]:
        raise SystemExit("the results differ")
    numbers = [json.loads(path.read_text(encoding="utf-8")) for path in output.glob("cases/*/*.json")]
    legs = sorted({path.parent for path in output.glob("cases/*/*.json")})
    ratios = [one / several for one, several in zip(*seconds.values(), strict=True)]
    processor = [several / one for one, several in zip(*computed.values(), strict=True)]
    return {
        "made": today(),
        "commit": commit(),
        "machine": asdict(machine()),
        "versions": versions(),
        "workers": chosen.workers,
        "methods": chosen.methods.split(","),
        "runs": len(numbers),
        "one_process_s": spread(seconds[0]),
        "workers_s": spread(seconds[chosen.workers]),
        "ratio": spread(ratios),
        "processor": spread(processor),
        "leg": {
            "size": chosen.size,
            "processor_seconds": spread(computed[0])["median"] / len(legs),
            "bytes_read": sum(path.stat().st_size for path in cohort.rglob("*.mha")) / len(legs),
            "bytes_written": sum(path.stat().st_size for path in output.rglob("cases/*/*")) / len(legs),
            "peak_mb": max(number["peak_mb"] for number in numbers),
        },
    }


def ifss(*words: object) -> None:
    """Run the command as a user does, with one thread a process."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    subprocess.run([*IFSS, *map(str, words), "--quiet"], check=True, env={**os.environ, **threads})


def processor_seconds() -> float:
    """Of all processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def contents(output: Path) -> dict[str, str]:
    """Hashes of what has no times in it: segmentations, and the metrics of every slice."""
    files = [*output.glob("cases/*/*.seg.nrrd"), *output.glob("cases/*/*.slices.csv.gz")]
    return {str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def spread(values: list[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


if __name__ == "__main__":
    main()
