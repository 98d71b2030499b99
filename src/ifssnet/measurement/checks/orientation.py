"""Whether a segmentation's axes are the patient's, judged by where the muscles of the calf lie to each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ifssnet.core.images import LabelMap
from ifssnet.geometry.masks.box import crop, label_boxes
from ifssnet.measurement.names import named_values

SOLEUS, GASTROCNEMII = "SOL", ("GM", "GL")

WITHIN_DEG = 30.0
"""How far the soleus' long way may lie from the axis that is said to run to superior."""

CLEAR_SHARE = 0.05
"""How far apart the centroids have to lie before they say anything, in shares of the soleus' length."""


def patient_axes_fit(layers: Sequence[LabelMap]) -> bool | None:
    """Whether x to the left, y to posterior and z to superior (LPS) fit the muscles of a calf.

    The gastrocnemii lie behind the soleus, and end higher. Two axes that fit leave the third no choice, as LPS is right-handed.

    Args:
        layers: The segmentation, each structure whole.

    Returns:
        None where nothing says so: without the soleus or without a gastrocnemius, or with short parts of them only.
    """
    named = _named(layers)
    above = [_places_mm(*named[name]) for name in GASTROCNEMII if name in named]
    soleus = _places_mm(*named[SOLEUS]) if SOLEUS in named else np.zeros((0, 3))
    behind = np.concatenate([np.zeros((0, 3)), *above])
    if len(soleus) < 2 or len(behind) == 0:
        return None
    long_way, length_mm = _long_way(soleus)
    if abs(long_way[2]) < np.cos(np.radians(WITHIN_DEG)):
        return False
    x, y, z = (behind.mean(axis=0) - soleus.mean(axis=0)).tolist()
    if abs(z) < CLEAR_SHARE * length_mm or max(abs(x), abs(y)) < 0.2 * CLEAR_SHARE * length_mm:
        return None
    return z > 0 and y > abs(x)


def side_fits(layers: Sequence[LabelMap], side: str) -> bool | None:
    """Whether the gastrocnemius medialis lies on the medial side of that leg, on axes that are the patient's.

    Args:
        layers: The segmentation, each structure whole.
        side: "left" or "right".

    Returns:
        None where one of the gastrocnemii is missing.
    """
    named = _named(layers)
    if not all(name in named for name in GASTROCNEMII):
        return None
    medial, lateral = (_places_mm(*named[name]) for name in GASTROCNEMII)
    if len(medial) == 0 or len(lateral) == 0:
        return None
    # LPS: x grows to the patient's left, which is the lateral side of the left leg.
    towards_left = float(medial[:, 0].mean() - lateral[:, 0].mean())
    return towards_left < 0 if side == "left" else towards_left > 0


def _named(layers: Sequence[LabelMap]) -> dict[str, tuple[LabelMap, int]]:
    return {name: (layer, value) for layer in layers for name, value in named_values(layer).items()}


def _places_mm(labels: LabelMap, value: int) -> Float[np.ndarray, "voxel 3"]:
    """Some thousand of a muscle's voxels, which is enough for its centroid and its long way."""
    box = label_boxes(labels.array, [value])[value]
    inside = crop(labels.array, box) == value
    found = np.flatnonzero(inside)
    found = found[:: max(len(found) // 4000, 1)]
    z, y, x = (at + part.start for at, part in zip(np.unravel_index(found, inside.shape), box, strict=True))
    return labels.grid.points_to_mm(np.stack([x, y, z], axis=1).astype(np.float64))


def _long_way(places_mm: Float[np.ndarray, "voxel 3"]) -> tuple[Float[np.ndarray, " 3"], float]:
    """The unit vector along which a muscle is longest, and its length there in mm."""
    centred = places_mm - places_mm.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, 2]
    return axis, float(np.ptp(centred @ axis))
