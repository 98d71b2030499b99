"""Metrics of the overlap of two masks; the formulas are `Overlap`'s."""

from __future__ import annotations

from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference.metrics.metric import Metric

DICE = Metric(
    Quantity("dice", "Dice", "", 3, "Twice the shared volume over the sum of both: 1 is perfect, 0 nothing shared."),
    lambda muscle: muscle.overlap.dice,
    "larger",
)
IOU = Metric(
    Quantity("iou", "IoU", "", 3, "Shared volume over that of both together (Jaccard)."),
    lambda muscle: muscle.overlap.iou,
    "larger",
)
MIOU = Metric(
    Quantity("miou", "mIoU", "", 3, "Mean of the IoU of the muscle and of the background, as papers report it."),
    lambda muscle: muscle.overlap.miou,
    "larger",
)
PRECISION = Metric(
    Quantity("precision", "Precision", "", 3, "Share of the segmentation that is in the reference."),
    lambda muscle: muscle.overlap.precision,
    "larger",
)
RECALL = Metric(
    Quantity("recall", "Recall", "", 3, "Share of the reference that was found."),
    lambda muscle: muscle.overlap.recall,
    "larger",
)
