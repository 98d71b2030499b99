"""Metrics of the distance between two surfaces; the formulas are `SurfaceDistances`'."""

from __future__ import annotations

from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference.metrics.metric import Metric

HAUSDORFF = Metric(
    Quantity("hausdorff_mm", "Hausdorff distance", "mm", 2, "Largest distance between the surfaces: the single worst place."),
    lambda muscle: muscle.distances.hausdorff_mm,
    "smaller",
)
HAUSDORFF95 = Metric(
    Quantity("hausdorff95_mm", "Hausdorff distance, 95 %", "mm", 2, "95 % of the surface points lie closer than this."),
    lambda muscle: muscle.distances.hausdorff95_mm,
    "smaller",
)
ASD = Metric(
    Quantity("asd_mm", "Average surface distance", "mm", 2, "Mean distance between the surfaces, in both directions."),
    lambda muscle: muscle.distances.asd_mm,
    "smaller",
)
