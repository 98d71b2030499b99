"""Metrics of the volume that was found, against the reference's."""

from __future__ import annotations

from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference.metrics.metric import Metric

VOLUME_ERROR = Metric(
    Quantity("volume_error_percent", "Volume error", "%", 2, "Signed: positive where the segmentation is larger.", signed=True),
    lambda muscle: muscle.overlap.volume_error_percent,
    "nearer to 0",
)
ABSOLUTE_VOLUME_ERROR = Metric(
    Quantity("absolute_volume_error_percent", "Absolute volume error", "%", 2, "The same without its sign."),
    lambda muscle: abs(muscle.overlap.volume_error_percent),
    "smaller",
)
VOLUME = Metric(
    Quantity("volume_cm3", "Volume", "cm³", 1, "The segmentation's, on the slices that count."),
    lambda muscle: muscle.volume_cm3,
)
REFERENCE_VOLUME = Metric(
    Quantity("reference_volume_cm3", "Volume of the reference", "cm³", 1, "To hold the segmentation's volume against."),
    lambda muscle: muscle.reference_volume_cm3,
)
VOLUME_DIFFERENCE = Metric(
    Quantity("volume_difference_cm3", "Volume difference", "cm³", 1, "Segmentation less reference.", signed=True),
    lambda muscle: muscle.volume_cm3 - muscle.reference_volume_cm3,
    "nearer to 0",
)
