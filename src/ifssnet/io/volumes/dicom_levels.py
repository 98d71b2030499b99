"""What the stored levels of DICOM frames mean: rescale and window, of a file or its functional groups (PS3.3, C.7.6.16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ifssnet.io.volumes.dicom_geometry import functional_groups


@dataclass(frozen=True)
class FrameLevels:
    """What the levels of one frame mean.

    Attributes:
        slope: What a stored level is multiplied by.
        intercept: What is added then.
        center: The middle of its first window, in rescaled levels; None where there is none.
        width: The width of its first window; None where there is none.
    """

    slope: float
    intercept: float
    center: float | None
    width: float | None


def levels_of_frames(data: Any) -> list[FrameLevels]:
    """The levels of each frame, or of one for all where the file has no functional groups.

    A frame's own group counts more than the shared one, and that more than what the file says outside of them.

    Raises:
        InputError: Groups of another number of frames.
        TypeError: A rescale that is no number; a ValueError where it is a text.
    """
    groups = functional_groups(data, int(data.get("NumberOfFrames", 1) or 1))
    if groups is None:
        return [_levels(data, data)]
    return [
        _levels(group("PixelValueTransformationSequence") or data, group("FrameVOILUTSequence") or data) for group in groups
    ]


def _levels(rescale: Any, window: Any) -> FrameLevels:
    slope, intercept = (_first(rescale.get(name)) for name in ("RescaleSlope", "RescaleIntercept"))
    try:
        center, width = (_first(window.get(name)) for name in ("WindowCenter", "WindowWidth"))
    except (TypeError, ValueError):
        # How an image is shown changes none of its levels: a window that cannot be read is none.
        center, width = None, None
    return FrameLevels(1.0 if slope is None else slope, 0.0 if intercept is None else intercept, center, width)


def _first(value: Any) -> float | None:
    """The first of one or several numbers."""
    if value in (None, ""):
        return None
    try:
        return float(value[0])
    except TypeError:
        return float(value)
