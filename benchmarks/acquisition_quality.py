"""What the checks say of pressed probes and missing sweeps, against digital legs: docs/concepts/acquisition-quality.md.

    python benchmarks/acquisition_quality.py [--legs 3]

Each leg is scanned by four sweeps. Then the probe of the second one is pressed in over a part of the leg, by a known depth, or
the outermost sweep is left out. Printed: what is true, and what the checks find.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.grid import automatic_grid
from ifssnet.compounding.holes.options import DistanceFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.preflight.compression import pressure_findings, probe_pressure
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.untyped import distance_to_false
from ifssnet.measurement.checks.scanned_edge import NEAR_MM, coverage_findings, muscle_coverage, scanned_part
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import as_leg
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.subject import draw_subject
from ifssnet.phantom.scanner.pressed_sweep import pressed
from ifssnet.phantom.scanner.protocol import SMALL
from ifssnet.phantom.scanner.sweep import scan, scan_labels

SETTINGS = replace(SMALL, frame_step_mm=2.0)
OPTIONS = CompoundOptions(spacing_mm=1.0, axes="sweep", holes=(DistanceFilling(4.0),))
PUSHES = ((2.0, 40.0), (3.0, 40.0), (5.0, 60.0), (8.0, 60.0), (5.0, 300.0))
"""How deep in mm, and over how many mm of the leg."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--legs", type=int, default=3)
    legs = parser.parse_args().legs
    print("| leg | pushed in: mm, over mm | true: fat left, % | another sweep, mm ", end="")
    print("| own course, mm | fat left, % | finding |\n|---|---|---|---|---|---|---|")
    edges: list[str] = []
    for seed in range(1, legs + 1):
        leg = as_leg(draw_subject(seed))
        sweeps = drain(scan(leg, SETTINGS, seed))
        truths = scan_labels(leg, sweeps)
        print(pressure_row(seed, "none", "100", sweeps))
        z = sweeps[1].image_to_world[:, 2, 3]
        middle = 0.45 * float(z.max())
        for depth, length in PUSHES:
            push = depth * np.clip(1 - ((z - middle) / (length / 2)) ** 4, 0, 1)
            found = pressed(sweeps[1], truths[1], push)
            true = f"{100 * found.fat_left.min():.0f}"
            print(pressure_row(seed, f"{depth:g}, {length:g}", true, [sweeps[0], found.sweep, *sweeps[2:]]))
        for name, kept in (("all", sweeps), ("without the first", sweeps[1:]), ("without the last", sweeps[:-1])):
            edges += edge_rows(seed, leg, name, kept, automatic_grid(sweeps, OPTIONS))
    print("\n| leg | sweeps | muscle | true: border at the edge of the scan, % | found, % | finding |")
    print("|---|---|---|---|---|---|")
    print("\n".join(edges))


def pressure_row(seed: int, push: str, fat: str, sweeps: Sequence[Sweep]) -> str:
    """What the checks find of the second sweep; a finding about another sweep would be a false one."""
    found = probe_pressure(sweeps, OPTIONS)
    second = found[1]
    left = (
        "–" if second.fat_mm is None or not second.fat_elsewhere_mm else f"{100 * second.fat_mm / second.fat_elsewhere_mm:.0f}"
    )
    told = ", ".join(f"sweep {n}" for n in range(1, len(found) + 1) if pressure_findings(found[n - 1 : n]))
    deep = [float(np.nanmax(values)) for values in (second.beside_mm, second.inside_mm)]
    return f"| {seed} | {push} | {fat} | {deep[0]:.1f} | {deep[1]:.1f} | {left} | {told or 'none'} |"


def edge_rows(seed: int, leg: ScannableLeg, name: str, sweeps: Sequence[Sweep], grid: Grid) -> list[str]:
    """Each muscle, drawn as far as it was scanned."""
    volume = drain(compound_sweeps(sweeps, OPTIONS, grid)).volume
    truth = leg_labels(leg, volume.grid)
    scanned = scanned_part(volume)
    drawn = replace(truth, array=np.where(scanned, truth.array, 0).astype(truth.array.dtype))
    found = muscle_coverage(drawn, volume)
    rows: list[str] = []
    for muscle, each in found.items():
        true = cut_share(truth, drawn, muscle, volume)
        told = "yes" if any(muscle in finding.text for finding in coverage_findings({muscle: each})) else "no"
        rows.append(f"| {seed} | {name} | {muscle} | {100 * true:.1f} | {100 * each.share:.1f} | {told} |")
    return rows


def cut_share(truth: LabelMap, drawn: LabelMap, muscle: str, volume: Volume) -> float:
    """Share of the drawn border on which the muscle goes on, by the truth."""
    value = truth.value_of(muscle)
    x, y, _ = volume.grid.spacing_xyz_mm
    cut = border = 0
    for whole, part in zip(truth.array == value, drawn.array == value, strict=True):
        if not part.any():
            continue
        edge = part & (distance_to_false(np.pad(part, 1), (y, x))[1:-1, 1:-1] <= max(x, y))
        missing = whole & ~part
        near = distance_to_false(~missing, (y, x)) <= NEAR_MM if missing.any() else np.zeros_like(part)
        border, cut = border + int(edge.sum()), cut + int((edge & near).sum())
    return cut / max(border, 1)


if __name__ == "__main__":
    main()
