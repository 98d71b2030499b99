"""Samples for the anchored network: a slice whose truth an expert drew, and a prior that pretends that it was not drawn.

With weak supervision only annotated slices are ever labels: they are hidden and interpolated from those around them, or
their true shape is led astray; with full supervision any slice is, between annotated slices that are chosen at random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from ifssnet.core.errors import InputError
from ifssnet.geometry.masks.box import Box, bounding_box
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.anchored.prior import Context, cues, guided_depth, nearness
from ifssnet.propagate.anchored.references import Sides, move_px, references, weights
from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.group_shapes import GroupShapes, measured_shapes
from ifssnet.propagate.interpolation.seed_smoothing import smoothed
from ifssnet.propagate.interpolation.shape_interpolation import MARGIN_MM
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, find_groups
from ifssnet.propagate.seeding.drawn_muscle import NEIGHBOURS, DrawnMuscle
from ifssnet.propagate.seeding.seed_sampling import NOISE_LENGTH_MM
from ifssnet.train.data.leg_pixels import LegPixels
from ifssnet.train.data.warp import smooth_field

STRENGTHS = (0.0, 0.0, 1e-3, 3e-3, 1e-2)
"""Strengths of smoothing for badly drawn seeds, one of them at random: cross-validation chooses such ones."""

RIM_PX = 8
"""Around each sample, so that bending it brings in what lies there; it is cut off afterwards."""

JITTER_PX = 8
"""How far a sample's middle may lie from that of the prior, along each axis."""

SHAPES_KEPT = 1024
"""Shapes of annotated slices that are kept in memory, some 40 kB each."""


@dataclass(frozen=True)
class AnchoredSamplesConfig:
    """What is shown to the network.

    Attributes:
        crop_px: Side of a sample, network pixels.
        hide: Share of samples whose prior is interpolated across the hidden slice.
        blend: Share whose prior lies between that and the truth: it imitates small gaps.
        warp: Share whose prior is the truth with its border displaced at random: the network learns to leave a wrong prior.
        carry: Share whose prior is the shape some millimetres further along the leg, with nothing known beyond the wanted
            slice: for use from slice to slice.
        carry_mm: The nearest and the furthest place that a shape is carried from.
        carry_error_mm: The most that a carried border is wrong, smoothly along it, and the SD of what it is wrong by all round.
        lost: The chance, for each side, that no drawn slice is shown there; for networks that see them.
        beyond_end: Share of samples from outside the muscle, where the prior goes on and the label is empty.
        near_end: Share of samples from within `near_end_mm` of a muscle's end, where cross-sections grow and dwindle fast.
        near_end_mm: How far from an end that is.
        noise: Share of samples with a prior from badly drawn seeds; the label stays what the expert drew.
        noise_mm: SDs of such seeds' borders, one of them at random.
        least_gap_mm: Narrowest gap around a hidden slice.
        widest_gap_mm: Widest, as far as the muscle reaches.
        beyond_mm: How far outside the muscle samples are taken, and ends are pretended to be.
    """

    crop_px: int = 96
    hide: float = 0.5
    blend: float = 0.25
    warp: float = 0.25
    carry: float = 0.0
    carry_mm: tuple[float, float] = (1.0, 12.0)
    carry_error_mm: tuple[float, float] = (1.2, 0.4)
    lost: float = 0.15
    beyond_end: float = 0.06
    near_end: float = 0.0
    near_end_mm: float = 30.0
    noise: float = 0.3
    noise_mm: tuple[float, ...] = (0.5, 1.0, 1.5)
    least_gap_mm: float = 5.0
    widest_gap_mm: float = 120.0
    beyond_mm: float = 15.0

    def __post_init__(self) -> None:
        kinds = (self.hide, self.blend, self.warp, self.carry)
        others = (self.beyond_end, self.near_end, self.noise, self.lost)
        if min(*kinds, *others) < 0 or sum(kinds) <= 0 or max(others) > 1:
            raise InputError(
                "shares from 0 to 1",
                f"{(*kinds, *others)}",
                "Correct hide, blend, warp, carry, beyond_end, near_end, noise and lost.",
            )
        if not 0 < self.carry_mm[0] < self.carry_mm[1] or min(self.carry_error_mm) < 0 or self.near_end_mm <= 0:
            raise InputError(
                "carry_mm above 0 and rising, carry_error_mm from 0, near_end_mm above 0",
                f"{self.carry_mm}, {self.carry_error_mm} and {self.near_end_mm}",
                "Correct them.",
            )
        if not 0 < self.least_gap_mm < self.widest_gap_mm or self.beyond_mm < 0 or self.crop_px < 16:
            raise InputError(
                "gaps above 0, the widest above the least, and a crop of 16 pixels or more", f"{self}", "Correct them."
            )
        if self.noise and not self.noise_mm:
            raise InputError("an SD or more for noisy seeds", "none", "Give noise_mm, or set noise to 0.")


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """One slice, ready for augmentation, with a rim of `RIM_PX`.

    Attributes:
        grey: The grey levels of the slices around it, as in the volume.
        prior_px: The depth of the prior in pixels, positive inside.
        label: What the expert drew, 0 or 1; NaN, once a sample is changed and cut, where nothing was seen.
        cues: As `propagate.prior.cues` has them, without the drawn slices'.
        unseen: 1 where no frame shows anything, before a sample is changed; None where nobody says.
        drawn: The drawn slices on either side, moved; None for a network that does not see them.
        tissue: What lies where on all slices, drawn ones last; None where looks do not change.
    """

    grey: Float32[np.ndarray, "slice y x"]
    prior_px: Float32[np.ndarray, "y x"]
    label: Float32[np.ndarray, "y x"]
    cues: Float32[np.ndarray, " cue"]
    unseen: Float32[np.ndarray, "y x"] | None = None
    drawn: DrawnSlices | None = None
    tissue: Int[np.ndarray, "plane y x"] | None = None


@dataclass(frozen=True, eq=False)
class DrawnSlices:
    """The nearest drawn slices below and above a sample, moved so that centroids meet.

    Attributes:
        grey: Grey levels as in the volume, 0 where there is no such slice.
        depth_px: Depth of the drawn shape in pixels, positive inside.
        counts: How much each counts, as `references.weights` has them.
    """

    grey: Float32[np.ndarray, "side y x"]
    depth_px: Float32[np.ndarray, "side y x"]
    counts: Float32[np.ndarray, " side"]


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of a slice without its image.

    Attributes:
        depth: On the box, in mm, positive inside.
        between_mm: As `prior.nearness` has it.
        sides: The drawn slices beside it.
    """

    depth: Float32[np.ndarray, "y x"]
    between_mm: float
    sides: Sides = (None, None)


class MuscleSamples:
    """Samples of one muscle of one leg.

    What is kept in memory depends on (key, slice, annotator) alone: a sample depends on its random numbers, not on the samples
    before it.

    Args:
        leg: The leg at network pixels.
        value: The muscle's value in the labels.
        annotated: The slices that the expert has judged, ascending, those without the muscle included; None for every slice.
        config: What is shown.
        context: The slices around a sample.
        key: Tells this muscle and leg from others in the random numbers of badly drawn seeds.
        drawn: Whether the network sees drawn slices.
        tissue: Whether looks change, so that what lies where has to be known.
    """

    def __init__(
        self,
        leg: LegPixels,
        value: int,
        annotated: Sequence[int] | None,
        config: AnchoredSamplesConfig,
        context: Context,
        key: tuple[int, ...],
        drawn: bool = False,
        tissue: bool = False,
    ) -> None:
        self.leg, self.value, self.config, self.context, self.key = leg, value, config, context, key
        self.shows_drawn, self.shows_tissue = drawn, tissue
        present = leg.present(value)
        seen = range(present[0] - 1, present[-1] + 2) if annotated is None else annotated
        seen = [z for z in seen if 0 <= z < leg.slices]
        shown = set(present)
        self.full = annotated is None
        self.present = [z for z in seen if z in shown]
        self._shown = frozenset(self.present)
        if not self.present:
            raise InputError(
                f"an annotated slice with label {value} in {leg.name}", "none", "Annotate more slices, or leave the leg out."
            )
        self.groups = find_groups({z: np.array([[z in shown]]) for z in seen})
        self.box = self._around()
        self._box_shape = (self.box[0].stop - self.box[0].start, self.box[1].stop - self.box[1].start)
        self.shapes: Callable[[AnnotatedGroup, int], GroupShapes] = lru_cache(SHAPES_KEPT)(self._shapes)

    def draw(self, rng: np.random.Generator) -> TrainingSample:
        """One sample."""
        config = self.config
        z = self._target(rng)
        annotator = 1 + int(rng.integers(len(config.noise_mm))) if rng.random() < config.noise else 0
        kinds = np.array([config.hide, config.blend, config.warp, config.carry][: 4 if config.carry else 3])
        kind = int(rng.choice(len(kinds), p=kinds / kinds.sum()))
        label = self.leg.mask(z, self.value)[self.box]
        found = self._carried(rng, z, annotator) if kind == 3 else None
        if found is None and (self.shows_drawn or kind != 2 or not label.any()):
            kept = self._kept(rng, z)
            found = self._interpolated(rng, z, annotator, kept)
            if found is None or (kind == 2 and label.any()):
                depth, between_mm = self._led_astray(rng, label)
                found = Prior(depth, between_mm, self._beside(z, kept, self._shapes_of(kept, z, annotator)))
            elif kind == 1 and label.any():
                share = np.float32(rng.uniform(0.3, 0.9))
                true = self._depth(label) + self._border_noise(rng, label.shape, annotator)
                depth = share * true + (1 - share) * found.depth
                found = Prior(depth, float(1 - share) * found.between_mm, found.sides)
        if found is None:
            found = Prior(*self._led_astray(rng, label))
        sd_mm = self.config.noise_mm[annotator - 1] * rng.uniform(0.8, 1.2) if annotator else rng.uniform(0, 0.15)
        return self._cropped(rng, z, found, cues(found.between_mm, sd_mm))

    def _target(self, rng: np.random.Generator) -> int:
        """A slice with the muscle, as a rule; else one close outside, where the ends are known."""
        ends = [(self.groups[0].last, -1)] if not self.groups[0].present else []
        ends += [(self.groups[-1].first, 1)] if not self.groups[-1].present else []
        if ends and rng.random() < self.config.beyond_end:
            edge, way = ends[int(rng.integers(len(ends)))]
            out = int(rng.uniform(0, self.config.beyond_mm) / self.leg.slice_mm)
            return min(max(edge + way * out, 0), self.leg.slices - 1)
        if self.config.near_end and rng.random() < self.config.near_end:
            near = self._near_ends()
            return near[int(rng.integers(len(near)))]
        return self.present[int(rng.integers(len(self.present)))]

    def _near_ends(self) -> list[int]:
        """The annotated slices with the muscle that lie close to one of its ends."""
        most = self.config.near_end_mm / self.leg.slice_mm
        first, last = self.present[0], self.present[-1]
        return [z for z in self.present if min(z - first, last - z) <= most]

    def _carried(self, rng: np.random.Generator, z: int, annotator: int) -> Prior | None:
        """The shape some way along the leg, wrong as a carried mask is; drawn slices on that side alone. None at the ends."""
        config = self.config
        low, high = config.carry_mm
        away = max(1, round(math.exp(rng.uniform(math.log(low), math.log(high))) / self.leg.slice_mm))
        way = -1 if rng.random() < 0.5 else 1
        if self.full:
            way = way if z + way * away in self._shown else -way
            source = z + way * away
        else:
            # Of slices that nobody annotated nothing may be known.
            place = int(np.searchsorted(self.present, z, side="left" if way < 0 else "right"))
            place = min(max(place - 1 if way < 0 else place, 0), len(self.present) - 1)
            source = self.present[place]
            way = -1 if source < z else 1
        if source not in self._shown or source == z:
            return None
        field = _smooth_field(rng, self._box_shape, math.exp(rng.uniform(math.log(6), math.log(40))) / self.leg.pixel_mm)
        uneven_mm, even_mm = config.carry_error_mm
        depth = self._depth(self._drawn(source, annotator)) + np.float32(rng.uniform(0, uneven_mm)) * field
        depth += np.float32(rng.normal(0, even_mm))
        behind = [group for group in self.groups if group.present and (source - group.first) * way <= 0]
        drawn = source + way * round(math.exp(rng.uniform(math.log(0.3), math.log(40))) / self.leg.slice_mm)
        nearest = min(behind, key=lambda group: abs(group.middle - drawn), default=None)
        if self.full:
            place = min(max(drawn, self.present[0]), self.present[-1])
            nearest = AnnotatedGroup((place,), True) if place in self._shown else None
        kept = () if nearest is None else (nearest,)
        # As doubtful as its way from the drawn slice is long: in use errors add up along it.
        drawn_at = [slice_ for group in kept for slice_ in group.slices] or [source]
        between_mm = nearness(z, drawn_at, self.leg.slice_mm).between_mm
        return Prior(depth.astype(np.float32), between_mm, self._beside(z, kept, self._shapes_of(kept, z, annotator)))

    def _interpolated(self, rng: np.random.Generator, z: int, annotator: int, kept: tuple[AnnotatedGroup, ...]) -> Prior | None:
        """A slice's prior from annotated slices around it that are not hidden; None where these do not reach."""
        if not any(group.present for group in kept):
            return None
        strength = STRENGTHS[int(rng.integers(len(STRENGTHS)))] if annotator else 0.0
        kept = _around(kept, z, 5 if strength else 2)
        shapes = self._shapes_of(kept, z, annotator, 5 if strength else 2)
        shapes = smoothed(kept, shapes, strength) if strength else shapes
        depth = guided_depth(z, kept, shapes)
        if depth is None:
            return None
        annotated = [slice_ for group in kept for slice_ in group.slices]
        between_mm = nearness(z, annotated, self.leg.slice_mm).between_mm
        return Prior(np.asarray(depth, dtype=np.float32), between_mm, self._beside(z, kept, shapes))

    def _shapes_of(
        self, kept: tuple[AnnotatedGroup, ...], z: int, annotator: int, most: int = 2
    ) -> dict[AnnotatedGroup, GroupShapes]:
        """What the nearest groups with the muscle show."""
        return {group: self.shapes(group, annotator) for group in _around(kept, z, most) if group.present}

    def _beside(self, z: int, kept: Sequence[AnnotatedGroup], shapes: Mapping[AnnotatedGroup, GroupShapes]) -> Sides:
        """The drawn slices that are shown beside one; none to a network that does not see them."""
        return references(z, kept, shapes, self.leg.slice_mm) if self.shows_drawn else (None, None)

    def _kept(self, rng: np.random.Generator, z: int) -> tuple[AnnotatedGroup, ...]:
        """Annotated slices with a gap of random width around z."""
        config = self.config
        gap = math.exp(rng.uniform(math.log(config.least_gap_mm), math.log(config.widest_gap_mm))) / self.leg.slice_mm
        low = z - gap * rng.uniform(0.15, 0.85)
        high = low + gap
        if self.full:
            kept = self._random_groups(rng, z, low, high, gap)
        else:
            kept = [group for group in self.groups if group.present and (group.last <= low or group.first >= high)]
            kept = [group for group in kept if not group.first <= z <= group.last]
        # Beyond its ends the muscle is absent: there it may be seen absent a little later than it is.
        out = int(rng.uniform(0, config.beyond_mm) / self.leg.slice_mm)
        distance = max(2, round(2.0 / self.leg.slice_mm))
        if not self.groups[0].present:
            absent = max(min(self.groups[0].last, z - distance) - (out if rng.random() < 0.5 else 0), 0)
            kept = [AnnotatedGroup((absent,), False), *kept] if absent < z else kept
        if not self.groups[-1].present:
            absent = min(max(self.groups[-1].first, z + distance) + (out if rng.random() < 0.5 else 0), self.leg.slices - 1)
            kept = [*kept, AnnotatedGroup((absent,), False)] if absent > z else kept
        return tuple(kept)

    def _random_groups(self, rng: np.random.Generator, z: int, low: float, high: float, gap: float) -> list[AnnotatedGroup]:
        """Annotated slices at random, two on either side of z, and the muscle's first and last where these come first."""
        first, last = self.present[0], self.present[-1]
        below = [min(int(low), z - 1), min(int(low), z - 1) - max(1, int(gap * rng.uniform(0.6, 1.5)))]
        above = [max(math.ceil(high), z + 1), max(math.ceil(high), z + 1) + max(1, int(gap * rng.uniform(0.6, 1.5)))]
        places = {min(max(place, first), last) for place in (*below, *above)}
        # Single slices: of three side by side only the noise would differ.
        return [AnnotatedGroup((place,), True) for place in sorted(places) if place != z and self.leg.has(place, self.value)]

    def _led_astray(self, rng: np.random.Generator, label: Bool[np.ndarray, "y x"]) -> tuple[Float32[np.ndarray, "y x"], float]:
        """The true shape, its border displaced as interpolation across a gap of random width would, or much more."""
        between_mm = math.exp(rng.uniform(math.log(1.0), math.log(30.0)))
        # Border errors of guided interpolation on real anatomy: about 0.7, 1.8 and 4 mm in the middle of 27, 55 and 110 mm.
        error_mm: float = 0.1 * between_mm * (between_mm / 7) ** 0.35 * rng.uniform(0.3, 2.5)
        depth = self._depth(label)
        if not label.any():
            return depth, between_mm
        length_mm = math.exp(rng.uniform(math.log(6), math.log(40)))
        field = _smooth_field(rng, label.shape, length_mm / self.leg.pixel_mm)
        move = rng.normal(0, 0.5 * error_mm / self.leg.pixel_mm, (1, 2))
        depth = blend([depth], np.ones(1), move) + np.float32(error_mm) * field + np.float32(rng.normal(0, 0.5 * error_mm))
        return np.asarray(depth, dtype=np.float32), between_mm

    def _depth(self, mask: Bool[np.ndarray, "y x"]) -> Float32[np.ndarray, "y x"]:
        return -signed_distance(mask, (self.leg.pixel_mm, self.leg.pixel_mm))

    def _border_noise(self, rng: np.random.Generator, shape: tuple[int, ...], annotator: int) -> Float32[np.ndarray, "y x"]:
        if not annotator:
            return np.zeros(shape, dtype=np.float32)
        sd_mm = np.float32(self.config.noise_mm[annotator - 1])
        return sd_mm * _smooth_field(rng, shape, NOISE_LENGTH_MM / self.leg.pixel_mm)

    def _shapes(self, group: AnnotatedGroup, annotator: int) -> GroupShapes:
        """The shape of an annotated group, drawn exactly (annotator 0), or with the border error of an entry of `noise_mm`."""
        masks = {z: self._drawn(z, annotator) for z in group.slices}
        drawn = DrawnMuscle(masks, (self.leg.pixel_mm, self.leg.pixel_mm))
        return measured_shapes(group, drawn, NEIGHBOURS if annotator else 1)

    def _drawn(self, z: int, annotator: int) -> Bool[np.ndarray, "y x"]:
        true = self.leg.mask(z, self.value)[self.box]
        if not annotator:
            return true
        rng = np.random.default_rng([*self.key, z, annotator])
        drawn = self._depth(true) + self._border_noise(rng, true.shape, annotator) > 0
        return drawn if drawn.any() else true

    def _around(self) -> Box:
        """The box of all that was drawn, with the margin that interpolation takes."""
        drawn = np.zeros(self.leg.shape_yx, dtype=bool)
        for z in self.present[:: 8 if self.full else 1]:
            drawn |= self.leg.mask(z, self.value)
        return bounding_box(drawn, math.ceil(MARGIN_MM / self.leg.pixel_mm))

    def _cropped(self, rng: np.random.Generator, z: int, prior: Prior, numbers: Float32[np.ndarray, " cue"]) -> TrainingSample:
        """A crop somewhere around the prior: dark beyond the slice, the prior's edge beyond its box."""
        side, depth = self.config.crop_px + 2 * RIM_PX, prior.depth
        rows, columns = self.box
        true = self.leg.mask(z, self.value)
        inside = np.argwhere((depth > min(0.0, float(depth.max()) - 2)) | true[self.box])
        centre = inside.mean(axis=0) + np.array([rows.start, columns.start])
        corner = cast("Sequence[float]", np.round(centre - side / 2 + rng.uniform(-JITTER_PX, JITTER_PX, 2)))
        top, left = int(corner[0]), int(corner[1])
        around = self.context.slices(z, self.leg.slices, self.leg.slice_mm)
        grey = np.stack([self.leg.grey(slice_, top, left, side) for slice_ in around])
        label = _window(true, top, left, side)
        unseen = self.leg.unseen(z, top, left, side)
        prior_px = self._depth_px(depth, top, left, side)
        places = [(slice_, top, left) for slice_ in around]
        drawn = None
        if self.shows_drawn:
            sides = cast("Sides", tuple(None if rng.random() < self.config.lost else each for each in prior.sides))
            moves = [(0, 0) if each is None else move_px(each, depth, 1) for each in sides]
            at = [(z if each is None else each.z, top - y, left - x) for each, (y, x) in zip(sides, moves, strict=True)]
            places += at
            nothing = np.zeros((side, side), dtype=np.float32)
            shapes = [
                nothing if each is None else self._depth_px(-each.shape.distances, place[1], place[2], side)
                for each, place in zip(sides, at, strict=True)
            ]
            shown = [nothing if each is None else self.leg.grey(*place, side) for each, place in zip(sides, at, strict=True)]
            drawn = DrawnSlices(np.stack(shown), np.stack(shapes), weights(sides))
        tissue = np.stack([self.leg.tissue(*place, side) for place in places]) if self.shows_tissue else None
        return TrainingSample(
            grey, prior_px, label, numbers, None if unseen is None else unseen.astype(np.float32), drawn, tissue
        )

    def _depth_px(self, depth: Float[np.ndarray, "y x"], top: int, left: int, side: int) -> Float32[np.ndarray, "v u"]:
        """A square of a map of the box, in pixels; its edge goes on beyond the box."""
        rows, columns = self.box
        at_y = np.clip(np.arange(top, top + side) - rows.start, 0, depth.shape[0] - 1)
        at_x = np.clip(np.arange(left, left + side) - columns.start, 0, depth.shape[1] - 1)
        return np.asarray(depth[np.ix_(at_y, at_x)] / self.leg.pixel_mm, np.float32)


def _around(groups: tuple[AnnotatedGroup, ...], z: int, most: int) -> tuple[AnnotatedGroup, ...]:
    """The groups nearest to a slice, the same number on either side."""
    near = int(np.searchsorted([group.first for group in groups], z))
    return groups[max(0, near - most) : near + most]


def _window(plane: np.ndarray, top: int, left: int, side: int) -> Float32[np.ndarray, "y x"]:
    """A square of a plane, 0 beyond it."""
    window = np.zeros((side, side), dtype=np.float32)
    y0, y1 = max(top, 0), min(top + side, plane.shape[0])
    x0, x1 = max(left, 0), min(left + side, plane.shape[1])
    if y0 < y1 and x0 < x1:
        window[y0 - top : y1 - top, x0 - left : x1 - left] = plane[y0:y1, x0:x1]
    return window


def _smooth_field(rng: np.random.Generator, shape: tuple[int, ...], length_px: float) -> Float32[np.ndarray, "y x"]:
    """A field of mean 0 and SD 1 whose correlation falls to about exp(-1) over a length."""
    return smooth_field(rng, (shape[0], shape[1]), 1.0, length_px / 1.2)
