"""A segmentation against a reference: overlap, surface distances and volume error of each muscle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import field_name
from ifssnet.core.report import Report
from ifssnet.core.segmentation import Json
from ifssnet.geometry.box import Box, label_boxes
from ifssnet.geometry.resample import comparable
from ifssnet.measurement.names import Pair, paired
from ifssnet.measurement.overlap import Overlap, joint_counts, total
from ifssnet.measurement.surface_distance import SurfaceDistances, surface_distances


@dataclass(frozen=True, eq=False)
class Comparison:
    """One muscle against its reference, counted once: 3-D and per-slice numbers follow from it.

    Attributes:
        slices: The slices that count, ascending.
        overlaps: On each of them.
        distances: From the surface voxels on them to the whole other surface.
        volume_cm3: Of the segmentation on these slices.
        reference_volume_cm3: Of the reference on these slices.
    """

    slices: Sequence[int]
    overlaps: Sequence[Overlap]
    distances: SurfaceDistances
    volume_cm3: float
    reference_volume_cm3: float

    def numbers(self) -> dict[str, Json]:
        """The 3-D figures, plain data; infinite distances are kept as such (JSON: null)."""
        return {
            **total(self.overlaps).numbers(),
            **self.distances.numbers(),
            "volume_cm3": self.volume_cm3,
            "reference_volume_cm3": self.reference_volume_cm3,
            "volume_difference_cm3": self.volume_cm3 - self.reference_volume_cm3,
        }

    def per_slice(self) -> list[dict[str, Json]]:
        """One row for each slice on which either map has the muscle.

        Overlap and area error are those of the slice; distances are those of its surface voxels to the other surface in 3-D.
        """
        rows: list[dict[str, Json]] = []
        for z, here in zip(self.slices, self.overlaps, strict=True):
            if here.mask + here.reference == 0:
                continue
            found = here.numbers()
            error, absolute = found.pop("volume_error_percent"), found.pop("absolute_volume_error_percent")
            areas: dict[str, Json] = {"area_error_percent": error, "absolute_area_error_percent": absolute}
            rows.append({"z": z, **found, **areas, **self.distances.on(z).numbers()})
        return rows


def compare(
    labels: LabelMap,
    reference: LabelMap,
    without: Mapping[str, Collection[int]] | None = None,
    per_slice: bool = False,
) -> Report:
    """Hold a segmentation against a reference, muscle by muscle; definitions and sources are in docs/reference/measures.md.

    Args:
        labels: The segmentation; moved onto the reference's grid where the two differ and that is safe.
        reference: What it ought to be.
        without: Muscle's name to slices of the reference's grid that do not count, such as those that an expert annotated.
        per_slice: Add a list "per_slice" to each muscle.

    Returns:
        Each muscle of either map, matched by name, and the mean over the muscles. An infinite number (distance to an
        empty mask, volume error of an empty reference) makes the mean infinite.

    Raises:
        InputError: No muscle is in both, the grids cannot be bridged safely, or every slice is left out.
    """
    found = comparisons(labels, reference, without)
    muscles: dict[str, dict[str, Json]] = {}
    for name, comparison in found.items():
        muscles[name] = comparison.numbers()
    mean = mean_of(list(muscles.values()))
    if per_slice:
        for name, comparison in found.items():
            muscles[name]["per_slice"] = comparison.per_slice()
    provenance: dict[str, Json] = {"grid_shape_zyx": list(reference.grid.shape_zyx)}
    if without:
        provenance["left_out_slices"] = {name: sorted(slices) for name, slices in without.items()}
    return Report(muscles=muscles, mean=mean, provenance=provenance)


def comparisons(
    labels: LabelMap, reference: LabelMap, without: Mapping[str, Collection[int]] | None = None
) -> Mapping[str, Comparison]:
    """The counts and distances behind `compare`, one a muscle, in the order of every table."""
    pairs = paired(labels, reference)
    labels = comparable(labels, reference, "the segmentation")
    ours = [pair.value for pair in pairs if pair.value is not None]
    theirs = [pair.reference_value for pair in pairs if pair.reference_value is not None]
    counts = joint_counts(labels.array, reference.array, ours, theirs)
    boxes = label_boxes(labels.array, ours), label_boxes(reference.array, theirs)
    left_out = {field_name(name): frozenset(slices) for name, slices in (without or {}).items()}
    return {
        pair.name: _comparison(
            pair,
            counts.by_slice(pair.value, pair.reference_value),
            _distances(pair, labels, reference, boxes),
            left_out.get(pair.name, frozenset()),
            reference.grid.voxel_volume_mm3 / 1000,
        )
        for pair in pairs
    }


def mean_of(rows: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """The mean of each number that every row has; whole numbers count, truth values and text do not."""
    mean: dict[str, Json] = {}
    for key in rows[0] if rows else ():
        values = [row.get(key) for row in rows]
        numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) == len(rows):
            mean[key] = sum(numbers) / len(numbers)
    return mean


def _distances(
    pair: Pair, labels: LabelMap, reference: LabelMap, boxes: tuple[Mapping[int, Box], Mapping[int, Box]]
) -> SurfaceDistances:
    empty: Box = (slice(0, 0),) * 3
    ours = empty if pair.value is None else boxes[0][pair.value]
    theirs = empty if pair.reference_value is None else boxes[1][pair.reference_value]
    return surface_distances(
        labels.array,
        pair.value or 0,
        reference.array,
        pair.reference_value or 0,
        reference.grid.spacing_xyz_mm,
        boxes=(ours, theirs),
    )


def _comparison(
    pair: Pair, overlaps: list[Overlap], distances: SurfaceDistances, left_out: frozenset[int], voxel_cm3: float
) -> Comparison:
    kept = [z for z in range(len(overlaps)) if z not in left_out]
    if not kept:
        raise InputError(
            "at least one slice to compare", f"all {len(overlaps)} slices left out for {pair.name}", "Leave out fewer slices."
        )
    if left_out:
        away = np.array(sorted(left_out), dtype=np.int64)
        distances = distances.where(~np.isin(distances.mask_z, away), ~np.isin(distances.reference_z, away))
    here = [overlaps[z] for z in kept]
    together = total(here)
    return Comparison(kept, here, distances, together.mask * voxel_cm3, together.reference * voxel_cm3)
