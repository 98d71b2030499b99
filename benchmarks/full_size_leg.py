"""A leg at full size, 512 x 512 x 1400 voxels, with three muscles drawn on triples of slices: a digital leg, enlarged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import zoom

import ifssnet
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.cohorts.phantom_files import LegOptions, make_leg

SEED, VOXEL_MM, EVERY_MM = 3, 0.277, 27.7


def full_size_leg(folder: Path, size: int = 512, slices: int = 1400, slice_mm: float | None = None) -> tuple[Path, Path]:
    """The volume and the seeds as files, in a folder that may hold them already.

    Args:
        folder: Where.
        size: Pixels of a slice's side.
        slices: How many slices.
        slice_mm: From one to the next, for a leg as long as these are; None for a leg of the same length whatever their number.
    """
    name = f"{size}-{slices}" + ("" if slice_mm is None else f"-{slice_mm}")
    volume, seeds = folder / f"leg-{name}.mha", folder / f"seeds-{name}.seg.nrrd"
    if volume.exists() and seeds.exists():
        return volume, seeds
    folder.mkdir(parents=True, exist_ok=True)
    small = folder / "small"
    if not small.exists():
        drain(make_leg(small, LegOptions(seed=SEED, size="small", via="direct")))
    grey, truth = ifssnet.open_volume(small / "x1.mha").array, ifssnet.open_labels(small / "masksX1.mha")
    shape = (slices, size, size)
    grid = Grid(
        shape, (VOXEL_MM * 512 / size, VOXEL_MM * 512 / size, VOXEL_MM * 1400 / slices if slice_mm is None else slice_mm)
    )
    large = np.stack([np.clip(plane, 0, 255).astype(np.uint8) for plane in enlarged(grey, shape)])
    labels = np.zeros(shape, np.uint8)
    for value in truth.names:
        depth = np.stack([-signed_distance(plane == value, (1.0, 1.0)) for plane in truth.array]).clip(-20, 20)
        for z, plane in enumerate(enlarged(depth, shape)):
            labels[z][plane > 0] = value
    ifssnet.save(Volume(large, grid), volume, force=True)
    save_seeds(sample_seeds(LabelMap(labels, grid, truth.names), every_mm=EVERY_MM), seeds, force=True)
    return volume, seeds


def enlarged(array: np.ndarray, shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
    """The slices of an array on a finer grid, linear in between."""
    factors = (shape[1] / array.shape[1], shape[2] / array.shape[2])
    kept: dict[int, np.ndarray] = {}
    for z in np.linspace(0, len(array) - 1, shape[0]):
        low = min(int(z), len(array) - 2)
        kept = {
            near: kept[near] if near in kept else zoom(array[near].astype(np.float32), factors, order=1)
            for near in (low, low + 1)
        }
        yield (1 - (z - low)) * kept[low] + (z - low) * kept[low + 1]


if __name__ == "__main__":
    import sys

    print(*full_size_leg(Path(sys.argv[1])))
