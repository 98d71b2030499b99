"""How much of each muscle was never seen: there the outline is a guess, and the grey level 0 means nothing."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap
from ifssnet.core.results.measures import LegMeasures
from ifssnet.geometry.masks.box import label_boxes

MUCH_UNSEEN_PERCENT = 5.0
"""Beyond this share a muscle's volume rests on more than its image: experts differ by 4 %."""


def unseen_share(labels: LabelMap, value: int, seen: Bool[np.ndarray, "z y x"]) -> float:
    """Share of a label's voxels outside a mask of what was seen, 0 to 1; 0 where the label is nowhere.

    Args:
        labels: The label map.
        value: The muscle.
        seen: The mask, on the same grid.
    """
    box = label_boxes(labels.array, [value])[value]
    inside = labels.array[box] == value
    voxels = int(inside.sum())
    return float((inside & ~seen[box]).sum() / voxels) if voxels else 0.0


def unseen_findings(measures: LegMeasures) -> tuple[Finding, ...]:
    """A warning for each muscle of which more than `MUCH_UNSEEN_PERCENT` was never seen, the figure a share from 0 to 1."""
    return tuple(
        Finding(
            "warning",
            f"{muscle.never_seen_percent:.0f} % of {name} was never seen: no frame shows these voxels.",
            "Its outline is a guess there. Fill holes between frames (ifss compound --fill distance); sweep that part too "
            "next time, or say the share beside the volume.",
            muscle.never_seen_percent / 100,
        )
        for name, muscle in measures.muscles.items()
        if muscle.never_seen_percent is not None and muscle.never_seen_percent > MUCH_UNSEEN_PERCENT
    )
