"""A leg at the pixels that a network sees."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int

from ifssnet.core.images import LabelMap, Volume
from ifssnet.propagate.network_input.region import Region, Sampling, crop, pixel_factor, pixel_mm
from ifssnet.train.data.leg import LabelledLeg

CHUNK = 64
"""Slices that are averaged at a time."""


class LegPixels:
    """Grey levels and masks, averaged over whole blocks of voxels where these are smaller than the network's pixels."""

    def __init__(self, leg: LabelledLeg, sampling: Sampling) -> None:
        self.name = leg.name
        grid = leg.volume.grid
        self.slices, self.slice_mm = grid.slices, grid.spacing_xyz_mm[2]
        self.pixel_mm = pixel_mm(grid, sampling)
        factor = pixel_factor(grid, sampling)
        self._volume = leg.volume.array if factor == 1 else _averaged(leg.volume, factor)
        seen = leg.volume.seen
        self._seen = seen if seen is None or factor == 1 else _wholly_seen(seen, factor)
        self._labels = leg.labels.array if factor == 1 else _most_covered(leg.labels, factor)
        self.shape_yx: tuple[int, int] = self._volume.shape[1:]
        self._present: dict[int, list[int]] = {}

    def present(self, value: int) -> list[int]:
        """Slices with a muscle, ascending."""
        if value not in self._present:
            self._present[value] = [z for z, plane in enumerate(self._labels) if (plane == value).any()]
        return self._present[value]

    def has(self, z: int, value: int) -> bool:
        """Whether a muscle is on a slice."""
        return bool((self._labels[z] == value).any())

    def mask(self, z: int, value: int) -> Bool[np.ndarray, "y x"]:
        """A muscle on a slice."""
        return self._labels[z] == value

    def grey(self, z: int, top: int, left: int, side: int) -> Float32[np.ndarray, "y x"]:
        """A square of a slice, 0 beyond it."""
        return crop(self._volume[z : z + 1], Region(1, top, left, (side, side)))[0]

    def tissue(self, z: int, top: int, left: int, side: int) -> Int[np.ndarray, "y x"]:
        """What lies in a square of a slice: values of the labels, 0 for all else and beyond the slice."""
        return crop(self._labels[z : z + 1], Region(1, top, left, (side, side)))[0].astype(np.int64)

    def unseen(self, z: int, top: int, left: int, side: int) -> Bool[np.ndarray, "y x"] | None:
        """Where a square of a slice was never seen, so that nothing is to be learned there; None where nobody says.

        Beyond the slice nothing counts as unseen.
        """
        if self._seen is None:
            return None
        return crop((~self._seen[z : z + 1]).astype(np.uint8), Region(1, top, left, (side, side)))[0] > 0


def _wholly_seen(seen: Bool[np.ndarray, "z y x"], factor: int) -> Bool[np.ndarray, "z y x"]:
    """Blocks of which every voxel was seen."""
    region = _whole(seen.shape[1:], factor)
    chunks = [crop((~seen[z : z + CHUNK]).astype(np.uint8), region) == 0 for z in range(0, len(seen), CHUNK)]
    return np.concatenate(chunks)


def _averaged(volume: Volume, factor: int) -> np.ndarray:
    region = _whole(volume.array.shape[1:], factor)
    return np.concatenate(
        [crop(volume.array[z : z + CHUNK], region).astype(np.float16) for z in range(0, len(volume.array), CHUNK)]
    )


def _most_covered(labels: LabelMap, factor: int) -> np.ndarray:
    region = _whole(labels.array.shape[1:], factor)
    found = np.zeros((len(labels.array), *region.shape_yx), dtype=labels.array.dtype)
    for z in range(0, len(found), CHUNK):
        planes = labels.array[z : z + CHUNK]
        for value in labels.names:
            found[z : z + CHUNK][crop(planes == value, region) >= 0.5] = value
    return found


def _whole(shape_yx: tuple[int, int], factor: int) -> Region:
    height, width = shape_yx
    return Region(factor, 0, 0, (-(-height // factor), -(-width // factor)))
