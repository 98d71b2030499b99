"""Whether a segmentation holds whole muscles: what ends at full width goes on beyond, and its volume is a part only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.grids.long_axis import along, leg_order, pixels_by_slice

LARGE_END_SHARE = 0.35
"""A muscle tapers: an area on its first or last slice of more than this share of its largest one is a cut, not an end."""

FEW_SLICES = 3
"""A muscle on this many slices or fewer was only drawn: nothing was propagated from them."""

SMALLEST_MM, LARGEST_MM = 5.0, 3000.0
"""A label map that is shorter or longer from end to end is not of a leg: its header counts in another unit."""

CLICK_CM2 = 0.05
"""Smaller than any cross-section that somebody outlines: 5 mm2."""


@dataclass(frozen=True)
class Incompleteness:
    """Why a muscle's volume is not that of the muscle.

    Attributes:
        kind: "click": nobody outlined it; "few": it stands on a few slices alone; "cut": it goes on beyond its outermost
            slices.
        slices: The slices in question, ascending: the few, or the outermost ones that are cut; none of a click.
        span: Its first and last slice.
        area_cm2: The largest area on these slices; of a click, on any.
    """

    kind: Literal["click", "few", "cut"]
    slices: tuple[int, ...]
    span: tuple[int, int]
    area_cm2: float


def completeness_findings(labels: LabelMap) -> tuple[Finding, ...]:
    """What is missing of the muscles on a label map, muscle by muscle.

    Args:
        labels: The segmentation; its slices are those across the leg, whatever axis of the array that is.

    Returns:
        A warning for each muscle that is a click, that stands on a few slices alone, or that has a large area on its first
        or last slice; the figure is that area in cm2. Muscles that have a name and not one voxel share a warning. A map that
        cannot be of a leg by its size has one warning, which says so.
    """
    if (size := _size_finding(labels.grid)) is not None:
        return (size,)
    areas = _areas_cm2(along(labels, leg_order(labels)))
    empty = [name for name, area in areas.items() if not area.any()]
    found = [finding for name, area in areas.items() if (finding := completeness_finding(name, area)) is not None]
    return (*_empty(empty), *found)


def _size_finding(grid: Grid) -> Finding | None:
    longest = max(n * mm for n, mm in zip(reversed(grid.shape_zyx), grid.spacing_xyz_mm, strict=True))
    if SMALLEST_MM <= longest <= LARGEST_MM:
        return None
    unit = "metres or centimetres" if longest < SMALLEST_MM else "micrometres"
    what = (
        f"The label map is {longest:.3g} mm from end to end, which no leg is; its volumes and lengths are not those of a leg."
    )
    return Finding("warning", what, f"Correct the header: its numbers may be {unit} that it calls mm.", longest, "mm")


def _empty(names: Sequence[str]) -> tuple[Finding, ...]:
    if not names:
        return ()
    named = "has a name" if len(names) == 1 else "have names"
    what = f"{', '.join(names)} {named} and not one voxel: 0 cm3 says nothing of the leg."
    return (Finding("warning", what, "Check that the right file or layer was saved, or remove the name.", 0.0, "cm3"),)


def click_finding(name: str, largest_cm2: float) -> Finding | None:
    """A warning of a muscle that nobody outlined; None where its largest area is that of an outline.

    Args:
        name: The muscle.
        largest_cm2: Its largest area on any slice.
    """
    if largest_cm2 >= CLICK_CM2:
        return None
    what = f"{name} has at most {100 * largest_cm2:.2g} mm2 on any slice, which is a click rather than an outline."
    return Finding("warning", what, "Outline the muscle on each slice that is drawn.", largest_cm2, "cm2")


def _areas_cm2(labels: LabelMap) -> Mapping[str, Float[np.ndarray, " slice"]]:
    pixels = pixels_by_slice(labels.array, list(labels.names))
    return {name: pixels[value] * (labels.grid.pixel_area_mm2 / 100) for value, name in labels.names.items()}


def incompleteness(area_cm2: Float[np.ndarray, " slice"]) -> Incompleteness | None:
    """What a muscle's areas from slice to slice say against its volume; None where they say nothing.

    Args:
        area_cm2: Its area on each slice along the leg.
    """
    slices = [int(z) for z in np.flatnonzero(area_cm2)]
    if not slices:
        return None
    span, largest = (slices[0], slices[-1]), float(area_cm2.max())
    if largest < CLICK_CM2:
        return Incompleteness("click", (), span, largest)
    if len(slices) <= FEW_SLICES:
        return Incompleteness("few", tuple(slices), span, largest)
    cut = tuple(z for z in span if area_cm2[z] > LARGE_END_SHARE * largest)
    return Incompleteness("cut", cut, span, float(area_cm2[list(cut)].max())) if cut else None


def completeness_finding(name: str, area_cm2: Float[np.ndarray, " slice"]) -> Finding | None:
    """The same in words; None where there is nothing to say.

    Args:
        name: The muscle.
        area_cm2: Its area on each slice along the leg.
    """
    found = incompleteness(area_cm2)
    if found is None:
        return None
    match found.kind:
        case "click":
            return click_finding(name, found.area_cm2)
        case "few":
            one = len(found.slices) == 1
            where = f"slice {found.slices[0]} only" if one else f"slices {', '.join(map(str, found.slices))} only"
            what = f"{name} stands on {where}; nothing was carried to other slices, and its volume is that of these slices."
            remedy = "Draw it on more slices, its two ends among them."
        case "cut":
            cut = " and ".join(f"{area_cm2[z]:.3g} cm2 on its outermost slice (z {z})" for z in found.slices)
            what = f"{name} still has {cut}; the volume covers slices {found.span[0]}-{found.span[1]} only."
            remedy = "Draw the slices where the muscle ends, and an empty one beyond."
    return Finding("warning", what, remedy, found.area_cm2, "cm2")
