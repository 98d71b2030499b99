"""Shapes: interpolation between perfect seeds, volumes, lengths, areas."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np
from calibration_people import people

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.surfaces.voxelise import voxelise
from ifssnet.io.volumes.surfaces import read_surfaces
from ifssnet.phantom.anatomy.labels import leg_grid, leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.methods import method
from ifssnet.propagate.seeding.seed_sampling import sample_seeds

GAPS_MM = (27.7, 55.4)
REAL = {
    (27.7, "plain"): (".970/.952/.928", "2.9/6.5/9.0"),
    (27.7, "guided"): (".975/.970/.957", ".25/.46/.70"),
    (55.4, "plain"): (".918/.850/.767", "12/22/34"),
    (55.4, "guided"): ("mean .922", "1.6"),
}


def truths(asked: argparse.Namespace) -> Iterator[LabelMap]:
    spacing = (asked.spacing, asked.spacing, asked.slice)
    if asked.legs is None:
        for subject in people(asked):
            leg = build_leg(subject)
            yield leg_labels(leg, leg_grid(leg, spacing))
    else:
        for folder in sorted({path.parent for path in asked.legs.rglob("*.stl")}):
            surfaces = {s.name: s for s in read_surfaces(folder)}
            yield voxelise([surfaces[name] for name in TRICEPS_SURAE], spacing)


def one_muscle(labels: LabelMap, value: int) -> LabelMap:
    """Only one muscle, on the slices that hold it and four beyond; it lies alone so that no other can help it."""
    mask = labels.array == value
    z = np.flatnonzero(mask.any(axis=(1, 2)))
    y, x = (np.flatnonzero(mask.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    start = [max(0, int(a[0]) - 4) for a in (z, y, x)]
    stop = [int(a[-1]) + 5 for a in (z, y, x)]
    cut = mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    grid = Grid(cut.shape, labels.grid.spacing_xyz_mm)
    return LabelMap(cut.astype(np.uint8), grid, {1: labels.names[value]})


def scores(truth: LabelMap, found: LabelMap, seeds: Seeds) -> tuple[float, float]:
    """Dice on the slices that nobody annotated, and the volume's error in percent."""
    drawn = set(seeds.slices(1))
    kept = np.array([z not in drawn for z in range(truth.grid.slices)])
    a, b = truth.array[kept] == 1, found.array[kept] == 1
    dice = 2.0 * np.count_nonzero(a & b) / max(1, np.count_nonzero(a) + np.count_nonzero(b))
    volume = np.count_nonzero(truth.array)
    return dice, 100.0 * (np.count_nonzero(found.array) - volume) / volume


def shapes(asked: argparse.Namespace) -> None:
    began = time.perf_counter()
    results: dict[tuple[float, str], list[list[tuple[float, float]]]] = {
        (g, h): [] for g in GAPS_MM for h in ("plain", "guided")
    }
    for labels in truths(asked):
        muscles = [one_muscle(labels, labels.value_of(name)) for name in TRICEPS_SURAE]
        for (gap, how), rows in results.items():
            row: list[tuple[float, float]] = []
            for muscle in muscles:
                seeds = sample_seeds(muscle, consecutive=3, every_mm=gap, ends=True)
                steps = method("shape-interpolation", plain=how == "plain").prepare(None, seeds).steps()
                row.append(scores(muscle, drain(assemble(steps, seeds)).labels, seeds))
            rows.append(row)
    for key, rows in results.items():
        table = np.array(rows)
        dice, error = table[..., 0], table[..., 1]
        print(
            f"{key[0]} mm {key[1]:6}: Dice {dice.mean(axis=0)} SD {dice.std(axis=0)} all {dice.mean():.3f}; volume error % "
            f"{np.abs(error).mean(axis=0)} signed {error.mean(axis=0)}   (real: {REAL[key][0]}; {REAL[key][1]})"
        )
    print(f"{len(table)} legs, {time.perf_counter() - began:.0f} s")


def anatomy(asked: argparse.Namespace) -> None:
    rows: list[list[float]] = []
    for labels in truths(asked):
        row: list[float] = []
        for name in TRICEPS_SURAE:
            areas = np.count_nonzero(labels.array == labels.value_of(name), axis=(1, 2)) * labels.grid.pixel_area_mm2 / 100.0
            step = labels.grid.spacing_xyz_mm[2]
            present = np.flatnonzero(areas)
            peak = (int(areas.argmax()) - present[0]) / len(present)
            row += [areas.sum() * step / 10.0, len(present) * step, areas.max(), peak]
        rows.append(row)
    table = np.array(rows).reshape(len(rows), 3, 4)
    for index, name in enumerate(TRICEPS_SURAE):
        for column, what in enumerate(("volume cm3", "length mm", "largest ACSA cm2", "its place, share of the length")):
            values = table[:, index, column]
            print(f"{name} {what}: {values.mean():.2f} SD {values.std():.2f}, {values.min():.2f} to {values.max():.2f}")
    ratios = table[:, :, 0] / table[:, :, 0].sum(axis=1, keepdims=True)
    print(f"shares of the volume SOL/GM/GL: {ratios.mean(axis=0)}, {ratios.min(axis=0)} to {ratios.max(axis=0)}")
