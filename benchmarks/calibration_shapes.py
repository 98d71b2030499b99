"""Shapes: interpolation, volumes, the methods of Table I, registration."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.voxelise import voxelise
from ifssnet.io.surfaces import read_surfaces
from ifssnet.phantom.acquire import SIZES, acquire, place_of_second
from ifssnet.phantom.anatomy import build_leg
from ifssnet.phantom.cohort import plan_cohort
from ifssnet.phantom.labels import leg_grid, leg_labels
from ifssnet.phantom.subject import Subject
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.methods import method
from ifssnet.propagate.seed_sampling import sample_seeds

GAPS_MM = (27.7, 55.4)
REAL = {
    (27.7, "plain"): (".970/.952/.928", "2.9/6.5/9.0"),
    (27.7, "guided"): (".975/.970/.957", ".25/.46/.70"),
    (55.4, "plain"): (".918/.850/.767", "12/22/34"),
    (55.4, "guided"): ("mean .922", "1.6"),
}


def people(asked: argparse.Namespace) -> list[Subject]:
    """The subjects of the cohort that the command makes."""
    members = plan_cohort(asked.subjects, (asked.subjects, 0, 0), seed=asked.seed).members
    changed = {key: float(value) for key, value in (pair.split("=") for pair in asked.set.split(",") if pair)}
    return [replace(member.subject, **changed) for member in members]


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
                steps = method("shape-interpolation", plain=how == "plain").steps(None, seeds)
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


def methods(asked: argparse.Namespace) -> None:
    """Grow from seeds and watershed on images, interpolation beside them; the hand is unsteady by 0.5 and 1 mm."""
    for noise in (0.5, 1.0):
        rows: dict[str, list[list[float]]] = {}
        for subject in people(asked):
            leg = build_leg(subject)
            recorded = drain(acquire(leg, SIZES["quarter"], "direct", 1, subject.seed))
            volume, truth = _thinned(recorded.volume, recorded.truth)
            seeds = sample_seeds(truth, consecutive=3, every_mm=27.7, ends=True, noise_mm=noise, seed=subject.seed)
            for name in ("fill-between-slices", "shape-interpolation", "grow-from-seeds", "watershed"):
                try:
                    found = drain(assemble(method(name).steps(volume, seeds), seeds)).labels
                except Exception as error:
                    print(name, type(error).__name__, str(error)[:100])
                    continue
                rows.setdefault(name, []).append([_dice(truth, found, seeds, value) for value in (1, 2, 3)])
        for name, row in rows.items():
            print(f"noise {noise} mm {name}: Dice {np.mean(row, axis=0)} mean {np.mean(row):.3f} ({len(row)} legs)")


def _thinned(volume: Volume, truth: LabelMap) -> tuple[Volume, LabelMap]:
    """Every second slice: grow from seeds takes minutes on all."""
    grid = replace(
        volume.grid,
        shape_zyx=(len(volume.array[::2]), *volume.grid.shape_zyx[1:]),
        spacing_xyz_mm=(*volume.grid.spacing_xyz_mm[:2], 2 * volume.grid.spacing_xyz_mm[2]),
    )
    return Volume(volume.array[::2], grid), LabelMap(truth.array[::2], grid, truth.names, truth.colors)


def _dice(truth: LabelMap, found: LabelMap, seeds: Seeds, value: int) -> float:
    drawn = set(seeds.slices(value))
    kept = np.array([z not in drawn for z in range(truth.grid.slices)])
    a, b = truth.array[kept] == value, found.array[kept] == value
    return 2.0 * np.count_nonzero(a & b) / max(1, np.count_nonzero(a) + np.count_nonzero(b))


def register(asked: argparse.Namespace) -> None:
    """r2 to r1, and how far the found transform is from the known one."""
    from ifssnet.compound.register import register as find

    inside = 0
    for subject in people(asked):
        leg = build_leg(subject)
        fixed, moving = (drain(acquire(leg, SIZES["quarter"], "direct", n, subject.seed)) for n in (1, 2))
        found = drain(find(fixed.volume, moving.volume))
        known = place_of_second(subject.seed, leg)
        matrix = np.asarray(found.transform) @ known
        turn = np.rad2deg(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1)))
        middle = np.array([0.0, 0.0, 0.5 * leg.length_mm, 1.0])
        shift = float(np.linalg.norm((matrix @ middle - middle)[:3]))
        inside += shift <= 0.5 and turn <= 0.5
        print(f"seed {subject.seed}: {shift:.2f} mm, {turn:.2f} degrees")
    print(f"{inside} of {asked.subjects} within 0.5 mm and 0.5 degrees")
