"""The volume under the area curve, and its leave-one-out error."""

from __future__ import annotations

import math

from ifssnet.core.provenance import VolumeEstimate
from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.gaps import find_gaps
from ifssnet.propagate.interpolation.muscle_curves import MuscleCurves


def estimate_volume(curves: MuscleCurves, voxel_volume_mm3: float) -> VolumeEstimate:
    """Volume under the area curve, and its leave-one-out error.

    Every group with neighbours on both sides is left out in turn, and the volume estimated without it; the error is the
    root mean square of the differences. It tells what one annotated group is worth; as the gap left by it is
    twice as wide as any real one, it errs on the safe side.

    Returns:
        The estimate; its errors are None with too few groups.
    """
    to_cm3 = voxel_volume_mm3 / 1000
    volume_cm3 = to_cm3 * (sum(curves.drawn_px.values()) + sum(curves.area_px.values()))
    inner = [i for i in range(1, len(curves.groups) - 1) if all(group.present for group in curves.groups[i - 1 : i + 2])]
    errors = [to_cm3 * _change_without(curves, index) for index in inner]
    error = math.sqrt(sum(e * e for e in errors) / len(errors)) if errors else None
    percent = 100 * error / volume_cm3 if error is not None and volume_cm3 else None
    return VolumeEstimate(sum(group.present for group in curves.groups), volume_cm3, error, percent)


def _change_without(curves: MuscleCurves, index: int) -> float:
    """The change of the volume, in voxels, when a group is left out."""
    left_out = curves.groups[index]
    kept = curves.groups[:index] + curves.groups[index + 1 :]
    without = area_curve(find_gaps(kept, kept[-1].last + 1, 0), curves.shapes)
    # Everything that the whole curve and the drawn slices say, less what is drawn on the slices that are still annotated.
    whole = sum(curves.area_px[z] for z in without if z in curves.area_px) + sum(curves.drawn_px[z] for z in left_out.slices)
    return sum(without.values()) - whole
