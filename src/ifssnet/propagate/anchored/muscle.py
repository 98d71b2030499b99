"""One muscle of a leg and the network: which slices it sees, what it adds to them, and how far that counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float16, Float32

from ifssnet.propagate.anchored.corrector import Corrector
from ifssnet.propagate.anchored.images import Images
from ifssnet.propagate.anchored.prior import (
    cues,
    guided_depth,
    nearness,
    network_slices,
    slices_stood_for,
)
from ifssnet.propagate.anchored.references import Reference, Sides, move_px, planes, references, weights
from ifssnet.propagate.anchored.volume_level import MuscleLogits
from ifssnet.propagate.interpolation.depth_maps import Depth, DepthMaps
from ifssnet.propagate.network_input.region import Region, crop, crop_held, paste_onto, pixel_mm, region_of
from ifssnet.propagate.seeding.border_scatter import scatter_beyond_pixels_mm

REACH_SD = 4.0
"""SDs of the smoothing along z within which the slices beside a wanted one have a say in it."""

NEVER = -100.0
"""Logit of pixels that no correction can give to the muscle."""


@dataclass(frozen=True, eq=False)
class WantedSlice:
    """A slice as the network sees it."""

    z: int
    image: Float32[np.ndarray, "plane v u"]
    prior_px: Float32[np.ndarray, "v u"]
    cue_values: Float32[np.ndarray, " cue"]


@dataclass(frozen=True, eq=False)
class HiddenSlice:
    """An annotated slice as the network would see it if nobody had annotated it."""

    wanted: WantedSlice
    drawn: Bool[np.ndarray, "v u"]


class CorrectedMuscle:
    """A muscle on its way through the network: its slices, and what is known of them so far."""

    def __init__(self, label: int, maps: DepthMaps, corrector: Corrector, wanted: Set[int] | None = None) -> None:
        self.label, self.maps, self.corrector = label, maps, corrector
        grid, inference = maps.seeds.grid, corrector.inference
        self.slice_mm = grid.spacing_xyz_mm[2]
        self.region = region_of(maps.seeds.masks[label], grid, corrector.sampling)
        self.annotated = maps.seeds.slices(label)
        self.scatter_mm = scatter_beyond_pixels_mm(maps.scatter_mm, grid.spacing_zyx_mm[1:])
        every = max(1, round(inference.every_mm / self.slice_mm))
        self.slices = network_slices(maps, label, every)
        self.sought: Sequence[int] = sorted(maps.curves[label].gap_of)
        if wanted is not None:
            reach = max(every, math.ceil(REACH_SD * inference.smooth_mm / self.slice_mm))
            aim = sorted(wanted & maps.curves[label].gap_of.keys())
            self.slices, self.sought = _near(self.slices, aim, reach), _near(self.sought, aim, reach)
        self.place = {z: index for index, z in enumerate(self.slices)}
        shape = (len(self.slices), *self.region.shape_yx)
        self.prior: Float16[np.ndarray, "slice v u"] = np.zeros(shape, dtype=np.float16)
        self.found: Float16[np.ndarray, "slice v u"] = np.zeros(shape, dtype=np.float16)
        self.waiting: list[WantedSlice] = []
        self.ready: MuscleLogits | None = None
        self.share = 1.0

    @property
    def logits(self) -> MuscleLogits:
        """The logits of all slices, once all were computed."""
        assert self.ready is not None
        return self.ready

    def gate(self, z: int) -> float:
        """How much of a correction counts on a slice."""
        inference = self.corrector.inference
        from_scatter = self.scatter_mm / inference.gate_scatter_mm if inference.gate_scatter_mm > 0 else 0.0
        near = nearness(z, self.annotated, self.slice_mm).nearest_mm
        return self.share * min(1.0, (near / inference.gate_mm if inference.gate_mm > 0 else 1.0) + from_scatter)

    def hidden(self, seen: Images) -> Iterator[HiddenSlice]:
        """Each group with the muscle between two others, interpolated across as if it had not been annotated."""
        own_curves, masks = self.maps.curves[self.label], self.maps.seeds.masks[self.label]
        for index in range(1, len(own_curves.groups) - 1):
            if not all(group.present for group in own_curves.groups[index - 1 : index + 2]):
                continue
            z = own_curves.groups[index].middle
            others = own_curves.groups[:index] + own_curves.groups[index + 1 :]
            depth = guided_depth(z, others, own_curves.shapes)
            if depth is None:
                continue
            between_mm = nearness(z, [near for group in others for near in group.slices], self.slice_mm).between_mm
            sides = references(z, others, own_curves.shapes, self.slice_mm)
            yield HiddenSlice(self._wanted(z, depth, between_mm, sides, seen), crop(masks[z][None], self.region)[0] >= 0.5)

    def _wanted(self, z: int, depth: Depth, between_mm: float, sides: Sides, seen: Images) -> WantedSlice:
        """A slice as the network sees it, with the prior of the box and what was drawn on either side."""
        size = pixel_mm(seen.grid, self.corrector.sampling)
        prior = np.clip(_on_region(depth, self.maps, self.region) / np.float32(size), -100, 100).astype(np.float32)
        image, cue_values = self._image(z, seen), cues(between_mm, self.scatter_mm)
        if self.corrector.network.config.references:
            image = np.concatenate([image, self._drawn_planes(depth, sides, size, seen)])
            cue_values = np.concatenate([cue_values, weights(sides)])
        return WantedSlice(z, image, prior, cue_values)

    def _drawn_planes(self, depth: Depth, sides: Sides, size_mm: float, seen: Images) -> Float32[np.ndarray, "plane v u"]:
        """The drawn slices on either side, moved to where the prior lies."""
        nothing = np.zeros(self.region.shape_yx, dtype=np.float32)
        pairs = [(nothing, nothing) if side is None else self._drawn(side, depth, size_mm, seen) for side in sides]
        grey, shape = (np.stack([pair[place] for pair in pairs]) for place in (0, 1))
        return planes(grey, shape, weights(sides))

    def _drawn(
        self, side: Reference, depth: Depth, size_mm: float, seen: Images
    ) -> tuple[Float32[np.ndarray, "v u"], Float32[np.ndarray, "v u"]]:
        """Grey levels of a drawn slice and the depth of its shape in pixels, moved."""
        region = self.region
        down, right = move_px(side, depth, region.factor)
        moved = replace(region, top=region.top - down * region.factor, left=region.left - right * region.factor)
        grey = np.zeros(region.shape_yx, np.float32) if self.corrector.context.zero_image else seen.plane(side.z, moved)
        return grey, _on_region(-side.shape.distances, self.maps, moved) / np.float32(size_mm)

    def _image(self, z: int, seen: Images) -> Float32[np.ndarray, "slice v u"]:
        """The slices around one."""
        context = self.corrector.context
        if context.zero_image:
            return np.zeros((len(context.offsets_mm), *self.region.shape_yx), dtype=np.float32)
        return np.stack([seen.plane(near, self.region) for near in context.slices(z, seen.grid.slices, self.slice_mm)])

    def wanted(self, z: int, depth: Depth, seen: Images) -> WantedSlice:
        """A slice between annotated ones as the network sees it; changes nothing, so that several can be made at a time."""
        own_curves = self.maps.curves[self.label]
        between_mm = nearness(z, self.annotated, self.slice_mm).between_mm
        sides = references(z, own_curves.groups, own_curves.shapes, self.slice_mm)
        return self._wanted(z, depth, between_mm, sides, seen)

    def take(self, wanted: WantedSlice) -> None:
        """Remember a slice's prior; the network sees some slices at a time."""
        self.prior[self.place[wanted.z]] = wanted.prior_px
        self.waiting.append(wanted)
        if len(self.waiting) == self.corrector.inference.batch:
            self._pass()

    def finish(self) -> None:
        """The last slices, and smoothing along z."""
        if self.waiting:
            self._pass()
        inference, where = self.corrector.inference, np.array(self.slices, dtype=np.float64) * self.slice_mm
        weight = slices_stood_for(self.slices, self.sought)
        if inference.smooth_mm > 0 and len(self.slices) > 1:
            # Each slice for as much of the leg as it stands for: close ones at the ends of a gap count no more than others.
            kernel = np.exp(-0.5 * ((where[:, None] - where) / inference.smooth_mm) ** 2) * weight
            kernel = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
            flat = self.found.reshape(len(self.slices), -1)
            for first in range(0, flat.shape[1], 4096):
                part = slice(first, first + 4096)
                flat[:, part] = kernel @ flat[:, part].astype(np.float32)
        gates = np.array([self.gate(z) for z in self.slices])
        prior = self.corrector.prior_logit(self.prior)
        # What lies beyond the box, or beyond the slice, is nobody's, whatever the network is shown there.
        covered = np.zeros((1, *self.maps.seeds.grid.shape_zyx[1:]), dtype=bool)
        covered[0][self.maps.box] = True
        prior[:, crop(covered, self.region)[0] < 0.5] = NEVER
        self.ready = MuscleLogits(self.region, np.array(self.slices), prior, self.found, gates, weight)

    def correction(self, z: int, level: float) -> Float32[np.ndarray, "y x"]:
        """The correction on the box of the maps, the level included and the gate applied."""
        above = int(np.searchsorted(self.slices, z))
        below = above if self.slices[above] == z else above - 1
        share = (z - self.slices[below]) / max(self.slices[above] - self.slices[below], 1)
        plane = (1 - share) * self.found[below].astype(np.float32) + share * self.found[above].astype(np.float32)
        plane = np.float32(self.gate(z)) * (plane + np.float32(level))
        rows, columns = self.maps.box
        whole = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.float32)
        paste_onto(whole, np.asarray(plane, np.float32), self.region, (rows.start, columns.start))
        return whole

    def _pass(self) -> None:
        places = [self.place[wanted.z] for wanted in self.waiting]
        self.found[places] = self.corrector.corrections(
            np.stack([wanted.image for wanted in self.waiting]),
            # As it was kept: half precision.
            self.prior[places, None].astype(np.float32),
            np.stack([wanted.cue_values for wanted in self.waiting]),
        )
        self.waiting = []


def _near(slices: Sequence[int], wanted: Sequence[int], reach: int) -> list[int]:
    """The slices that lie so near to a wanted one; of both, ascending."""
    if not wanted:
        return []
    places = np.searchsorted(wanted, slices)
    above = np.abs(np.take(wanted, np.minimum(places, len(wanted) - 1)) - slices)
    below = np.abs(np.take(wanted, np.maximum(places - 1, 0)) - slices)
    return [z for z, far in zip(slices, np.minimum(above, below), strict=True) if far <= reach]


def _on_region(depth: Depth, maps: DepthMaps, region: Region) -> Float32[np.ndarray, "v u"]:
    """A map of the box on a region's pixels; its edge goes on beyond the box."""
    rows, columns = maps.box
    return crop_held(depth, replace(region, top=region.top - rows.start, left=region.left - columns.start))
