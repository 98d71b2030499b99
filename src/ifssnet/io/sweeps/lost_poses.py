"""Poses that are there and stand for none: trackers that lose a marker may write the identity, or only zeros."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.findings import Finding
from ifssnet.io.sweeps.rigidity import frames_text

_LEAST_MM, _STEPS = 10.0, 8.0
"""The identity is no pose where it lies further from those around it than this, and than this number of usual steps."""


def is_there(matrices: Float[np.ndarray, "frame 4 4"]) -> Bool[np.ndarray, " frame"]:
    """Which matrices can be poses at all: finite numbers, and not only zeros where they turn."""
    return np.isfinite(matrices).all(axis=(1, 2)) & (matrices[:, :3, :3] != 0).any(axis=(1, 2))


def without_lost(
    matrices: Float[np.ndarray, "frame 4 4"], trusted: Bool[np.ndarray, " frame"], name: str
) -> tuple[Bool[np.ndarray, " frame"], list[Finding]]:
    """Which poses are to be trusted without those that are exactly the identity, far from all poses around them.

    Args:
        matrices: One a frame.
        trusted: Which of them were to be trusted so far.
        name: The transform's name.
    """
    unmoved = trusted & (matrices == np.eye(4)).all(axis=(1, 2))
    others = np.flatnonzero(trusted & ~unmoved)
    if not unmoved.any() or len(others) < 2:
        return trusted, []
    places = matrices[:, :3, 3]
    step_mm = float(np.median(np.linalg.norm(np.diff(places[others], axis=0), axis=1) / np.diff(others)))
    at = np.flatnonzero(unmoved)
    after = np.searchsorted(others, at).clip(0, len(others) - 1)
    far = np.ones(len(at), dtype=bool)
    for around in (others[(after - 1).clip(0)], others[after]):
        far &= np.linalg.norm(places[around], axis=1) > np.maximum(_LEAST_MM, _STEPS * step_mm * np.abs(around - at))
    lost = at[far]
    if not len(lost):
        return trusted, []
    kept = trusted.copy()
    kept[lost] = False
    what = f"{name} is the identity in {frames_text(lost)}, and lies elsewhere in the frames around: the marker was lost there"
    return kept, [Finding("warning", f"{what}. They are left out.", "Keep the markers in the cameras' view.", float(len(lost)))]
