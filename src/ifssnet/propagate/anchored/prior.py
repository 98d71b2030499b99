"""What the anchored network gets beside the image: the guided prior of one slice, and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32

from ifssnet.core.errors import InputError
from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.depth_maps import Depth, DepthMaps
from ifssnet.propagate.interpolation.gaps import find_gaps
from ifssnet.propagate.interpolation.group_shapes import GroupShapes
from ifssnet.propagate.interpolation.interpolated_shapes import guided_map
from ifssnet.propagate.interpolation.levels import depths
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup

FAR_MM = 60.0
"""Distance to an annotated slice on a side where there is none."""


@dataclass(frozen=True)
class Context:
    """The slices that the network sees of each sample.

    Attributes:
        offsets_mm: From the wanted slice, ascending, 0 in the middle.
        zero_image: Show a black image instead: the control that tells what the image is worth.
    """

    offsets_mm: tuple[float, ...] = (-4.4, -2.2, 0.0, 2.2, 4.4)
    zero_image: bool = False

    def __post_init__(self) -> None:
        if len(self.offsets_mm) % 2 == 0 or self.offsets_mm[len(self.offsets_mm) // 2] != 0:
            raise InputError("an odd number of offsets with 0 in the middle", f"{self.offsets_mm}", "Correct offsets_mm.")
        if list(self.offsets_mm) != sorted(self.offsets_mm):
            raise InputError("ascending offsets", f"{self.offsets_mm}", "Correct offsets_mm.")

    def slices(self, z: int, slices: int, slice_mm: float) -> list[int]:
        """Indices of the slices around z; the outermost stands in for those beyond the volume."""
        return [min(max(z + round(offset / slice_mm), 0), slices - 1) for offset in self.offsets_mm]


@dataclass(frozen=True)
class Nearness:
    """How far a slice lies from what the expert drew.

    Attributes:
        nearest_mm: To the nearest annotated slice.
        between_mm: d_below d_above / (d_below + d_above): the expected error of interpolation rises with it.
    """

    nearest_mm: float
    between_mm: float


def nearness(z: int, annotated: Sequence[int], slice_mm: float) -> Nearness:
    """How far a slice lies from the annotated ones, which ascend; both 0 on one of them."""
    place = int(np.searchsorted(annotated, z))
    above = (annotated[place] - z) * slice_mm if place < len(annotated) else FAR_MM
    below = (z - annotated[place - 1]) * slice_mm if place else FAR_MM
    if above == 0 or below == 0:
        return Nearness(0.0, 0.0)
    return Nearness(min(above, below), above * below / (above + below))


def cues(between_mm: float, scatter_mm: float) -> Float32[np.ndarray, " cue"]:
    """The two numbers that the network gets about a slice, each from 0 to about 1.

    Args:
        between_mm: The decay of `Nearness`: gaps of 5 and of 120 mm give 0.16 and 0.92 in their middle.
        scatter_mm: SD of the expert's borders; see `scatter_beyond_pixels_mm`.
    """
    return np.array([math.log1p(between_mm / 2) / 3, min(scatter_mm, 2.0) / 2], dtype=np.float32)


def guided_depth(
    z: int, groups: tuple[AnnotatedGroup, ...], shapes: Mapping[AnnotatedGroup, GroupShapes], beyond: int = 0
) -> Depth | None:
    """Guided interpolation of one muscle on one slice: the same as `DepthMaps.at` says where it has no neighbours.

    Args:
        z: A slice that is not annotated.
        groups: Annotated slices, ascending.
        shapes: The shapes at the groups with the muscle; only those within two groups of the slice are needed.
        beyond: Slices to go past the outermost groups where these show the muscle.

    Returns:
        Depth in mm, positive inside; None where interpolation says that the muscle is absent.
    """
    for gap in find_gaps(groups, z + beyond + 1, beyond):
        if z in gap.slices:
            alone = replace(gap, slices=range(z, z + 1))
            area_px = area_curve((alone,), shapes)[z]
            return depths({1: guided_map(alone, z, shapes)}, {1: area_px}, None)[1]
    return None


def network_slices(maps: DepthMaps, label: int, step: int) -> Sequence[int]:
    """Slices of a muscle on a lattice that all muscles share, and the first and last of every gap."""
    gaps = {(gap.slices.start, gap.slices.stop) for gap in maps.curves[label].gap_of.values()}
    chosen = {z for first, stop in gaps for z in (first, stop - 1)}
    chosen |= {z for first, stop in gaps for z in range(first + -first % step, stop, step)}
    return sorted(chosen)


def slices_stood_for(slices: Sequence[int], sought: Sequence[int]) -> Float[np.ndarray, " slice"]:
    """How many of the slices that are sought lie closest to each one that the network sees; both ascend."""
    middles = (np.array(slices[1:]) + np.array(slices[:-1])) / 2
    return np.bincount(np.searchsorted(middles, sought), minlength=len(slices)).astype(np.float64)
