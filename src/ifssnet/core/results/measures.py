"""What measuring a leg takes and gives: options, and numbers with their units, muscle by muscle."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from ifssnet.core.errors import InputError
from ifssnet.core.grey_scale import GreyScale
from ifssnet.core.images import first_names

Side = Literal["-x", "+x", "-y", "+y"]
"""A side of a slice, by its array axes: "-y" is where the row number is 0."""

CENTROID_SMOOTHING_MM = 5.0
"""Standard deviation, along the slice axis, of the Gaussian that takes jitter out of the centroid line."""

ACSA_SMOOTHING_MM = 5.0
"""Standard deviation, along the slice axis, of the Gaussian weights that take jitter out of the areas."""


@dataclass(frozen=True)
class EchoOptions:
    """The parts of a muscle whose echo intensity is measured.

    Attributes:
        erosion_mm: The eroded part keeps the pixels that are further than this from the nearest pixel, on the same slice,
            outside the muscle. The bright fascia stays out.
        band_mm: Depth of the superficial band, along the beam from where it first meets the muscle.
        probe_side: The side of the slices on which the probe was; None reads it from the volume's header.
    """

    erosion_mm: float = 2.0
    band_mm: float = 10.0
    probe_side: Side | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.erosion_mm) and self.erosion_mm >= 0 and math.isfinite(self.band_mm) and self.band_mm > 0):
            raise InputError(
                "an erosion of 0 mm or more and a band of more than 0 mm",
                f"{self.erosion_mm} and {self.band_mm} mm",
                "Correct it.",
            )
        if self.probe_side is not None and self.probe_side not in get_args(Side):
            raise InputError(f"a side out of {', '.join(get_args(Side))}", f"'{self.probe_side}'", "Choose one of them.")


@dataclass(frozen=True)
class MeasureOptions:
    """How a leg is measured.

    Attributes:
        cone_slices: Number of slices of the truncated-cone estimate, the muscle's first and last included (every tenth of its
            length).
        oblique: Add the cross-sections across the muscle's own axis.
        mesh: Mesh the muscle for a second volume and the surface area; this is the slowest part.
        centroid_smoothing_mm: Standard deviation of the Gaussian along the centroid line.
        acsa_smoothing_mm: Standard deviation of the Gaussian weights of the local parabolas that smooth the areas.
        echo: The parts whose echo intensity is measured where a volume is given; None leaves it out.
    """

    cone_slices: int = 11
    oblique: bool = False
    mesh: bool = True
    centroid_smoothing_mm: float = CENTROID_SMOOTHING_MM
    acsa_smoothing_mm: float = ACSA_SMOOTHING_MM
    echo: EchoOptions | None = field(default_factory=EchoOptions)

    def __post_init__(self) -> None:
        smoothing_mm = min(self.centroid_smoothing_mm, self.acsa_smoothing_mm)
        if self.cone_slices < 2 or not smoothing_mm > 0:
            raise InputError(
                "at least 2 slices for truncated cones and a smoothing above 0 mm",
                f"{self.cone_slices} slices and {smoothing_mm} mm",
                "Choose others.",
            )


@dataclass(frozen=True, eq=False)
class AcsaProfile:
    """One muscle from its first to its last slice; slices without it in between have an area of 0.

    Attributes:
        z: Slice numbers, without gaps.
        position_mm: Where each slice lies along the slice axis, from the volume's first slice.
        percent_of_length: 0 at the muscle's first slice, 100 at its last.
        acsa_cm2: Anatomical cross-sectional area: the muscle's area in the plane of the slice.
        centroid_mm: Smoothed line of the slices' centroids, (x, y, z) in LPS.
        obliquity_deg: Angle between the slice's normal and the centroid line.
        slice_thickness_mm: Distance between two slices.
        echo_intensity: Mean grey level of the muscle on each slice, NaN where there is none; None where it was not measured.
        echo_intensity_eroded: The same away from the muscle's border.
        echo_intensity_superficial: The same in the band nearest to the probe.
        acsa_smoothed_cm2: The areas without the jitter from slice to slice; None where they were not smoothed.
    """

    z: Int[np.ndarray, " slice"]
    position_mm: Float[np.ndarray, " slice"]
    percent_of_length: Float[np.ndarray, " slice"]
    acsa_cm2: Float[np.ndarray, " slice"]
    centroid_mm: Float[np.ndarray, "slice 3"]
    obliquity_deg: Float[np.ndarray, " slice"]
    slice_thickness_mm: float
    echo_intensity: Float[np.ndarray, " slice"] | None = None
    echo_intensity_eroded: Float[np.ndarray, " slice"] | None = None
    echo_intensity_superficial: Float[np.ndarray, " slice"] | None = None
    acsa_smoothed_cm2: Float[np.ndarray, " slice"] | None = None

    def __repr__(self) -> str:
        return f"AcsaProfile({len(self.z)} slices, {self.length_mm:.4g} mm)"

    @property
    def acsa_across_cm2(self) -> Float[np.ndarray, " slice"]:
        """Area in the plane across the muscle's own axis: the slice's, times the cosine of its obliquity.

        Exact for a muscle that is a cylinder near the slice.
        """
        return self.acsa_cm2 * np.cos(np.radians(self.obliquity_deg))

    @property
    def length_mm(self) -> float:
        """From the first to the last slice, the thickness of one included."""
        return len(self.z) * self.slice_thickness_mm

    @property
    def length_centroid_mm(self) -> float:
        """Along the centroid line, and on from both ends by half a slice."""
        ends = 1 / np.cos(np.radians(self.obliquity_deg[[0, -1]]))
        between = float(np.linalg.norm(np.diff(self.centroid_mm, axis=0), axis=1).sum())
        return between + float(ends.sum()) * self.slice_thickness_mm / 2

    @property
    def largest(self) -> int:
        """Index into the profile of the largest area; the first of equals."""
        return int(self.acsa_cm2.argmax())

    @property
    def largest_smoothed(self) -> int:
        """The same of the smoothed areas, where they were smoothed."""
        return self.largest if self.acsa_smoothed_cm2 is None else int(self.acsa_smoothed_cm2.argmax())

    def acsa_cm2_on(self, z: Collection[int] | Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The areas on the given slices; 0 on slices that the muscle does not reach."""
        areas = dict(zip(self.z.tolist(), self.acsa_cm2.tolist(), strict=True))
        return np.array([areas.get(int(each), 0.0) for each in z], dtype=np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class MuscleMeasures:
    """What one muscle measures; definitions and sources are in docs/reference/measures.md.

    A quantity is None where it was not asked for, and NaN where the muscle is too small to have it.

    Attributes:
        volume_cm3: Number of the muscle's voxels, times the volume of one.
        volume_low_cm3: Lower limit of the interval that holds the volume of nine muscles in ten; None where nobody knows how
            the segmentation came about.
        volume_high_cm3: Its upper limit.
        volume_mesh_cm3: Volume inside the smoothed surface.
        surface_area_cm2: Area of that surface.
        volume_truncated_cones_cm3: Volume from a few slices joined by cones; NaN with fewer than two slices.
        length_mm: From the first to the last slice with the muscle, the thickness of one included; NaN without any.
        length_centroid_mm: Length of the line through the slices' centroids.
        max_acsa_smoothed_cm2: Largest area of the smoothed profile.
        max_acsa_smoothed_z: Its slice.
        max_acsa_smoothed_percent: That slice's place along the muscle, 0 at its first slice and 100 at its last.
        max_acsa_cm2: Largest anatomical cross-sectional area of a single slice; NaN without any slice.
        max_acsa_z: Its slice.
        max_acsa_position_mm: That slice's place along the slice axis, from the volume's first slice.
        max_acsa_percent: That place along the muscle, 0 at its first slice and 100 at its last.
        max_acsa_across_cm2: Largest area across the muscle's own axis.
        max_acsa_across_z: Its slice.
        mean_obliquity_deg: Mean angle between the muscle's own axis and the slices' normal, weighted by area.
        echo_intensity_mean: Mean grey level of the muscle.
        echo_intensity_sd: Standard deviation of the grey level over all voxels (n in the denominator).
        echo_intensity_eroded_mean: The mean away from the muscle's border.
        echo_intensity_eroded_sd: The standard deviation there.
        echo_intensity_superficial_mean: The mean in the band nearest to the probe.
        echo_intensity_superficial_sd: The standard deviation there.
        never_seen_percent: Share of the muscle's voxels that no frame and no filling of holes showed; None where no mask says.
        profile: The muscle slice by slice; None where it is nowhere on the map.
    """

    volume_cm3: float
    volume_low_cm3: float | None = None
    volume_high_cm3: float | None = None
    volume_mesh_cm3: float | None = None
    surface_area_cm2: float | None = None
    volume_truncated_cones_cm3: float | None = None
    length_mm: float = math.nan
    length_centroid_mm: float | None = None
    max_acsa_smoothed_cm2: float | None = None
    max_acsa_smoothed_z: int | None = None
    max_acsa_smoothed_percent: float | None = None
    max_acsa_cm2: float = math.nan
    max_acsa_z: int | None = None
    max_acsa_position_mm: float | None = None
    max_acsa_percent: float | None = None
    max_acsa_across_cm2: float | None = None
    max_acsa_across_z: int | None = None
    mean_obliquity_deg: float | None = None
    echo_intensity_mean: float | None = None
    echo_intensity_sd: float | None = None
    echo_intensity_eroded_mean: float | None = None
    echo_intensity_eroded_sd: float | None = None
    echo_intensity_superficial_mean: float | None = None
    echo_intensity_superficial_sd: float | None = None
    never_seen_percent: float | None = None
    profile: AcsaProfile | None = None

    def __repr__(self) -> str:
        size = f"{self.volume_cm3:.4g} cm3, {self.length_mm:.4g} mm long, largest ACSA {self.max_acsa_cm2:.4g} cm2"
        return f"MuscleMeasures({size})"

    def numbers(self) -> dict[str, int | float]:
        """The quantities that were measured, by name, in the order of every table; the profile is no number."""
        found = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "profile"}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, eq=False)
class LegMeasures:
    """What a leg measures.

    Attributes:
        muscles: Muscle's name, as the field has it, to its measures; SOL, GM and GL first.
        options: How they were measured; `options.echo` is None where no volume was given, else it says where the probe was.
        grey_scale: How the volume's grey levels became the 0 to 255 of echo intensity; None where no volume was given.
        slice_axis: The axis of the stored array along which the leg runs and slices are counted: 0 for z.
    """

    muscles: Mapping[str, MuscleMeasures]
    options: MeasureOptions
    grey_scale: GreyScale | None = None
    slice_axis: int = 0

    def __repr__(self) -> str:
        return f"LegMeasures({first_names([f'{name} {each.volume_cm3:.4g} cm3' for name, each in self.muscles.items()])})"
