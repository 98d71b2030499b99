"""A tracked sweep: B-mode frames and where each of them lay, and what was drawn on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.images import EMPTY


@dataclass(frozen=True, eq=False)
class Contour:
    """One outline that an expert drew on one B-mode frame.

    Attributes:
        label: Number of the object that it outlines.
        frame: Index of the frame in the sweep.
        points_uv_px: Corners, (u, v) in pixels of that frame: u along a row, v down the rows, pixel centres at whole numbers.
        closed: Whether the last corner joins the first.
    """

    label: int
    frame: int
    points_uv_px: Float[np.ndarray, "point 2"]
    closed: bool = True


@dataclass(frozen=True, eq=False)
class Sweep:
    """Frames with poses.

    Attributes:
        frames: Grey levels, one B-mode image a frame; row 0 is at the probe unless the header says otherwise.
        image_to_world: One 4 x 4 a frame: takes (u, v, 0, 1), u and v in pixels with pixel centres at whole
            numbers, to mm in the reference frame (read as LPS when a volume is written). Calibration is included.
        timestamps_s: Acquisition time of each frame.
        pixel_spacing_uv_mm: Width and height of a pixel.
        valid: False where the tracker said that the pose is not to be trusted; such frames are never compounded.
        contours: What was drawn on the frames.
        names: Object number of a contour to name.
        colors: Object number to (red, green, blue), 0 to 255.
        header: What the file said beyond that, carried along.
        findings: What was noticed on reading, such as poses that are not rigid.

    Raises:
        InputError: Lengths that differ, or poses of valid frames that are not finite.
    """

    frames: Shaped[np.ndarray, "frame v u"]
    image_to_world: Float[np.ndarray, "frame 4 4"]
    timestamps_s: Float[np.ndarray, " frame"]
    pixel_spacing_uv_mm: tuple[float, float]
    valid: Bool[np.ndarray, " frame"]
    contours: tuple[Contour, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict[int, str])
    colors: Mapping[int, tuple[int, int, int]] = field(default_factory=dict[int, tuple[int, int, int]])
    header: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.frames)
        lengths = (len(self.image_to_world), len(self.timestamps_s), len(self.valid))
        if any(length != n for length in lengths):
            raise InputError(
                f"a pose, a time and a status for each of {n} frames",
                f"{lengths[0]} poses, {lengths[1]} times and {lengths[2]} statuses",
                "Check that the recording is complete.",
            )
        if not np.isfinite(self.image_to_world[self.valid]).all():
            raise InputError("finite poses for the valid frames", "poses with NaN or infinity", "Mark such frames as invalid.")

    def __repr__(self) -> str:
        rows, columns = self.frames.shape[1:]
        return f"Sweep({len(self.frames)} frames of {columns} x {rows} pixels, {self.valid_frames} with a valid pose)"

    @property
    def valid_frames(self) -> int:
        """How many frames can be compounded."""
        return int(self.valid.sum())
