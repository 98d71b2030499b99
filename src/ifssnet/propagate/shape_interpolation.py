"""Guided interpolation between annotated slices, without looking at the image: the default method."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Json
from ifssnet.geometry.box import Box, bounding_box
from ifssnet.propagate.course import Course, find_course
from ifssnet.propagate.levels import depths
from ifssnet.propagate.shapes import guided_map, plain_map
from ifssnet.propagate.volume_estimate import estimate_volume

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
    through the annotated areas has there. Consecutive annotated slices are one knot of these curves.
    """

    config: ShapeInterpolationConfig = ShapeInterpolationConfig()
    name = "shape-interpolation"
    needs_volume = False

    def steps(self, volume: Volume | None, seeds: Seeds) -> Iterator[Step]:  # noqa: ARG002
        """Yield every slice between annotated ones, all muscles of a slice after one another; `volume` is not read."""
        box = _box_of(seeds)
        if box is None:
            return
        courses = {label: self._course(seeds, label, box) for label in seeds.labels}
        by_slice: dict[int, list[int]] = {}
        for label, course in courses.items():
            for z in course.piece_of:
                by_slice.setdefault(z, []).append(label)
        done, total = 0, sum(map(len, by_slice.values()))
        for z in sorted(by_slice):
            for label, depth in self._slice(z, {label: courses[label] for label in by_slice[z]}, seeds, box).items():
                probability = np.zeros(seeds.grid.shape_zyx[1:], dtype=np.float32)
                probability[box] = expit(depth / np.float32(self.config.softness_mm))
                done += 1
                yield Step(label, z, probability, done, total)

    def describe(self, seeds: Seeds) -> Mapping[str, Json]:
        """Settings; for each muscle the knots, the smoothing and how it was chosen, and the estimated volume with its error."""
        box = _box_of(seeds)
        muscles: dict[str, Json] = {}
        for label in seeds.labels:
            if box is None:
                break
            course = self._course(seeds, label, box)
            facts: dict[str, Json] = {"knots": len([knot for knot in course.knots if knot.present])}
            if not self.config.plain:
                facts |= {"smoothing": course.smoothing}
                facts |= estimate_volume(course, seeds.grid.voxel_volume_mm3)
            muscles[seeds.name(label)] = facts
        return {"settings": dict(asdict(self.config)), "muscles": muscles}

    def _course(self, seeds: Seeds, label: int, box: Box) -> Course:
        beyond = int(self.config.extrapolate_mm / seeds.grid.spacing_xyz_mm[2] + 1e-6)
        masks = {z: mask[box] for z, mask in seeds.masks[label].items()}
        smoothing = 0.0 if self.config.plain else self.config.smoothing
        return find_course(masks, seeds.grid.slices, beyond, seeds.grid.spacing_zyx_mm[1:], smoothing)

    def _slice(self, z: int, courses: Mapping[int, Course], seeds: Seeds, box: Box) -> dict[int, np.ndarray]:
        """How deep each pixel of the box lies inside each muscle that has to be found on a slice."""
        if self.config.plain:
            return {label: -plain_map(course.piece_of[z], z, course.anchors) for label, course in courses.items()}
        drawn = [masks[z][box] for label, masks in seeds.masks.items() if z in masks and label not in courses]
        taken = np.any(drawn, axis=0) if drawn else None
        return depths(
            {label: guided_map(course.piece_of[z], z, course.anchors) for label, course in courses.items()},
            {label: course.area_px[z] for label, course in courses.items()},
            {} if taken is None else {label: taken for label in courses},
        )


def _box_of(seeds: Seeds) -> Box | None:
    """The part of every slice that any muscle was drawn on, with a margin; None where nothing was drawn."""
    drawn = np.zeros(seeds.grid.shape_zyx[1:], dtype=bool)
    for masks in seeds.masks.values():
        for mask in masks.values():
            drawn |= mask
    if not drawn.any():
        return None
    _, spacing_y_mm, spacing_x_mm = seeds.grid.spacing_zyx_mm
    return bounding_box(drawn, (math.ceil(MARGIN_MM / spacing_y_mm), math.ceil(MARGIN_MM / spacing_x_mm)))
