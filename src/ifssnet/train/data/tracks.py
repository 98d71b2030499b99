"""One muscle of one leg as something to follow: what is known of it on each slice, in a network's pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float32, Int

from ifssnet.core.grid import Grid
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.interpolation.depth_maps import DepthMaps
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.propagate.network_input.region import Region, Sampling, crop, region_of
from ifssnet.train.data.leg import LabelledLeg

Planes = Float32[np.ndarray, "z v u"]
EVERY = 4
"""Only every fourth slice of a sequence has a region drawn around it: muscles change slowly."""


class Track:
    """A muscle to follow. With `annotated`, nothing of the truth beyond those slices ever leaves this class.

    Args:
        leg: Whose.
        label: Which muscle.
        sampling: The network's pixels and slices.
        annotated: Slices that an expert drew; None for all.
    """

    def __init__(self, leg: LabelledLeg, label: int, sampling: Sampling, annotated: Sequence[int] | None = None) -> None:
        self.leg, self.label, self.sampling = leg, label, sampling
        present = np.flatnonzero((leg.labels.array == label).any(axis=(1, 2)))
        self.annotated: Int[np.ndarray, " slice"] | None = None
        if annotated is not None:
            self.annotated = np.array(sorted(annotated), dtype=np.int64)
            present = np.intersect1d(self.annotated, present)
        self.present: Int[np.ndarray, " slice"] = present.astype(np.int64)

    @property
    def first(self) -> int:
        """The first slice that is known to show the muscle."""
        return int(self.present[0])

    @property
    def last(self) -> int:
        """The last one."""
        return int(self.present[-1])

    @property
    def grid(self) -> Grid:
        """The grid of the leg."""
        return self.leg.volume.grid

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Consecutive annotated slices that show the muscle; a group holds all slices where every slice is annotated."""
        breaks = [0, *(np.flatnonzero(np.diff(self.present) > 1) + 1).tolist(), len(self.present)]
        return tuple(tuple(self.present[start:end].tolist()) for start, end in pairwise(breaks))

    def is_known(self, slices: Int[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
        """Whether an expert drew these slices."""
        return np.ones(slices.shape, dtype=bool) if self.annotated is None else np.isin(slices, self.annotated)

    def distance_mm(self, slices: Int[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
        """Distance to the nearest slice that an expert drew."""
        if self.annotated is None:
            return np.zeros(slices.shape, dtype=np.float32)
        right = np.clip(np.searchsorted(self.annotated, slices), 0, len(self.annotated) - 1)
        left = np.clip(right - 1, 0, None)
        away = np.minimum(np.abs(self.annotated[right] - slices), np.abs(self.annotated[left] - slices))
        return (away * self.grid.spacing_xyz_mm[2]).astype(np.float32)

    def region(self, slices: Int[np.ndarray, " slice"]) -> Region:
        """A box that holds what is known of the muscle on and around these slices."""
        if self.annotated is None:
            near = slices[::EVERY]
        else:
            low = int(np.searchsorted(self.present, int(slices.min()), side="right")) - 1
            high = int(np.searchsorted(self.present, int(slices.max())))
            near = self.present[max(low, 0) : high + 1]
        masks = {int(z): self._mask(int(z)) for z in near}
        if not any(mask.any() for mask in masks.values()):
            # All of it past the muscle's end: where the end is.
            end = self.first if slices.mean() < self.first else self.last
            masks = {end: self._mask(end)}
        return region_of(masks, self.grid, self.sampling)

    def grey(self, slices: Int[np.ndarray, " slice"], region: Region) -> Planes:
        """Grey levels, not yet normalised."""
        return crop(self.leg.volume.array[slices], region)

    def unseen(self, slices: Int[np.ndarray, " slice"], region: Region) -> Planes | None:
        """How much of each pixel no frame shows; None where nobody says."""
        seen = self.leg.volume.seen
        return None if seen is None else crop((~seen[slices]).astype(np.uint8), region)

    def masks(self, slices: Int[np.ndarray, " slice"], region: Region) -> Planes:
        """How much of each pixel the muscle covers on slices that an expert drew; zero on all others."""
        known = self.is_known(slices)
        found = np.zeros((len(slices), *region.shape_yx), dtype=np.float32)
        if known.any():
            found[known] = crop(self.leg.labels.array[slices[known]] == self.label, region)
        return found

    def guided(self, slices: Int[np.ndarray, " slice"], region: Region) -> Planes:
        """The same with guided interpolation between the annotated slices; nothing beyond the outermost."""
        found = self.masks(slices, region)
        for place in np.flatnonzero(~self.is_known(slices)).tolist():
            if (maps := self._maps) is not None and int(slices[place]) in maps.labels_of:
                plane = np.zeros(self._box.shape_yx, dtype=np.float32)
                plane[maps.box] = expit(maps.at(int(slices[place]))[self.label])
                _paste(plane, self._box, found[place], region)
        return found

    @cached_property
    def _box(self) -> Region:
        """Around all that was drawn."""
        return region_of({z: self._mask(z) for z in self.present.tolist()}, self.grid, self.sampling)

    @cached_property
    def _maps(self) -> DepthMaps | None:
        """Interpolation in network pixels, which costs what the network's slices cost and not what the leg's do."""
        assert self.annotated is not None
        x, y, z = self.grid.spacing_xyz_mm
        rows, columns = self._box.shape_yx
        factor = self._box.factor
        grid = Grid((self.grid.slices, rows, columns), (x * factor, y * factor, z))
        coarse = crop(self.leg.labels.array[self.annotated] == self.label, self._box) >= 0.5
        drawn = {int(at): mask for at, mask in zip(self.annotated, coarse, strict=True)}
        seeds = Seeds({self.label: drawn}, grid, {self.label: "muscle"})
        return ShapeInterpolation(ShapeInterpolationConfig(smoothing=0.0)).prepare(None, seeds).depth_maps

    def _mask(self, z: int) -> Mask:
        return self.leg.labels.array[z] == self.label


def find_tracks(
    legs: Sequence[LabelledLeg],
    muscles: Sequence[str],
    sampling: Sampling,
    annotated: Mapping[str, Mapping[str, Sequence[int]]] | None,
) -> tuple[Track, ...]:
    """Every muscle of every leg that is somewhere present, in the order of the legs.

    Args:
        legs: To learn from.
        muscles: Which of their muscles.
        sampling: The network's pixels and slices.
        annotated: Leg to muscle to the slices that an expert drew; None for all of them.
    """
    found: list[Track] = []
    for leg in legs:
        for value, name in sorted(leg.labels.names.items()):
            if name not in muscles:
                continue
            own = None if annotated is None else annotated[leg.name].get(name, ())
            track = Track(leg, value, sampling, own)
            if track.present.size:
                found.append(track)
    return tuple(found)


def most_drawn_first(tracks: Sequence[Track]) -> tuple[tuple[Track, ...], ...]:
    """The tracks of each leg, legs with the most drawn slices first (paper, III-C3); legs with as many keep their order."""
    by_leg: dict[str, list[Track]] = {}
    for track in tracks:
        by_leg.setdefault(track.leg.name, []).append(track)
    return tuple(tuple(own) for own in sorted(by_leg.values(), key=lambda own: -sum(track.present.size for track in own)))


def _paste(plane: Float32[np.ndarray, "b a"], box: Region, onto: Float32[np.ndarray, "v u"], region: Region) -> None:
    """Copy what two regions share; both lie on the same blocks of voxels."""
    down, right = (box.top - region.top) // box.factor, (box.left - region.left) // box.factor
    rows = slice(max(down, 0), min(down + plane.shape[0], onto.shape[0]))
    columns = slice(max(right, 0), min(right + plane.shape[1], onto.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        onto[rows, columns] = plane[rows.start - down : rows.stop - down, columns.start - right : columns.stop - right]
