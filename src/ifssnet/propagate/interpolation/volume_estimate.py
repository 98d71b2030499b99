"""The volume under the area curve, its leave-one-out error, and how far it may be from the truth."""

from __future__ import annotations

import math

from ifssnet.core.grid import Grid
from ifssnet.core.provenance import VolumeEstimate
from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.gaps import find_gaps
from ifssnet.propagate.interpolation.muscle_curves import MuscleCurves
from ifssnet.propagate.interpolation.volume_margin import LeftOut, margin_px
from ifssnet.propagate.seeding.border_scatter import scatter_beyond_pixels_mm


def estimate_volume(curves: MuscleCurves, grid: Grid, scatter_mm: float | None = None) -> VolumeEstimate:
    """Volume under the area curve, its leave-one-out error, and its margin.

    Every group with neighbours on both sides is left out in turn, and the volume estimated without it; the error is the
    root mean square of the differences. It tells what one annotated group is worth; as the gap left by it is
    twice as wide as any real one, it errs on the safe side.

    Args:
        curves: The muscle along z.
        grid: The grid of the seeds.
        scatter_mm: SD of the drawn borders, pixels included; None where nothing says.

    Returns:
        The estimate; its errors are None with too few groups, its margin with a single one.
    """
    to_cm3, slice_mm = grid.voxel_volume_mm3 / 1000, grid.spacing_xyz_mm[2]
    volume_px = float(sum(curves.drawn_px.values()) + sum(curves.area_px.values()))
    inner = [i for i in range(1, len(curves.groups) - 1) if all(group.present for group in curves.groups[i - 1 : i + 2])]
    left_out = [LeftOut(_change_without(curves, index), _width_without(curves, index) * slice_mm) for index in inner]
    error = to_cm3 * math.sqrt(sum(each.error_px**2 for each in left_out) / len(left_out)) if left_out else None
    volume_cm3 = to_cm3 * volume_px
    percent = 100 * error / volume_cm3 if error is not None and volume_cm3 else None
    groups = sum(group.present for group in curves.groups)
    margin = _margin_px(curves, volume_px, left_out, grid, scatter_mm)
    return VolumeEstimate(groups, volume_cm3, error, percent, None if margin is None else to_cm3 * margin)


def _margin_px(
    curves: MuscleCurves, volume_px: float, left_out: list[LeftOut], grid: Grid, scatter_mm: float | None
) -> float | None:
    """The margin; None where a single group, or an empty curve, says nothing of what lies beside it."""
    areas = [area for area in (*curves.drawn_px.values(), *curves.area_px.values()) if area > 0]
    if sum(group.present for group in curves.groups) < 2 or not areas:
        return None
    gaps = tuple({gap.slices.start: gap for gap in curves.gap_of.values()}.values())
    x, y, z = grid.spacing_xyz_mm
    beyond_pixels = scatter_beyond_pixels_mm(scatter_mm, (y, x))
    mean_px = sum(areas) / len(areas)
    return margin_px(volume_px, mean_px, left_out, gaps, curves.shapes, z, math.sqrt(x * y), beyond_pixels)


def _width_without(curves: MuscleCurves, index: int) -> int:
    """Slices between the groups beside one, its own left out as they are drawn."""
    before, own, after = curves.groups[index - 1 : index + 2]
    return (own.first - before.last) + (after.first - own.last)


def _change_without(curves: MuscleCurves, index: int) -> float:
    """The change of the volume, in voxels, when a group is left out."""
    left_out = curves.groups[index]
    kept = curves.groups[:index] + curves.groups[index + 1 :]
    without = area_curve(find_gaps(kept, kept[-1].last + 1, 0), curves.shapes)
    # Everything that the whole curve and the drawn slices say, less what is drawn on the slices that are still annotated.
    whole = sum(curves.area_px[z] for z in without if z in curves.area_px) + sum(curves.drawn_px[z] for z in left_out.slices)
    return sum(without.values()) - whole
