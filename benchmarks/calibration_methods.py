"""The methods of Table I on images, and the registration of r2 to r1."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from calibration_people import members, place, recorded, with_two

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.measurement.reference.compare import compare
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.methods import method
from ifssnet.propagate.seeding.seed_sampling import sample_seeds

NAMES = ("fill-between-slices", "shape-interpolation", "zero-order", "grow-from-seeds", "watershed")
SETTINGS = {"fill-between-slices": {"distance_transform": True}}
"""The digital leg was calibrated with filling by distances."""


def methods(asked: argparse.Namespace) -> None:
    """Three slices in 100 and the ends, by a hand that is unsteady by 0.5 and 1 mm."""
    names = asked.only.split(",") if asked.only else NAMES
    for noise in (0.5, 1.0):
        rows: dict[str, list[np.ndarray]] = {}
        for member in members(asked):
            volume, truth = thinned(*recorded(asked, member), asked.thin)
            seeds = sample_seeds(truth, consecutive=3, every_mm=27.7, ends=True, noise_mm=noise, seed=member.subject.seed)
            for name in names:
                began = time.perf_counter()
                found = drain(assemble(method(name, **SETTINGS.get(name, {})).prepare(volume, seeds).steps(), seeds)).labels
                row = np.array(scores(truth, found, seeds))
                rows.setdefault(name, []).append(row)
                print(f"  {member.name} {noise} mm {name}: {row[:, 0]} ({time.perf_counter() - began:.0f} s)", flush=True)
        for name, found in rows.items():
            dice, distance, error = np.moveaxis(np.array(found), -1, 0)
            print(
                f"noise {noise} mm {name}: Dice {dice.mean(axis=0)} mean {dice.mean():.3f} SD {dice.std():.3f}; HDD "
                f"{distance.mean(axis=0)} mean {distance.mean():.1f} mm; volume error {error.mean(axis=0)} mean "
                f"{error.mean():.2f} % ({len(found)} legs)",
                flush=True,
            )


def thinned(volume: Volume, truth: LabelMap, every: int) -> tuple[Volume, LabelMap]:
    """Every so many slices: grow from seeds takes minutes on all."""
    grid = replace(
        volume.grid,
        shape_zyx=(len(volume.array[::every]), *volume.grid.shape_zyx[1:]),
        spacing_xyz_mm=(*volume.grid.spacing_xyz_mm[:2], every * volume.grid.spacing_xyz_mm[2]),
    )
    return Volume(volume.array[::every], grid), LabelMap(truth.array[::every], grid, truth.names, truth.colors)


def scores(truth: LabelMap, found: LabelMap, seeds: Seeds) -> list[list[float]]:
    """Dice, Hausdorff distance in mm and volume error in percent on the slices that nobody annotated, of each muscle."""
    drawn = {name: seeds.slices(value) for value, name in truth.names.items()}
    muscles = compare(found, truth, without=drawn).muscles
    wanted = ("dice", "hausdorff_mm", "absolute_volume_error_percent")
    return [[muscles[name].numbers()[what] for what in wanted] for name in truth.names.values()]


def register(asked: argparse.Namespace) -> None:
    """r2 to r1, and how far the found transform is from the known one at the leg's middle."""
    from ifssnet.compounding.registration.rigid import register as find

    inside = 0
    chosen = with_two(asked)
    for member in chosen:
        began = time.perf_counter()
        found = drain(find(recorded(asked, member, 1)[0], recorded(asked, member, 2)[0]))
        known, length_mm = place(asked, member)
        matrix = np.asarray(found.transform) @ known
        turn = np.rad2deg(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1)))
        middle = np.array([0.0, 0.0, 0.5 * length_mm, 1.0])
        shift = float(np.linalg.norm((matrix @ middle - middle)[:3]))
        inside += shift <= 0.5 and turn <= 0.5
        print(f"{member.name}: {shift:.2f} mm, {turn:.2f} degrees ({time.perf_counter() - began:.0f} s)", flush=True)
    print(f"{inside} of {len(chosen)} within 0.5 mm and 0.5 degrees")
