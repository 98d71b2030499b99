"""Volumes made ready for registration: one spacing for both, and masks of what was seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import SimpleITK
from jaxtyping import Float, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume

itk = cast("Any", SimpleITK)
"""SimpleITK, whose functions carry no types."""

Image: TypeAlias = Any
"""A SimpleITK image."""

COARSE_VOXELS = 60_000
"""Voxels of the fixed volume in the coarse search: each of its starts then takes milliseconds."""

SEEN_SHARE = 0.5
"""A coarse voxel counts as seen where at least this share of the fine ones in it was."""


@dataclass(frozen=True)
class Pyramid:
    """Two volumes at about the same spacing.

    Attributes:
        fixed: Grey levels, float32.
        moving: Grey levels, float32.
        fixed_mask: 1 where something was seen.
        moving_mask: 1 where something was seen.
    """

    fixed: Image
    moving: Image
    fixed_mask: Image
    moving_mask: Image


def at_spacing(fixed: Volume, moving: Volume, spacing_mm: float) -> Pyramid:
    """Both volumes, averaged over blocks of whole voxels to about a spacing.

    Raises:
        InputError: A volume in which nothing was seen, or everything has one grey level.
    """
    fixed_image, fixed_mask = _averaged(fixed, spacing_mm, "first")
    moving_image, moving_mask = _averaged(moving, spacing_mm, "second")
    return Pyramid(fixed_image, moving_image, fixed_mask, moving_mask)


def coarse_spacing_mm(fixed: Volume, moving: Volume) -> float:
    """The spacing at which the larger volume has about `COARSE_VOXELS` voxels."""
    largest = max(v.grid.voxels * v.grid.voxel_volume_mm3 for v in (fixed, moving))
    return (largest / COARSE_VOXELS) ** (1 / 3)


def to_image(array: Shaped[np.ndarray, "z y x"], grid: Grid) -> Image:
    """A SimpleITK image of an array on a grid; both are LPS."""
    image = itk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_xyz_mm)
    image.SetOrigin(grid.origin_xyz_mm)
    image.SetDirection([float(value) for row in grid.direction for value in row])
    return image


def whole_extent_mm(image: Image) -> Float[np.ndarray, "8 3"]:
    """Corner voxels of an image, in mm."""
    sizes = image.GetSize()
    corners = [(i, j, k) for k in (0, sizes[2] - 1) for j in (0, sizes[1] - 1) for i in (0, sizes[0] - 1)]
    return np.array([image.TransformIndexToPhysicalPoint(corner) for corner in corners])


def _averaged(volume: Volume, spacing_mm: float, which: str) -> tuple[Image, Image]:
    """Mean over the seen voxels of each block, and which blocks were seen."""
    factors = [
        max(1, min(round(spacing_mm / s), n // 4)) if n >= 4 else 1
        for s, n in zip(volume.grid.spacing_xyz_mm, volume.grid.shape_zyx[::-1], strict=True)
    ]
    known = volume.array != 0 if volume.seen is None else volume.seen
    seen = to_image(known.astype(np.float32), volume.grid)
    grey = to_image(volume.array.astype(np.float32, copy=False), volume.grid)
    if max(factors) > 1:
        seen, grey = itk.BinShrink(seen, factors), itk.BinShrink(grey, factors)
    share, total = itk.GetArrayFromImage(seen), itk.GetArrayFromImage(grey)
    mask = share >= SEEN_SHARE
    levels = np.divide(total, share, out=np.zeros_like(total), where=share > 0)
    if mask.sum() < 64 or not math.isfinite(float(levels[mask].std())) or float(levels[mask].std()) == 0:
        raise InputError(
            "volumes with structure: seen voxels (not 0) of different grey levels",
            f"the {which} volume with {int(mask.sum())} seen voxels of {spacing_mm:.1f} mm",
            "Check that the file is the grey-level volume of the leg, not an empty or a constant one.",
        )
    image, mask_image = itk.GetImageFromArray(levels), itk.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(grey)
    mask_image.CopyInformation(grey)
    return image, mask_image
