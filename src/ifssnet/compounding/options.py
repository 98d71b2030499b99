"""How a sweep becomes a volume: every choice, with its unit and its source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from ifssnet.compounding.holes.options import AnyFilling
from ifssnet.core.errors import InputError

Interpolation: TypeAlias = Literal["nearest", "linear"]
Compounding: TypeAlias = Literal["latest", "maximum", "mean", "running-mean"]
Arithmetic: TypeAlias = Literal["none", "partial", "full"]
Axes: TypeAlias = Literal["auto", "reference", "sweep"]

PAPER_SPACING_MM = 0.277
"""Voxel size of the paper's volumes (paper, IV-A)."""


@dataclass(frozen=True)
class Rectangle:
    """Pixels that are compounded: u from `u_px` to `u_px + width_px`, **both included**, as PLUS counts; v likewise.

    Attributes:
        u_px: First column.
        v_px: First row.
        width_px: Reaches to `u_px + width_px` inclusive, so that it holds one column more than this.
        height_px: Reaches to `v_px + height_px` inclusive.
    """

    u_px: int
    v_px: int
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise InputError(
                "a clip rectangle with a width and a height of at least 1 pixel",
                f"{self.u_px},{self.v_px},{self.width_px},{self.height_px}",
                "Give it as first column, first row, width, height, or leave it out for whole frames.",
            )


@dataclass(frozen=True)
class Fan:
    """The sector of a curved probe (PLUS: FanAnglesDeg, FanOriginPixel, FanRadiusStartPixel, FanRadiusStopPixel).

    Attributes:
        angles_deg: From the frame's v axis to either straight edge; negative is towards u = 0.
        origin_uv_px: Where the edges would meet.
        start_px: Depth at which the image begins, from the origin.
        stop_px: Depth at which it ends, from the origin.
    """

    angles_deg: tuple[float, float]
    origin_uv_px: tuple[float, float]
    start_px: float = 0.0
    stop_px: float = 500.0

    def __post_init__(self) -> None:
        finite = all(map(math.isfinite, (*self.angles_deg, *self.origin_uv_px, self.start_px, self.stop_px)))
        if not finite or max(map(abs, self.angles_deg)) >= 90 or self.angles_deg[0] == self.angles_deg[1]:
            raise InputError(
                "a fan between two different angles of less than 90 degrees",
                f"{self.angles_deg}",
                "Give both angles from the image's vertical, in degrees.",
            )
        if not 0 <= self.start_px < self.stop_px:
            raise InputError(
                "a fan that starts at a depth of 0 or more and stops deeper",
                f"start {self.start_px:g} and stop {self.stop_px:g} px",
                "Give both depths in pixels from the fan's origin.",
            )


@dataclass(frozen=True)
class CompoundOptions:
    """How frames are put together.

    Attributes:
        spacing_mm: Voxel size of an automatic grid (paper, IV-A: 0.277 mm); three numbers where x, y and z differ.
        axes: "reference": the grid's axes are the reference frame's, as in PLUS. "sweep": z along the main direction
            of the sweeps, x along the frames' rows, so that slices are cross-sections of the leg. "auto": "reference" where
            the sweeps run along its z already, within 2 degrees, else "sweep".
        interpolation: "nearest": a pixel goes to the nearest voxel. "linear": it is shared by the eight around it.
        compounding: What a voxel that several pixels reach becomes: the "latest", the "maximum", the true "mean", or
            PLUS' "running-mean", rounded after each pixel.
        clip: Pixels to use; None: whole frames.
        fan: Sector to use within these; None: no fan.
        pixel_threshold: Pixels below this grey level are left out (PLUS: PixelRejectionThreshold); None: none.
        skip_interval: Every n-th frame is used, counted with the invalid ones (PLUS: SkipInterval).
        holes: Ways to fill voxels that no pixel reached, tried in order; empty: they stay 0.
        axis_weight_mm: Standard deviation of a Gaussian weight over the lateral distance of a pixel from the middle
            column of the clipped frame, where the beam is best; only with "mean". None: all pixels weigh the same.
        arithmetic: How positions are rounded. "none": double precision, the fan tested pixel by pixel. "partial" and
            "full": as PLUS' optimisation levels of these names: the fan's edges one pixel further in, and, for
            "full", positions and weights in fixed point with 14 binary digits.
        fit_z_spacing: Stretch the z spacing so that whole voxels span the frames (PLUS: RecomputeOutputSpacing).

    Raises:
        InputError: A value that cannot be used, or two that contradict each other.
    """

    spacing_mm: float | tuple[float, float, float] = PAPER_SPACING_MM
    axes: Axes = "auto"
    interpolation: Interpolation = "nearest"
    compounding: Compounding = "mean"
    clip: Rectangle | None = None
    fan: Fan | None = None
    pixel_threshold: float | None = None
    skip_interval: int = 1
    holes: tuple[AnyFilling, ...] = ()
    axis_weight_mm: float | None = None
    arithmetic: Arithmetic = "none"
    fit_z_spacing: bool = False

    def __post_init__(self) -> None:
        for name, choices in (
            ("axes", Axes),
            ("interpolation", Interpolation),
            ("compounding", Compounding),
            ("arithmetic", Arithmetic),
        ):
            if getattr(self, name) not in get_args(choices):
                raise InputError(
                    f"one of {', '.join(get_args(choices))} for {name}", f"'{getattr(self, name)}'", "Choose one of these."
                )
        if len(self.spacing_xyz_mm) != 3 or not all(math.isfinite(s) and s > 0 for s in self.spacing_xyz_mm):
            raise InputError("a spacing above 0 mm along x, y and z", f"{self.spacing_mm}", "Give the spacing in mm.")
        if self.skip_interval < 1:
            raise InputError("a skip interval of at least 1", f"{self.skip_interval}", "Use 1 to take every frame.")
        if self.axis_weight_mm is not None:
            if not (math.isfinite(self.axis_weight_mm) and self.axis_weight_mm > 0):
                raise InputError("an axis weight above 0 mm", f"{self.axis_weight_mm}", "Give a standard deviation in mm.")
            if self.compounding != "mean":
                raise InputError(
                    "compounding 'mean' with weights by distance to the probe axis",
                    f"'{self.compounding}'",
                    "Choose the mean, or leave the weights out.",
                )

    @property
    def spacing_xyz_mm(self) -> tuple[float, float, float]:
        """The spacing along x, y and z."""
        if isinstance(self.spacing_mm, tuple):
            return self.spacing_mm
        return float(self.spacing_mm), float(self.spacing_mm), float(self.spacing_mm)
