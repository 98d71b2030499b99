"""Slices as a page shows them: which, and what is on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Int, UInt8

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.figures.leg_report.content import OutlinedSlice
from ifssnet.workflow.leg.case import structures_in_order


def even_places(layers: Sequence[LabelMap], count: int) -> list[int]:
    """Slices at even positions from the first to the last with a muscle."""
    present = _present(layers)
    if present.size == 0:
        return []
    even = np.linspace(float(present[0]), float(present[-1]), min(count, present.size))
    return sorted({round(float(at)) for at in even})


def places_between(layers: Sequence[LabelMap], annotated: Collection[int], count: int) -> list[int]:
    """Slices far from annotated ones: the muscles' length is cut into equal parts, and each gives its farthest slice."""
    present = _present(layers)
    if present.size == 0:
        return []
    edges = np.linspace(int(present[0]), int(present[-1]) + 1, min(count, present.size) + 1)
    drawn = np.array(sorted(annotated))
    chosen: list[int] = []
    for low, high in pairwise(edges):
        part = np.arange(int(np.ceil(low)), int(np.ceil(high)))
        near = np.abs(part[:, None] - drawn).min(axis=1) if drawn.size else np.zeros(len(part))
        middle = np.abs(part - (low + high - 1) / 2)
        chosen.append(int(part[np.lexsort((middle, -near))[0]]))
    return chosen


def outlined_slice(
    z: int, layers: Sequence[LabelMap], volume: Volume | None, references: Sequence[LabelMap], seeds: Seeds | None
) -> OutlinedSlice:
    """One slice with what was segmented on it, what the reference says, and who drew on it."""
    masks = _masks(layers, z)
    return OutlinedSlice(
        z=z,
        position_mm=z * layers[0].grid.spacing_xyz_mm[2],
        image=_grey(volume, z, layers[0]),
        masks=masks,
        reference_masks=_masks(references, z),
        annotated=[name for name in masks if seeds is not None and is_drawn(seeds, name, z)],
    )


def is_drawn(seeds: Seeds, name: str, z: int) -> bool:
    """Whether an expert looked at this muscle on this slice."""
    return any(seeds.name(label) == name and z in seeds.masks[label] for label in seeds.labels)


def _present(layers: Sequence[LabelMap]) -> Int[np.ndarray, " slice"]:
    """The slices that show a muscle."""
    return np.flatnonzero(np.any([layer.array.any(axis=(1, 2)) for layer in layers], axis=0))


def _masks(layers: Sequence[LabelMap], z: int) -> dict[str, Mask]:
    """Each structure's own mask: where structures overlap, none takes anything from another."""
    return {layer.names[value]: layer.array[z] == value for layer, value in structures_in_order(layers)}


def _grey(volume: Volume | None, z: int, labels: LabelMap) -> UInt8[np.ndarray, "y x"]:
    if volume is None:
        return np.zeros(labels.grid.shape_zyx[1:], dtype=np.uint8)
    plane = volume.array[z]
    if plane.dtype == np.uint8:
        return np.asarray(plane)
    # Other types have no fixed black and white: a twentieth of the slices says where the volume's own lie.
    sample = volume.array[:: max(len(volume.array) // 20, 1)]
    low, high = (float(level) for level in np.nanpercentile(sample, (0.5, 99.5)))
    scaled = (np.nan_to_num(plane.astype(np.float32)) - low) * (255 / max(high - low, 1e-6))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
