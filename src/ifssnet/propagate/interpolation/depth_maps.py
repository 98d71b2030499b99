"""How deep each pixel lies inside each muscle, slice after slice, as guided interpolation knows it from annotated slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.box import Box
from ifssnet.propagate.interpolation.interpolated_shapes import guided_map
from ifssnet.propagate.interpolation.levels import depths
from ifssnet.propagate.interpolation.muscle_curves import MuscleCurves

Depth = Float[np.ndarray, "y x"]
"""Distance from the border in mm, positive inside."""


@dataclass(frozen=True, eq=False)
class DepthMaps:
    """Any slice between annotated ones, at the cost of that slice alone.

    Attributes:
        seeds: What the expert drew.
        box: Rows and columns that the maps cover: all that was drawn, with a margin.
        curves: What is known of each muscle along z.
        scatter_mm: SD of the drawn borders about smooth ones, from slices drawn side by side; None without such.
    """

    seeds: Seeds
    box: Box
    curves: Mapping[int, MuscleCurves]
    scatter_mm: float | None = None

    @cached_property
    def labels_of(self) -> Mapping[int, tuple[int, ...]]:
        """The muscles that have to be found on each slice, by slice, ascending."""
        found: dict[int, list[int]] = {}
        for label, own_curves in self.curves.items():
            for z in own_curves.gap_of:
                found.setdefault(z, []).append(label)
        return {z: tuple(found[z]) for z in sorted(found)}

    def at(self, z: int) -> dict[int, Depth]:
        """The maps of a slice, on the box, for each muscle that has to be found there: what they share is settled."""
        curves = {label: self.curves[label] for label in self.labels_of.get(z, ())}
        return depths(
            {label: guided_map(own_curves.gap_of[z], z, own_curves.shapes) for label, own_curves in curves.items()},
            {label: own_curves.area_px[z] for label, own_curves in curves.items()},
            taken_on(self.seeds, z, self.box, curves),
        )


def taken_on(seeds: Seeds, z: int, box: Box, sought: Mapping[int, MuscleCurves]) -> Mask | None:
    """Pixels of a box that an expert gave, on this slice, to muscles other than those that are sought there."""
    drawn = [masks[z][box] for label, masks in seeds.masks.items() if z in masks and label not in sought]
    return np.any(drawn, axis=0) if drawn else None
