"""What many legs take on a cluster, out of what one leg took here: processor hours, bytes, and what that costs.

    python benchmarks/bench_workers.py --output workers.json
    python benchmarks/cluster_cost.py workers.json [--legs 10000] [--processors 256] [--euro-per-hour 0.05]

The prices are yours to give; the ones that stand here are round numbers and no offer of anybody's. A processor of a cluster is
taken to be as fast as the one that was measured.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Leg:
    """What one leg took: seconds of a processor, bytes read and written, the most memory of a process in MB."""

    processor_seconds: float
    bytes_read: float
    bytes_written: float
    peak_mb: float


@dataclass(frozen=True)
class Prices:
    """Of an hour of a processor, and of a month of 10^9 bytes that are kept."""

    euro_per_hour: float
    euro_per_gb_month: float


def reckoned(leg: Leg, legs: int, processors: int, prices: Prices) -> list[tuple[str, str]]:
    """The rows of the table."""
    hours = legs * leg.processor_seconds / 3600
    # The last legs leave processors idle for half a leg's time on average.
    wall_hours = hours / processors + leg.processor_seconds / 3600 / 2
    read_gb, written_gb = legs * leg.bytes_read / 1e9, legs * leg.bytes_written / 1e9
    computing, keeping = hours * prices.euro_per_hour, (read_gb + written_gb) * prices.euro_per_gb_month
    per_second = read_gb * 1e3 / (wall_hours * 3600)
    return [
        ("one leg", f"{leg.processor_seconds:.1f} s of a processor, {leg.peak_mb / 1e3:.1f} GB of memory"),
        ("bytes of one leg", f"{leg.bytes_read / 1e6:.1f} MB read, {leg.bytes_written / 1e6:.2f} MB written"),
        (f"{legs} legs", f"{hours:.0f} processor hours"),
        (f"on {processors} processors", f"{wall_hours * 60:.0f} minutes"),
        ("bytes in all", f"{read_gb:.1f} GB read, {written_gb:.1f} GB written"),
        ("that the store gives meanwhile", f"{per_second:.0f} MB/s"),
        (f"computing at {prices.euro_per_hour:g} euro an hour", f"{computing:.0f} euro"),
        (f"keeping at {prices.euro_per_gb_month:g} euro a GB and month", f"{keeping:.2f} euro a month"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=Path, help="what bench_workers.py wrote")
    parser.add_argument("--legs", type=int, default=10_000)
    parser.add_argument("--processors", type=int, default=256)
    parser.add_argument("--euro-per-hour", type=float, default=0.05, help="of one processor")
    parser.add_argument("--euro-per-gb-month", type=float, default=0.02)
    chosen = parser.parse_args()
    found = json.loads(chosen.measured.read_text(encoding="utf-8"))
    leg = Leg(*(float(found["leg"][name]) for name in ("processor_seconds", "bytes_read", "bytes_written", "peak_mb")))
    prices = Prices(chosen.euro_per_hour, chosen.euro_per_gb_month)
    print(f"digital legs of size {found['leg']['size']}, {' and '.join(found['methods'])}, measured {found['made']}\n")
    print("| what | how much |\n|---|---|")
    for what, much in reckoned(leg, chosen.legs, chosen.processors, prices):
        print(f"| {what} | {much} |")


if __name__ == "__main__":
    main()
