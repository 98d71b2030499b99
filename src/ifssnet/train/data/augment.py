"""Changes that leave the anatomy true: flips and bends in the plane, grey levels, and masks as a network in use gets them.

Every function draws from the generator that it is given and from nothing else. All take a stack of slices, or one slice, of
some region, and cost about a millisecond for nine slices of 96 x 96.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Shaped

from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.train.data.grey import GreyChanges, change_grey
from ifssnet.train.data.warp import Bends, Warp, bilinear, draw_warp, smooth_field

__all__ = ["Bends", "Corruption", "GreyChanges", "Warp", "change_grey", "corrupt_mask", "draw_warp", "flip", "smooth_field"]


@dataclass(frozen=True)
class Corruption:
    """How wrong a previous mask is, so that a network learns to recover from its own drift.

    Attributes:
        grow_mm: SD of the erosion or dilation of the whole mask.
        bend_mm: SD of the border's displacement that varies along it.
        control_points_mm: The distance over which that varies.
        shift_mm: SD of the mask's shift along each axis.
        hole_chance: The chance that a part of the mask drops out at its border, 0 to 1.
        blob_chance: The chance that a blob is added near it, 0 to 1.
        radius_mm: Least and most radius of holes and blobs.
    """

    grow_mm: float = 1.0
    bend_mm: float = 1.0
    control_points_mm: float = 12.0
    shift_mm: float = 1.5
    hole_chance: float = 0.25
    blob_chance: float = 0.25
    radius_mm: tuple[float, float] = (2.0, 6.0)


def flip(
    rng: np.random.Generator, *arrays: Shaped[np.ndarray, ...], axis: int = -1, chance: float = 0.5
) -> tuple[Shaped[np.ndarray, ...], ...]:
    """All arrays turned round along an axis, or none: the last is left-right, -3 of a stack is along the leg."""
    if rng.random() >= chance:
        return arrays
    return tuple(np.ascontiguousarray(np.flip(array, axis)) for array in arrays)


def corrupt_mask(
    rng: np.random.Generator,
    mask: Shaped[np.ndarray, "*slices y x"],
    pixel_mm: float,
    corruption: Corruption = Corruption(),
    strength: float = 1.0,
) -> Shaped[np.ndarray, "*slices y x"]:
    """A mask as a network that drifts would have predicted it: eroded or dilated, bent, shifted, with a hole, with a blob.

    All slices of a stack are wrong alike, as neighbouring predictions are. A mask never vanishes: an erosion leaves 0.4 of the
    largest depth, and where nothing is left after all the mask stays as it was.

    Args:
        rng: Source of randomness.
        mask: Boolean, or a float32 probability, whose half is its border.
        pixel_mm: Size of a pixel.
        corruption: How wrong.
        strength: A factor of all changes, 0 to 1, for a curriculum.

    Returns:
        As `mask` came: boolean, or float32 with a border of at most a pixel's width.
    """
    soft = mask.dtype != np.bool_
    inside = (mask >= 0.5) if soft else mask
    flat = np.ascontiguousarray(inside).reshape(-1, *mask.shape[-2:])
    if not flat.any() or strength <= 0:
        return mask.copy()
    depth = -np.stack([signed_distance(plane, (pixel_mm, pixel_mm)) for plane in flat])
    depth = _shifted(depth, rng.standard_normal(2) * (strength * corruption.shift_mm / pixel_mm))
    plane_shape = (mask.shape[-2], mask.shape[-1])
    bend = smooth_field(rng, plane_shape, strength * corruption.bend_mm, corruption.control_points_mm / pixel_mm)
    grow = strength * corruption.grow_mm * rng.standard_normal()
    deepest = float(depth.max())
    changed = depth + np.maximum(bend + np.float32(grow), np.float32(-0.6 * deepest))
    # The draws are made whether they are needed or not, so that one chance does not change what comes after it.
    chances, where = rng.random(2), rng.random(4)
    low, high = corruption.radius_mm
    for kind, chance in enumerate((corruption.hole_chance, corruption.blob_chance)):
        if chances[kind] >= strength * chance:
            continue
        radius = low + (high - low) * float(where[2 + kind])
        near = _place(depth[len(depth) // 2], float(where[kind]), 0.0 if kind == 0 else -radius, pixel_mm)
        if near is not None:
            disc = np.float32(radius) - _distance_from(near, plane_shape, pixel_mm)
            changed = np.minimum(changed, -disc) if kind == 0 else np.maximum(changed, disc)
    if not (changed > 0).any():
        return mask.copy()
    # Coverage of a pixel by a straight border that lies so far from its centre.
    result = np.clip(changed / np.float32(pixel_mm) + np.float32(0.5), 0, 1) if soft else changed > 0
    return result.reshape(mask.shape)


def _shifted(stack: Float32[np.ndarray, "z y x"], by_yx: Float[np.ndarray, " 2"]) -> Float32[np.ndarray, "z y x"]:
    ny, nx = stack.shape[-2:]
    rows = np.broadcast_to(np.arange(ny, dtype=np.float32)[:, None] - np.float32(by_yx[0]), (ny, nx))
    columns = np.broadcast_to(np.arange(nx, dtype=np.float32) - np.float32(by_yx[1]), (ny, nx))
    return bilinear(stack, np.ascontiguousarray(rows), np.ascontiguousarray(columns))


def _place(depth_mm: Float32[np.ndarray, "y x"], share: float, level_mm: float, pixel_mm: float) -> tuple[int, int] | None:
    """A pixel about so deep, picked by a share; none where no pixel is."""
    found = np.flatnonzero(np.abs(depth_mm - level_mm) <= pixel_mm)
    if not len(found):
        return None
    y, x = divmod(int(found[int(share * len(found))]), depth_mm.shape[1])
    return y, x


def _distance_from(centre: tuple[int, int], shape_yx: tuple[int, int], pixel_mm: float) -> Float32[np.ndarray, "y x"]:
    y = np.arange(shape_yx[0], dtype=np.float32)[:, None] - centre[0]
    x = np.arange(shape_yx[1], dtype=np.float32)[None, :] - centre[1]
    return np.sqrt(y * y + x * x) * np.float32(pixel_mm)
