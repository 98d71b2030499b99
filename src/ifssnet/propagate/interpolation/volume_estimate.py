"""The volume that the area curve says, and how far it can be trusted."""

from __future__ import annotations

import math

from ifssnet.core.provenance import VolumeEstimate
from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.gaps import find_pieces
from ifssnet.propagate.interpolation.muscle_curves import Course


def estimate_volume(course: Course, voxel_volume_mm3: float) -> VolumeEstimate:
    """Volume under the area curve, and its leave-one-out error.

    Every knot with neighbours on both sides is left out in turn, and the volume estimated without it; the error is the
    root mean square of the differences. It tells what one annotated place is worth; as the gap left by it is
    twice as wide as any real one, it errs on the safe side.

    Returns:
        The estimate; its errors are None with too few groups.
    """
    to_cm3 = voxel_volume_mm3 / 1000
    volume_cm3 = to_cm3 * (sum(course.drawn_px.values()) + sum(course.area_px.values()))
    inner = [i for i in range(1, len(course.knots) - 1) if all(knot.present for knot in course.knots[i - 1 : i + 2])]
    errors = [to_cm3 * _change_without(course, index) for index in inner]
    error = math.sqrt(sum(e * e for e in errors) / len(errors)) if errors else None
    percent = 100 * error / volume_cm3 if error is not None and volume_cm3 else None
    return VolumeEstimate(sum(knot.present for knot in course.knots), volume_cm3, error, percent)


def _change_without(course: Course, index: int) -> float:
    """By how many voxels the volume changes when a knot is left out."""
    left_out = course.knots[index]
    kept = course.knots[:index] + course.knots[index + 1 :]
    without = area_curve(find_pieces(kept, kept[-1].last + 1, 0), course.faces)
    # Everything that the whole curve and the drawn slices say, less what is drawn on the slices that are still annotated.
    whole = sum(course.area_px[z] for z in without if z in course.area_px) + sum(course.drawn_px[z] for z in left_out.slices)
    return sum(without.values()) - whole
