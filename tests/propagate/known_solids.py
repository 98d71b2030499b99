"""Solids whose slices, areas and volumes are known, and ways to run a method on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator, Segmentation
from ifssnet.propagate.assemble import assemble


def disc(radius: float, centre_yx: tuple[float, float] = (32.0, 32.0), shape: tuple[int, int] = (64, 64)) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(y - centre_yx[0], x - centre_yx[1]) < radius


def seeds_of(
    masks: Mapping[int, Mapping[int, np.ndarray]], slices: int, spacing_xyz_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> Seeds:
    shape = next(mask.shape for by_slice in masks.values() for mask in by_slice.values())
    names = {1: "SOL", 2: "GM", 3: "GL"}
    return Seeds(masks, Grid((slices, *shape), spacing_xyz_mm), {label: names[label] for label in masks})


def drawn(solid: Callable[[int], np.ndarray], at: Iterable[int]) -> dict[int, np.ndarray]:
    return {z: solid(z) for z in at}


def run(propagator: Propagator, seeds: Seeds, volume=None, **options) -> Segmentation:
    return drain(assemble(propagator.prepare(volume, seeds).steps(), seeds, **options))


def label_map(solid: Callable[[int], np.ndarray], slices: int, spacing: float = 1.0) -> LabelMap:
    array = np.array([solid(z) for z in range(slices)]).astype(np.uint8)
    return LabelMap(array, Grid(array.shape, (spacing,) * 3), {1: "SOL"})


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())
