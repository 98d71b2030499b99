"""Metrics of the surface part by part: experts differ most at a muscle's ends, and methods need not err where they do."""

from __future__ import annotations

import math

import numpy as np

from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference.comparison import Comparison
from ifssnet.measurement.reference.metrics.metric import Metric
from ifssnet.measurement.reference.parts import Part

NAMES: dict[Part, tuple[str, str]] = {
    "first_end": ("first end", "On the first fifth of the reference's slices, and before them."),
    "middle": ("middle", "On the slices between the two ends."),
    "last_end": ("last end", "On the last fifth of the reference's slices, and behind them."),
    "superficial": ("superficial side", "On the half that is nearer to the probe."),
    "deep": ("deep side", "On the half that is further from the probe."),
}
"""What each part is called, and what it is."""


def _mean_mm(muscle: Comparison, part: Part, signed: bool) -> float:
    distances = muscle.distances
    in_mask, in_reference = (muscle.parts.holds(part, zyx) for zyx in (distances.mask_zyx, distances.reference_zyx))
    both = np.concatenate([distances.mask_mm[in_mask], distances.reference_mm[in_reference]])
    if not both.size:
        return math.nan
    if not signed or not np.isfinite(both).all():
        return float(both.mean())
    # A voxel of the segmentation lies too far out where the reference is not; one of the reference, where the segmentation is.
    out = np.concatenate([distances.mask_beyond[in_mask], ~distances.reference_beyond[in_reference]])
    return float(np.where(out, both, -both).mean())


def _distance(part: Part) -> Metric:
    name, where = NAMES[part]
    quantity = Quantity(f"asd_{part}_mm", f"Surface distance, {name}", "mm", 2, where)
    return Metric(quantity, lambda muscle: _mean_mm(muscle, part, signed=False), "smaller")


def _offset(part: Part) -> Metric:
    name, where = NAMES[part]
    quantity = Quantity(f"offset_{part}_mm", f"Surface offset, {name}", "mm", 2, f"{where} Positive: too far out.", signed=True)
    return Metric(quantity, lambda muscle: _mean_mm(muscle, part, signed=True), "nearer to 0")


DISTANCES: tuple[Metric, ...] = tuple(_distance(part) for part in NAMES)
OFFSETS: tuple[Metric, ...] = tuple(_offset(part) for part in NAMES)
BOUNDARIES: tuple[Metric, ...] = (*DISTANCES, *OFFSETS)
