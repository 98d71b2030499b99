"""Checks that the closed surfaces of one leg do not cross."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap, Surface
from ifssnet.geometry.masks.box import bounding_box
from ifssnet.geometry.surfaces.voxelise import voxels_inside
from ifssnet.geometry.untyped import distance_to_false

MOST_SHARED = 0.005
"""Largest share of the smaller of two parts that both may hold: real segmentations touch."""

DEEPEST_MM = 1.0
"""Parts that share a sheet no thicker than twice this lie along each other: surfaces that were smoothed one by one do."""


def check_collisions(surfaces: Sequence[Surface], labels: LabelMap) -> None:
    """Refuse parts that cross; warn of those that touch so closely that they share a little.

    Args:
        surfaces: Closed ones.
        labels: Voxels of them: 1 for the first, and so on; what lies in several went to the first.

    Raises:
        InputError: Two of them share more than `MOST_SHARED` of the smaller one, and not only a sheet along their border.
    """
    taken = np.bincount(labels.array.ravel(), minlength=len(surfaces) + 1)
    shared: list[tuple[float, float, str]] = []
    sheets: list[tuple[float, str]] = []
    for value, surface in enumerate(surfaces, start=1):
        held = voxels_inside(surface, labels.grid)
        others = np.bincount(labels.array[held], minlength=len(surfaces) + 1)
        whole = int(np.count_nonzero(held))
        for other in (int(index) for index in np.flatnonzero(others)):
            if other not in (0, value):
                share = float(others[other]) / max(1, min(whole, int(taken[other])))
                if share >= MOST_SHARED and _deepest_mm(held & (labels.array == other), labels) <= DEEPEST_MM:
                    sheets.append((share, f"{surfaces[other - 1].name} and {surface.name}"))
                    continue
                cm3 = float(others[other]) * labels.grid.voxel_volume_mm3 / 1000.0
                shared.append((share, cm3, f"{surfaces[other - 1].name} and {surface.name}"))
    if sheets:
        share, names = max(sheets)
        warnings.warn(
            InputWarning(f"The surfaces touch: {names} share a sheet of {share:.1%}. It went to the first."), stacklevel=3
        )
    if not shared:
        return
    share, cm3, names = max(shared)
    figure = f"{names} share {cm3:.3g} cm3, {share:.2%} of the smaller one"
    if share >= MOST_SHARED:
        raise InputError(
            f"surfaces that do not cross (at most {MOST_SHARED:.1%} of the smaller part)",
            figure,
            "Cut one of them back where they were made.",
        )
    warnings.warn(InputWarning(f"The surfaces touch: {figure}. It went to the first of them."), stacklevel=3)


def _deepest_mm(both: Bool[np.ndarray, "z y x"], labels: LabelMap) -> float:
    """The largest depth, in mm, of a place inside what two parts share."""
    box = bounding_box(both, 1)
    return float(distance_to_false(both[box], labels.grid.spacing_zyx_mm, border=True).max())
