"""What a segmentation measures, muscle by muscle."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Surface, Volume
from ifssnet.core.results.measures import AcsaProfile, EchoOptions, LegMeasures, MeasureOptions, MuscleMeasures, Side
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.geometry.grids.axis_order import Order, reordered
from ifssnet.geometry.grids.long_axis import along, leg_order
from ifssnet.geometry.grids.resample import volume_under
from ifssnet.geometry.masks.box import Box, label_boxes
from ifssnet.geometry.surfaces.mesh import area_mm2, enclosed_volume_mm3
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.measurement.leg.echo import Echo, echo, erosion_findings
from ifssnet.measurement.leg.profile import profiles
from ifssnet.measurement.leg.unseen import unseen_share
from ifssnet.measurement.leg.volume import spread_slices, truncated_cones_cm3
from ifssnet.measurement.names import named_values
from ifssnet.measurement.probe import ORIENTATION, probe_side

SurfaceMaker: TypeAlias = Callable[[LabelMap, int, Box], Surface]
"""What makes the surface around a label, with all its triangles, given where the label lies."""


def surface_in(labels: LabelMap, value: int, box: Box) -> Surface:
    """The surface around a label that lies in a box."""
    return surface_of(labels, value, box=box)


def measure(
    labels: LabelMap,
    volume: Volume | None = None,
    options: MeasureOptions | None = None,
    surface: SurfaceMaker = surface_in,
) -> LegMeasures:
    """Measure each muscle; every definition with its source is in docs/reference/measures.md.

    Args:
        labels: The segmentation.
        volume: Grey levels, for the echo intensity; on the same grid, or one that covers the muscles.
        options: How.
        surface: What makes the surfaces, for whoever wants to keep something of them.

    Returns:
        Lengths, cross-sections and profiles along the leg's long axis, whatever axis of the array that is (`long_axis`).
        Muscles named as the field does (SOL, GM, GL first). One that is named but nowhere on the map has a volume of 0 and
        nothing else.

    Raises:
        InputError: Two labels have one muscle's name, more than 1 % of a muscle lies outside the volume, or the probe is
            said to have been at the leg's end.
    """
    named = named_values(labels)
    scale = None
    if volume is not None:
        volume, scale = on_grey_scale(volume)
        volume = volume_under(volume, labels)
    order = leg_order(labels, list(named.values()))
    options = _complete(MeasureOptions() if options is None else options, volume, order)
    labels = along(labels, order)
    if volume is not None:
        seen = None if volume.seen is None else reordered(volume.seen, order)
        volume = replace(volume, array=reordered(volume.array, order), grid=labels.grid, seen=seen)
    by_value = profiles(
        labels.array, labels.grid, list(named.values()), options.centroid_smoothing_mm, options.acsa_smoothing_mm
    )
    boxes = label_boxes(labels.array, list(named.values()))
    muscles: dict[str, MuscleMeasures] = {}
    for name, value in named.items():
        profile = by_value[value]
        if profile is None:
            muscles[name] = MuscleMeasures(volume_cm3=0.0)
            continue
        made = surface(labels, value, boxes[value]) if options.mesh else None
        measures = _with_largest(_sizes(profile, options, made), profile, options)
        if volume is not None and options.echo is not None:
            measures = _with_echo(measures, profile, _levels(labels, value, boxes[value], volume, options.echo))
        if volume is not None and volume.seen is not None:
            measures = replace(measures, never_seen_percent=100 * unseen_share(labels, value, volume.seen))
        muscles[name] = measures
    return LegMeasures(muscles, options, scale, order[0])


def measure_findings(measures: LegMeasures, grid: Grid) -> tuple[Finding, ...]:
    """What a person has to know before using the measures: options that had no effect.

    Args:
        measures: What a leg measures.
        grid: The segmentation's.
    """
    inner = {name: muscle.echo_intensity_eroded_mean for name, muscle in measures.muscles.items()}
    return erosion_findings(grid.spacing_xyz_mm, measures.options.echo, inner)


def _complete(options: MeasureOptions, volume: Volume | None, order: Order) -> MeasureOptions:
    """The options with the probe's side by the axes of slices across the leg; no volume, no echo intensity.

    A side that is given, or that the volume's header says, is by the axes as they are stored.
    """
    if volume is None or options.echo is None:
        return replace(options, echo=None)
    stored = options.echo.probe_side
    if stored is None and ORIENTATION in volume.header:
        stored = probe_side(volume.header)
    side = probe_side({}) if stored is None else _turned(stored, order)
    return replace(options, echo=replace(options.echo, probe_side=side))


def _turned(side: Side, order: Order) -> Side:
    place = order.index("zyx".index(side[1]))
    if place == 0:
        raise InputError(
            "a probe at a side of the slices across the leg",
            f"'{side}', an end of the leg, which runs along the array's {side[1]} axis",
            "Say the side by another axis, with --probe-side.",
        )
    sides: tuple[tuple[Side, Side], tuple[Side, Side]] = (("-y", "+y"), ("-x", "+x"))
    return sides[place - 1][side[0] == "+"]


def _sizes(profile: AcsaProfile, options: MeasureOptions, surface: Surface | None) -> MuscleMeasures:
    """The volume three ways, the surface's area, and the lengths."""
    few = spread_slices(len(profile.z), options.cone_slices)
    return MuscleMeasures(
        volume_cm3=float(profile.acsa_cm2.sum()) * profile.slice_thickness_mm / 10,
        volume_mesh_cm3=None if surface is None else enclosed_volume_mm3(surface.vertices_mm, surface.faces) / 1000,
        surface_area_cm2=None if surface is None else area_mm2(surface.vertices_mm, surface.faces) / 100,
        volume_truncated_cones_cm3=(
            truncated_cones_cm3(profile.position_mm[few], profile.acsa_cm2[few]) if len(few) > 1 else math.nan
        ),
        length_mm=profile.length_mm,
        length_centroid_mm=profile.length_centroid_mm,
        profile=profile,
    )


def _with_largest(measures: MuscleMeasures, profile: AcsaProfile, options: MeasureOptions) -> MuscleMeasures:
    """The largest cross-section with its place, of the smoothed profile and of single slices.

    Also the one across the muscle's axis where that was asked for.
    """
    largest, smoothed = profile.largest, profile.largest_smoothed
    areas = profile.acsa_cm2 if profile.acsa_smoothed_cm2 is None else profile.acsa_smoothed_cm2
    found = replace(
        measures,
        max_acsa_smoothed_cm2=float(areas[smoothed]),
        max_acsa_smoothed_z=int(profile.z[smoothed]),
        max_acsa_smoothed_percent=float(profile.percent_of_length[smoothed]),
        max_acsa_cm2=float(profile.acsa_cm2[largest]),
        max_acsa_z=int(profile.z[largest]),
        max_acsa_position_mm=float(profile.position_mm[largest]),
        max_acsa_percent=float(profile.percent_of_length[largest]),
    )
    if not options.oblique:
        return found
    across = profile.acsa_across_cm2
    widest = int(across.argmax())
    return replace(
        found,
        max_acsa_across_cm2=float(across[widest]),
        max_acsa_across_z=int(profile.z[widest]),
        mean_obliquity_deg=float(np.average(profile.obliquity_deg, weights=profile.acsa_cm2)),
    )


def _with_echo(measures: MuscleMeasures, profile: AcsaProfile, levels: Echo) -> MuscleMeasures:
    return replace(
        measures,
        echo_intensity_mean=levels.whole.mean,
        echo_intensity_sd=levels.whole.sd,
        echo_intensity_eroded_mean=levels.eroded.mean,
        echo_intensity_eroded_sd=levels.eroded.sd,
        echo_intensity_superficial_mean=levels.superficial.mean,
        echo_intensity_superficial_sd=levels.superficial.sd,
        profile=replace(
            profile,
            echo_intensity=levels.whole.profile,
            echo_intensity_eroded=levels.eroded.profile,
            echo_intensity_superficial=levels.superficial.profile,
        ),
    )


def _levels(labels: LabelMap, value: int, box: Box, volume: Volume, options: EchoOptions) -> Echo:
    side = options.probe_side or probe_side({})
    spacing = labels.grid.spacing_xyz_mm
    return echo(labels.array, value, box, volume.array, volume.seen, spacing_xyz_mm=spacing, options=options, side=side)
