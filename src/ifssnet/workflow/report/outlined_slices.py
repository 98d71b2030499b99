"""Slices as a page shows them: which, and what is on them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.figures.leg_report.content import OutlinedSlice
from ifssnet.workflow.leg.case import in_order


def even_places(labels: LabelMap, count: int) -> list[int]:
    """Slices at even positions from the first to the last with a muscle."""
    present = np.flatnonzero(labels.array.any(axis=(1, 2)))
    if present.size == 0:
        return []
    even = np.linspace(float(present[0]), float(present[-1]), min(count, present.size))
    return sorted({round(float(at)) for at in even})


def places_between(labels: LabelMap, annotated: Collection[int], count: int) -> list[int]:
    """Slices far from annotated ones: the muscles' length is cut into equal parts, and each gives its farthest slice."""
    present = np.flatnonzero(labels.array.any(axis=(1, 2)))
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
    z: int, labels: LabelMap, volume: Volume | None, reference: LabelMap | None, seeds: Seeds | None
) -> OutlinedSlice:
    """One slice with what was segmented on it, what the reference says, and who drew on it."""
    return OutlinedSlice(
        z=z,
        position_mm=z * labels.grid.spacing_xyz_mm[2],
        image=_grey(volume, z, labels),
        masks=_masks(labels, z),
        reference_masks={} if reference is None else _masks(reference, z),
        annotated=[labels.names[v] for v in in_order(labels) if seeds is not None and is_drawn(seeds, labels.names[v], z)],
    )


def is_drawn(seeds: Seeds, name: str, z: int) -> bool:
    """Whether an expert looked at this muscle on this slice."""
    return any(seeds.name(label) == name and z in seeds.masks[label] for label in seeds.labels)


def _masks(labels: LabelMap, z: int) -> dict[str, Mask]:
    return {labels.names[value]: labels.array[z] == value for value in in_order(labels)}


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
