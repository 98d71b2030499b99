"""Every metric, in the order of reports. A new one is a file beside this one and a line here; nothing else changes.

A metric that `MuscleAgreement` has a field for fills that field; any other is kept in `MuscleAgreement.further`, and is written
to files, tables and the report like the rest.
"""

from __future__ import annotations

from ifssnet.measurement.reference.metrics.boundaries import BOUNDARIES
from ifssnet.measurement.reference.metrics.distances import ASD, HAUSDORFF, HAUSDORFF95
from ifssnet.measurement.reference.metrics.metric import Metric
from ifssnet.measurement.reference.metrics.overlaps import DICE, IOU, MIOU, PRECISION, RECALL
from ifssnet.measurement.reference.metrics.surface_dice import SURFACE_DICE_1MM, SURFACE_DICE_2MM
from ifssnet.measurement.reference.metrics.volumes import (
    ABSOLUTE_VOLUME_ERROR,
    REFERENCE_VOLUME,
    VOLUME,
    VOLUME_DIFFERENCE,
    VOLUME_ERROR,
)

METRICS: tuple[Metric, ...] = (
    DICE,
    IOU,
    MIOU,
    PRECISION,
    RECALL,
    HAUSDORFF,
    HAUSDORFF95,
    ASD,
    SURFACE_DICE_1MM,
    SURFACE_DICE_2MM,
    VOLUME_ERROR,
    ABSOLUTE_VOLUME_ERROR,
    VOLUME,
    REFERENCE_VOLUME,
    VOLUME_DIFFERENCE,
    *BOUNDARIES,
)
