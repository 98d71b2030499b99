"""One table of all that is timed: what we take, what other packages take for the same, and what the machine could do at most.

    python benchmarks/one_table.py [--size small|quarter|paper] [--rounds 3] [--parts files measures ...] [--only WORDS ...]
        [--by clock|processor] [--output FILE.json]

A round runs our way and every peer's once, in turn, so that other work on the machine meets all of them. A ratio is that of one
round: seconds of the peer through ours, where more than 1 means that we are faster. The table gives the smallest and the median
of the rounds. `--by processor` counts the seconds that all threads compute, and those of the processes that a row starts: other
work on the machine moves them less, and waiting for the disk is left out. The limit is what the memory or the processor allows
at the rate that is measured in the same run; `of the limit` is the share of it that we reach. Peers that are not installed are
left out.

At size quarter two rounds take 3 minutes of the processor. The full size, paper, has 16 times the voxels: with three rounds
expect three quarters of an hour. Everything goes to `benchmarks/history/table-SIZE.json` (`table-SIZE-PARTS.json` where not all
parts were asked for), the table as Markdown to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from limits import limits
from process_cost import smallest_and_median
from record import versions
from stamp import commit, today
from table_rows import PARTS, SIZES, Row, rows

from ifssnet.core.errors import InputWarning
from ifssnet.core.machine.description import machine

HISTORY = Path(__file__).resolve().parent / "history"


def processor_seconds() -> float:
    """Of all threads so far, and of the processes that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


CLOCKS = {"clock": time.perf_counter, "processor": processor_seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="quarter")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="these groups of rows alone")
    parser.add_argument("--by", choices=list(CLOCKS), default="clock", help="which seconds")
    parser.add_argument("--only", nargs="+", help="rows with one of these words alone")
    parser.add_argument("--output", type=Path, help="the JSON file")
    parser.add_argument("--note", default="", help="what a reader should know, such as other work on the machine")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", InputWarning)
    most = limits(chosen.rounds)
    entry = {
        "made": today(),
        "commit": commit(),
        "note": chosen.note,
        "machine": asdict(machine()),
        "load": [round(value, 1) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "versions": versions(),
        "size_zyx": [SIZES[chosen.size][0], *[SIZES[chosen.size][1]] * 2],
        "rounds": chosen.rounds,
        "seconds_of": chosen.by,
        "limits": {name: round(value, 1) for name, value in asdict(most).items()},
    }
    found: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(chosen.size, Path(folder), most, chosen.parts):
            if chosen.only and not any(word in row.what for word in chosen.only):
                continue
            print(row.what, file=sys.stderr, flush=True)
            found.append(measured(row, chosen.rounds, CLOCKS[chosen.by]))
    name = "-".join(["table", chosen.size, *(chosen.parts if len(chosen.parts) < len(PARTS) else [])])
    target = chosen.output or HISTORY / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({**entry, "rows": found}, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(markdown({**entry, "rows": found}))


def measured(row: Row, rounds: int, clock: Callable[[], float]) -> dict[str, object]:
    """A row's seconds, and its ratios."""
    ways = {"": row.ours, **row.peers}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds if row.once else rounds + 1):
        for name in ways if round_ % 2 else list(ways)[::-1]:
            seconds = timed(ways[name], clock)
            # The first round compiles, and fills the system's memory of files.
            if row.once or round_:
                taken[name].append(seconds)
    own = taken[""]
    table: dict[str, object] = {"what": row.what, "seconds": smallest_and_median(own, 4)}
    if row.amount is not None:
        table["rate"] = [round(row.amount[0] / min(own)), row.amount[1]]
    if row.limit_s is not None:
        table |= {"of_the_limit": round(row.limit_s / min(own), 4), "limit": row.limit}
    table["peers"] = {
        name: {
            "seconds": smallest_and_median(seconds, 4),
            "ratio": smallest_and_median([theirs / ours for theirs, ours in zip(seconds, own, strict=True)], 4),
        }
        for name, seconds in taken.items()
        if name
    }
    return table


def timed(step: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    step()
    return clock() - began


def markdown(entry: dict) -> str:
    """The table for a page: a line for each row."""
    z, y, x = entry["size_zyx"]
    most = entry["limits"]
    head = (
        f"{x} x {y} x {z} voxels, {entry['made']}, commit {entry['commit']}; {entry['machine']['threads']} threads of "
        f"{entry['machine']['processor']}; limits: {most['sgemm_gflops']:.0f} GFLOP/s of matrix products, "
        f"{most['copy_gb_s']:.0f} GB/s of copying. {entry['note']}"
    ).strip()
    seconds_of = "processor's seconds" if entry["seconds_of"] == "processor" else "seconds"
    lines = [head, "", f"| work | {seconds_of} | of the limit | peers, times as long |", "|---|---|---|---|"]
    for row in entry["rows"]:
        seconds = "/".join(f"{value:.3g}" for value in row["seconds"])
        rate = f", {row['rate'][0]} {row['rate'][1]}" if "rate" in row else ""
        share = f"{100 * row['of_the_limit']:.2g} %" if "limit" in row else "-"
        peers = ", ".join(f"{name} {peer['ratio'][0]:.2f}/{peer['ratio'][1]:.2f}" for name, peer in row["peers"].items())
        lines.append(f"| {row['what']} | {seconds}{rate} | {share} | {peers or '-'} |")
    limits = dict.fromkeys(row["limit"] for row in entry["rows"] if "limit" in row)
    lines += ["", f"Limits: {'; '.join(limits)}."] if limits else []
    return "\n".join(lines)


if __name__ == "__main__":
    main()
