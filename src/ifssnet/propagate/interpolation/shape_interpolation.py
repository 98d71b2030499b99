"""Guided interpolation between annotated slices, without looking at the image: the default method."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial

import numpy as np
from jaxtyping import Float32

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.machine.threads import ahead
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription, SmoothingChoice, VolumeEstimate
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.box import Box, bounding_box
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.interpolation.cross_validation import choose_smoothing
from ifssnet.propagate.interpolation.depth_maps import DepthMaps
from ifssnet.propagate.interpolation.interpolated_shapes import plain_map
from ifssnet.propagate.interpolation.levels import depths
from ifssnet.propagate.interpolation.muscle_curves import find_curves
from ifssnet.propagate.interpolation.seed_smoothing import Smoothing
from ifssnet.propagate.interpolation.volume_estimate import estimate_volume
from ifssnet.propagate.seeding.drawn_muscle import NEIGHBOURS, DrawnMuscle, ends_of

MARGIN_MM = 8.0
"""Room around all that was drawn, for shapes that bulge between the annotated slices."""


@dataclass(frozen=True)
class ShapeInterpolationConfig:
    """How to interpolate.

    Attributes:
        plain: Signed distances blended linearly between two slices, and nothing else: the field's usual way, whose
            muscles are always too small between the annotated slices. The other settings but `extrapolate_mm` rest.
        smoothing: "auto" lets cross-validation over the annotated slices say how much the curves may leave what was
            drawn; a number from 0 (run through every drawn slice) upwards sets the strength of the smoothing spline.
        extrapolate_mm: How far past the outermost annotated slices to go where these show the muscle.
        softness_mm: Distance from the border at which the probability has risen from 0.5 to 0.73.
    """

    plain: bool = False
    smoothing: float | str = "auto"
    extrapolate_mm: float = 0.0
    softness_mm: float = 1.0

    def __post_init__(self) -> None:
        numbers = {"extrapolate_mm": self.extrapolate_mm, "softness_mm": self.softness_mm}
        if self.smoothing != "auto":
            numbers["smoothing"] = self.smoothing if not isinstance(self.smoothing, str) else math.nan
        for name, value in numbers.items():
            if not (math.isfinite(value) and value >= 0) or (name == "softness_mm" and value == 0):
                wanted = "'auto' or a number from 0" if name == "smoothing" else "a positive number of mm"
                raise InputError(f"{wanted} for {name}", f"{getattr(self, name)}", f"Correct {name}.")


@dataclass(frozen=True)
class ShapeInterpolation:
    """Shapes between annotated slices, from signed distances, with the centroid and the area on curves of their own.

    For each slice the signed distance maps of up to four annotated slices are moved along a cubic curve through the
    centroids, blended by cubic Hermite weights, and cut at the level that gives the muscle the area that a cubic curve
    through the annotated areas has there. Consecutive annotated slices are one group of these curves.
    """

    config: ShapeInterpolationConfig = ShapeInterpolationConfig()
    name = "shape-interpolation"
    needs_volume = False

    def prepare(self, volume: Volume | None, seeds: Seeds) -> ShapePropagation:  # noqa: ARG002
        """The method with its seeds; `volume` is not read."""
        return ShapePropagation(self.config, seeds)


@dataclass(frozen=True, eq=False)
class ShapePropagation:
    """Shape interpolation of one leg: all that follows from its seeds, worked out once where it is asked for.

    Attributes:
        config: How to interpolate.
        seeds: What the expert drew.
    """

    config: ShapeInterpolationConfig
    seeds: Seeds

    def steps(self) -> Iterator[Step]:
        """Yield every slice between annotated ones, all muscles of a slice after one another."""
        maps = self.depth_maps
        if maps is not None:
            yield from self.steps_on({label: set(curves.gap_of) for label, curves in maps.curves.items()})

    def steps_on(self, wanted: Mapping[int, Set[int]]) -> Iterator[Step]:
        """Yield these slices alone, see `PartialPropagation`."""
        maps = self.depth_maps
        if maps is None:
            return
        sought = {(label, z) for z, labels in maps.labels_of.items() for label in labels if z in wanted.get(label, ())}
        done = 0
        for z, found in ahead(partial(self._probabilities, maps), sorted({z for _, z in sought})):
            for label, probability in found.items():
                if (label, z) in sought:
                    done += 1
                    yield Step(label, z, probability, done, len(sought), within=maps.box)

    def _probabilities(self, maps: DepthMaps, z: int) -> dict[int, Float32[np.ndarray, "row column"]]:
        """The probability of a slice for each muscle that has to be found there."""
        if self.config.plain:
            curves = {label: maps.curves[label] for label in maps.labels_of[z]}
            found = {label: -plain_map(own_curves.gap_of[z], z, own_curves.shapes) for label, own_curves in curves.items()}
        else:
            found = maps.at(z)
        probabilities: dict[int, Float32[np.ndarray, "row column"]] = {}
        for label, depth in found.items():
            probability = np.zeros(self.seeds.grid.shape_zyx[1:], dtype=np.float32)
            probability[maps.box] = expit(depth / np.float32(self.config.softness_mm))
            probabilities[label] = probability
        return probabilities

    @cached_property
    def depth_maps(self) -> DepthMaps | None:
        """The guided depth of any slice, for methods that start from it; None where no muscle was drawn."""
        box, grid = self._box, self.seeds.grid
        if box is None:
            return None
        choice = self.smoothing_choice
        smoothing = Smoothing(choice.average_consecutive, choice.spline_strength)
        beyond = int(self.config.extrapolate_mm / grid.spacing_xyz_mm[2] + 1e-6)
        curves = {label: find_curves(drawn, grid.slices, beyond, smoothing) for label, drawn in self._drawn.items()}
        return DepthMaps(self.seeds, box, curves, choice.border_scatter_mm)

    def depth_maps_alone(self, label: int) -> DepthMaps | None:
        """The same for one muscle that is taken to have no neighbours: its smoothing is chosen from its own slices alone."""
        alone = replace(self.seeds, masks={label: self.seeds.masks[label]})
        return ShapePropagation(self.config, alone).depth_maps

    def describe(self) -> MethodDescription:
        """Settings; the smoothing and how it was chosen; for each muscle its groups and the estimated volume with its error."""
        settings, plain, grid = asdict(self.config), self.config.plain, self.seeds.grid
        if self.depth_maps is None:
            return MethodDescription(settings)
        muscles = {
            self.seeds.name(label): VolumeEstimate(sum(group.present for group in own_curves.groups))
            if plain
            else estimate_volume(own_curves, grid, self.depth_maps.scatter_mm)
            for label, own_curves in self.depth_maps.curves.items()
        }
        return MethodDescription(settings, smoothing=None if plain else self.smoothing_choice, muscles=muscles)

    @cached_property
    def smoothed_seeds(self) -> Seeds:
        """The drawn slices as the curves take them: smoothed where borders scatter, otherwise the same seeds.

        For methods that would take every given mask at its word. Slices drawn side by side have to show such
        scatter: that cross-validation likes smoother curves is no reason to move what was drawn. Slices where a muscle was
        drawn as absent stay so.
        """
        seeds = self.seeds
        if self._box is None or not self.smoothing_choice.average_consecutive:
            return seeds
        assert self.depth_maps is not None
        masks: dict[int, dict[int, Mask]] = {label: dict(own) for label, own in seeds.masks.items()}
        for label, own_curves in self.depth_maps.curves.items():
            for group, shapes in own_curves.shapes.items():
                for shape, slices in zip((shapes.low, shapes.high), ends_of(group, NEIGHBOURS), strict=True):
                    mask = np.zeros(seeds.grid.shape_zyx[1:], dtype=bool)
                    mask[self.depth_maps.box] = depths({label: shape.distances}, {label: shape.area_px}, None)[label] >= 0
                    if mask.any():
                        masks[label] |= dict.fromkeys(slices, mask)
        return replace(seeds, masks=masks)

    @cached_property
    def smoothing_choice(self) -> SmoothingChoice:
        """The smoothing of all muscles, by cross-validation where the configuration leaves it open."""
        smoothing = self.config.smoothing
        if self.config.plain or self._box is None:
            return SmoothingChoice()
        if not isinstance(smoothing, str):
            return SmoothingChoice(smoothing > 0, smoothing)
        return choose_smoothing(list(self._drawn.values()))

    @cached_property
    def _box(self) -> Box | None:
        """The part of every slice that any muscle was drawn on, with a margin; None where nothing was drawn."""
        seeds = self.seeds
        drawn = np.zeros(seeds.grid.shape_zyx[1:], dtype=bool)
        for masks in seeds.masks.values():
            for mask in masks.values():
                drawn |= mask
        if not drawn.any():
            return None
        _, spacing_y_mm, spacing_x_mm = seeds.grid.spacing_zyx_mm
        return bounding_box(drawn, (math.ceil(MARGIN_MM / spacing_y_mm), math.ceil(MARGIN_MM / spacing_x_mm)))

    @cached_property
    def _drawn(self) -> dict[int, DrawnMuscle]:
        """What was drawn of each muscle, on the box."""
        box, spacing_yx_mm = self._box or ..., self.seeds.grid.spacing_zyx_mm[1:]
        cropped = {label: {z: mask[box] for z, mask in masks.items()} for label, masks in self.seeds.masks.items()}
        return {label: DrawnMuscle(masks, spacing_yx_mm) for label, masks in cropped.items()}
