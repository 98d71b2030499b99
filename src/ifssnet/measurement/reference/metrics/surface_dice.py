"""Metrics of the share of two surfaces that is close to the other one; the formula is `SurfelDistances`'."""

from __future__ import annotations

from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference.metrics.metric import Metric

SURFACE_DICE_1MM = Metric(
    Quantity("surface_dice_1mm", "Surface Dice at 1 mm", "", 3, "Share of both surfaces that is within 1 mm of the other one."),
    lambda muscle: muscle.surfels.surface_dice(1.0),
    "larger",
)
SURFACE_DICE_2MM = Metric(
    Quantity("surface_dice_2mm", "Surface Dice at 2 mm", "", 3, "Share of both surfaces that is within 2 mm of the other one."),
    lambda muscle: muscle.surfels.surface_dice(2.0),
    "larger",
)
