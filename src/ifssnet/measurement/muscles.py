"""What a segmentation measures, muscle by muscle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.report import Report
from ifssnet.core.segmentation import Json
from ifssnet.geometry.box import label_boxes
from ifssnet.geometry.mesh import area_mm2, enclosed_volume_mm3
from ifssnet.geometry.resample import volume_under
from ifssnet.geometry.surface import surface_of
from ifssnet.measurement.echo import Echo, EchoOptions, Side, echo, name_of, probe_side
from ifssnet.measurement.names import named_values
from ifssnet.measurement.profile import CENTROID_SMOOTHING_MM, Profile, profiles
from ifssnet.measurement.volume import spread_slices, truncated_cones_cm3


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure.

    Attributes:
        cone_slices: Number of slices of the truncated-cone estimate, the muscle's first and last included (every tenth of its
            length).
        oblique: Add the cross-sections across the muscle's own axis.
        mesh: Mesh the muscle for a second volume and the surface area; the slowest part.
        centroid_smoothing_mm: Standard deviation of the Gaussian along the centroid line.
        echo: Which parts of the muscle the echo intensity is taken of.
    """

    cone_slices: int = 11
    oblique: bool = False
    mesh: bool = True
    centroid_smoothing_mm: float = CENTROID_SMOOTHING_MM
    echo: EchoOptions = field(default_factory=EchoOptions)

    def __post_init__(self) -> None:
        if self.cone_slices < 2 or not self.centroid_smoothing_mm > 0:
            raise InputError(
                "at least 2 slices for truncated cones and a smoothing above 0 mm",
                f"{self.cone_slices} slices and {self.centroid_smoothing_mm} mm",
                "Choose others.",
            )


def measure(labels: LabelMap, volume: Volume | None = None, options: MeasureOptions | None = None) -> Report:
    """Measure each muscle; every definition with its source is in docs/reference/measures.md.

    Args:
        labels: The segmentation.
        volume: Grey levels, for the echo intensity; on the same grid, or one that covers the muscles.
        options: How.

    Returns:
        Muscles named as the field does (SOL, GM, GL first). One that is named but nowhere on the map has a volume of 0 and
        None for all else.

    Raises:
        InputError: Two labels have one muscle's name, or more than 1 % of a muscle lies outside the volume.
    """
    options = MeasureOptions() if options is None else options
    named = named_values(labels)
    by_value = profiles(labels.array, labels.grid, list(named.values()), options.centroid_smoothing_mm)
    provenance: dict[str, Json] = {"slice_axis": "z", "cone_slices": options.cone_slices}
    side: Side = options.echo.probe_side or probe_side({} if volume is None else volume.header)
    if volume is not None:
        volume = volume_under(volume, labels)
        provenance["echo"] = {"probe_side": side, "erosion_mm": options.echo.erosion_mm, "band_mm": options.echo.band_mm}
    muscles: dict[str, dict[str, Json]] = {}
    for name, value in named.items():
        profile = by_value[value]
        if profile is None:
            muscles[name] = {"volume_cm3": 0.0, "length_mm": None, "max_acsa_cm2": None}
            continue
        numbers = _sizes(labels, value, profile, options) | _places(profile, options)
        lines = _lines(profile, options)
        if volume is not None:
            levels = _levels(labels, value, volume, options.echo, side)
            numbers |= levels.numbers()
            lines |= {name_of(part): _listed(line) for part, line in levels.profile.items()}
        muscles[name] = {**numbers, "profile": lines}
    return Report(muscles=muscles, provenance=provenance)


def _sizes(labels: LabelMap, value: int, profile: Profile, options: MeasureOptions) -> dict[str, Json]:
    """The volume three ways, and the surface's area."""
    found: dict[str, Json] = {"volume_cm3": float(profile.acsa_cm2.sum()) * profile.slice_thickness_mm / 10}
    if options.mesh:
        surface = surface_of(labels, value)
        found["volume_mesh_cm3"] = enclosed_volume_mm3(surface.vertices_mm, surface.faces) / 1000
        found["surface_area_cm2"] = area_mm2(surface.vertices_mm, surface.faces) / 100
    few = spread_slices(len(profile.z), options.cone_slices)
    found["volume_truncated_cones_cm3"] = (
        truncated_cones_cm3(profile.position_mm[few], profile.acsa_cm2[few]) if len(few) > 1 else None
    )
    return found


def _places(profile: Profile, options: MeasureOptions) -> dict[str, Json]:
    """Lengths, and the largest cross-section with its place."""
    largest = profile.largest
    found: dict[str, Json] = {
        "length_mm": profile.length_mm,
        "length_centroid_mm": profile.length_centroid_mm,
        "max_acsa_cm2": float(profile.acsa_cm2[largest]),
        "max_acsa_z": int(profile.z[largest]),
        "max_acsa_position_mm": float(profile.position_mm[largest]),
        "max_acsa_percent": float(profile.percent_of_length[largest]),
    }
    if options.oblique:
        across = profile.acsa_across_cm2
        widest = int(across.argmax())
        found["max_acsa_across_cm2"] = float(across[widest])
        found["max_acsa_across_z"] = int(profile.z[widest])
        found["mean_obliquity_deg"] = float(np.average(profile.obliquity_deg, weights=profile.acsa_cm2))
    return found


def _lines(profile: Profile, options: MeasureOptions) -> dict[str, Json]:
    """What there is of each slice."""
    lines: dict[str, Json] = {
        "z": profile.z.tolist(),
        "position_mm": profile.position_mm.tolist(),
        "percent_of_length": profile.percent_of_length.tolist(),
        "acsa_cm2": profile.acsa_cm2.tolist(),
        "centroid_mm": profile.centroid_mm.tolist(),
    }
    if options.oblique:
        lines["acsa_across_cm2"] = profile.acsa_across_cm2.tolist()
        lines["obliquity_deg"] = profile.obliquity_deg.tolist()
    return lines


def _levels(labels: LabelMap, value: int, volume: Volume, options: EchoOptions, side: Side) -> Echo:
    box = label_boxes(labels.array, [value])[value]
    return echo(labels.array, value, box, volume.array, spacing_xyz_mm=labels.grid.spacing_xyz_mm, options=options, side=side)


def _listed(levels: Float[np.ndarray, " slice"]) -> list[Json]:
    """NaN, where a part has no pixel on a slice, as None."""
    return [None if np.isnan(level) else float(level) for level in levels]
