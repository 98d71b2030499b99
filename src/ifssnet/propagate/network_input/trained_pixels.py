"""A network's method on slices with pixels of the size that it was trained at, whatever those of the leg are.

Blocks of voxels give such pixels where voxels are fine (`region.py`). Where they are too coarse for that, or much longer than
wide, slices are resampled along both axes, and what the method finds comes back onto the leg's own voxels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Shaped

from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.core.segmentation import PartialPropagation, Propagation, Propagator
from ifssnet.geometry.untyped import distance_to_false
from ifssnet.propagate.network_input.region import Sampling, pixel_factor, pixel_mm

UNLIKE = 1.5
"""Times the trained size from which slices are resampled, and times their width from which pixels are too long."""

MOST_PER_PIXEL = 4
"""Resampled voxels along the side of a network pixel, at most: finer ones would only take memory."""


def on_trained_pixels(propagator: Propagator, grid: Grid) -> Propagator:
    """The method itself where the leg's voxels give pixels of the trained size, else the method on resampled slices."""
    sampling = _sampling(propagator)
    if sampling is None or not _unlike(grid, sampling):
        return propagator
    return OnTrainedPixels(propagator, sampling)


def pixel_findings(propagator: Propagator, grid: Grid) -> tuple[Finding, ...]:
    """A warning where slices are resampled for a network; nothing for a method without one."""
    sampling = _sampling(propagator)
    if sampling is None or not _unlike(grid, sampling):
        return ()
    (x, y, _), new = grid.spacing_xyz_mm, resampled_mm(grid, sampling)
    what = f"Slices were resampled from {x:.3g} x {y:.3g} mm to {new:.3g} mm for the network, which was trained at"
    remedy = "Compare with interpolation (--method shape-interpolation), or compound with voxels of another size."
    return (Finding("warning", f"{what} {sampling.pixel_mm:.3g} mm.", remedy, pixel_mm(grid, sampling), "mm"),)


def resampled_mm(grid: Grid, sampling: Sampling) -> float:
    """The voxels' side after resampling: the network's pixel, or a half, a third or a quarter of it for fine voxels."""
    finest = min(grid.spacing_xyz_mm[:2])
    return sampling.pixel_mm / min(MOST_PER_PIXEL, max(1, round(sampling.pixel_mm / finest)))


@dataclass(frozen=True, eq=False)
class OnTrainedPixels:
    """A method on resampled slices.

    Attributes:
        propagator: The method.
        sampling: The pixels that its network was trained with.
    """

    propagator: Propagator
    sampling: Sampling

    @property
    def name(self) -> str:
        """The method's name."""
        return self.propagator.name

    @property
    def needs_volume(self) -> bool:
        """Whether the method reads grey levels."""
        return self.propagator.needs_volume

    def prepare(self, volume: Volume | None, seeds: Seeds) -> ResampledPropagation:
        """The method with the leg on the pixels that its network was trained at.

        Raises:
            InputError: What the method refuses.
        """
        grid = _resampled_grid(seeds.grid, resampled_mm(seeds.grid, self.sampling))
        grey = None if volume is None else _volume_on(volume, grid)
        return ResampledPropagation(self.propagator.prepare(grey, _seeds_on(seeds, grid)), grid, seeds.grid)


@dataclass(frozen=True, eq=False)
class ResampledPropagation:
    """A propagation on resampled slices.

    Attributes:
        propagation: What goes on there.
        grid: Where it does.
        original: The leg's own grid.
    """

    propagation: Propagation
    grid: Grid
    original: Grid

    def steps(self) -> Iterator[Step]:
        """Yield the steps, probabilities linear between the resampled pixels."""
        yield from self._resampled(self.propagation.steps())

    def steps_on(self, wanted: Mapping[int, Set[int]]) -> Iterator[Step]:
        """Yield these slices alone, see `PartialPropagation`; a method that cannot goes through all of them."""
        inner = self.propagation
        steps = inner.steps_on(wanted) if isinstance(inner, PartialPropagation) else inner.steps()
        yield from self._resampled(step for step in steps if step.z in wanted.get(step.label, ()))

    def _resampled(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            probability = _on_pixels(np.asarray(step.probability, np.float32), self.grid, self.original)
            yield replace(step, probability=probability, within=None)

    def describe(self) -> MethodDescription:
        """What the method says of itself, and the size of the resampled pixels."""
        found = self.propagation.describe()
        return replace(found, details={**found.details, "resampled_to_mm": self.grid.spacing_xyz_mm[0]})


def _sampling(propagator: Propagator) -> Sampling | None:
    sampling = getattr(propagator, "sampling", None)
    return sampling if isinstance(sampling, Sampling) else None


def _unlike(grid: Grid, sampling: Sampling) -> bool:
    """Whether pixels would have a size or a shape that the network was not trained at.

    On a digital leg the anchored network kept its lead over interpolation from 0.7 to 1.4 times the trained size. From
    twice the size on its own check of hidden slices left interpolation alone.
    """
    x, y, _ = grid.spacing_xyz_mm
    size = pixel_factor(grid, sampling) * math.sqrt(x * y) / sampling.pixel_mm
    return not (1 / UNLIKE <= size <= UNLIKE and max(x, y) / min(x, y) <= UNLIKE)


def _resampled_grid(grid: Grid, side_mm: float) -> Grid:
    """The same slices with square voxels of that side: outer borders of the first voxels coincide."""
    x, y, z = grid.spacing_xyz_mm
    slices, rows, columns = grid.shape_zyx
    shape = (slices, math.ceil(rows * y / side_mm - 1e-6), math.ceil(columns * x / side_mm - 1e-6))
    first = np.array([[(side_mm / x - 1) / 2, (side_mm / y - 1) / 2, 0.0]])
    ox, oy, oz = (float(value) for value in grid.points_to_mm(first)[0])
    return Grid(shape, (side_mm, side_mm, z), (ox, oy, oz), grid.direction)


def _volume_on(volume: Volume, grid: Grid) -> Volume:
    array = np.empty(grid.shape_zyx, dtype=volume.array.dtype)
    whole = volume.array.dtype.kind in "iu"
    for z, plane in enumerate(volume.array):
        found = _on_pixels(plane.astype(np.float32), volume.grid, grid)
        array[z] = np.rint(found) if whole else found
    return replace(volume, array=array, grid=grid, seen=None)


def _seeds_on(seeds: Seeds, grid: Grid) -> Seeds:
    masks = {
        label: {z: _mask_on(mask, seeds.grid, grid) for z, mask in by_slice.items()} for label, by_slice in seeds.masks.items()
    }
    return replace(seeds, masks=masks, grid=grid)


def _mask_on(mask: Mask, source: Grid, target: Grid) -> Bool[np.ndarray, "v u"]:
    """Its border is where the distances to both sides are equal, so that coarse pixels leave no steps."""
    if not mask.any():
        return np.zeros(target.shape_zyx[1:], dtype=np.bool_)
    spacing_yx = source.spacing_zyx_mm[1:]
    depth = distance_to_false(mask, spacing_yx) - distance_to_false(~mask, spacing_yx)
    found = _on_pixels(np.clip(depth, -1e6, 1e6), source, target) > 0
    # What is too small for the new pixels is still there.
    return found if found.any() else _on_pixels(mask.astype(np.float32), source, target) > 0


def _on_pixels(plane: Float32[np.ndarray, "y x"], source: Grid, target: Grid) -> Float32[np.ndarray, "v u"]:
    """A slice on another grid's pixels, linear between pixels and held beyond the outermost ones."""
    (sx, sy, _), (tx, ty, _) = source.spacing_xyz_mm, target.spacing_xyz_mm
    down = _along(plane, (np.arange(target.shape_zyx[1]) + 0.5) * (ty / sy) - 0.5)
    return np.ascontiguousarray(_along(down.T, (np.arange(target.shape_zyx[2]) + 0.5) * (tx / sx) - 0.5).T)


def _along(values: Shaped[np.ndarray, "a b"], places: Shaped[np.ndarray, " new"]) -> Float32[np.ndarray, "new b"]:
    at = np.clip(places, 0, len(values) - 1)
    below = np.minimum(at.astype(np.intp), max(len(values) - 2, 0))
    share = (at - below).astype(np.float32)[:, None]
    return values[below] * (1 - share) + values[np.minimum(below + 1, len(values) - 1)] * share
