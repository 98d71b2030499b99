"""A segmentation against a reference: overlap, surface distances and volume error of each muscle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import field_names
from ifssnet.core.results.agreement import LegAgreement, MuscleAgreement, SliceAgreement
from ifssnet.core.results.measures import Side
from ifssnet.geometry.grids.axis_order import AS_STORED
from ifssnet.geometry.grids.long_axis import along, leg_order, order_with_first
from ifssnet.geometry.grids.resample import comparable
from ifssnet.geometry.masks.box import Box, label_boxes
from ifssnet.measurement.names import Pair, paired
from ifssnet.measurement.probe import probe_side
from ifssnet.measurement.reference.comparison import Comparison
from ifssnet.measurement.reference.metrics.table import METRICS
from ifssnet.measurement.reference.overlap import joint_counts
from ifssnet.measurement.reference.parts import SurfaceParts, surface_parts
from ifssnet.measurement.reference.surface_distance import SurfaceDistances, surface_distances
from ifssnet.measurement.reference.surfels import SurfelDistances, surfel_distances

_FIELDS = frozenset(each.name for each in fields(MuscleAgreement))


def compare(
    labels: LabelMap,
    reference: LabelMap,
    without: Mapping[str, Collection[int]] | None = None,
    per_slice: bool = False,
    axis: int | None = None,
) -> LegAgreement:
    """Hold a segmentation against a reference, muscle by muscle; definitions and sources are in docs/reference/measures.md.

    Args:
        labels: The segmentation; moved onto the reference's grid where the two differ and that is safe.
        reference: What it ought to be.
        without: Muscle's name to slices of the reference's grid that do not count, such as those that an expert annotated.
        per_slice: Add the agreement on each slice to each muscle.
        axis: The axis of the reference's array across which slices are counted; None for the one along the leg.

    Returns:
        Each muscle of either map, matched by name, and the mean over the muscles. An infinite number (distance to an
        empty mask, volume error of an empty reference) makes the mean infinite.

    Raises:
        InputError: No muscle is in both, the grids cannot be bridged safely, or every slice is left out.
    """
    found = comparisons(labels, reference, without, axis)
    muscles = {name: agreement(comparison, per_slice=per_slice) for name, comparison in found.items()}
    return LegAgreement(
        muscles=muscles,
        mean=mean_agreement(list(muscles.values())),
        grid_shape_zyx=reference.grid.shape_zyx,
        left_out_slices={name: tuple(sorted(slices)) for name, slices in (without or {}).items()},
    )


def comparisons(
    labels: LabelMap,
    reference: LabelMap,
    without: Mapping[str, Collection[int]] | None = None,
    axis: int | None = None,
) -> Mapping[str, Comparison]:
    """The counts and distances behind `compare`, one a muscle, in the order of every table."""
    pairs = paired(labels, reference)
    labels = comparable(labels, reference, "the segmentation")
    ours = [pair.value for pair in pairs if pair.value is not None]
    theirs = [pair.reference_value for pair in pairs if pair.reference_value is not None]
    order = leg_order(reference, theirs) if axis is None else order_with_first(reference.grid, axis)
    labels, reference = along(labels, order), along(reference, order)
    counts = joint_counts(labels.array, reference.array, ours, theirs)
    boxes = label_boxes(labels.array, ours), label_boxes(reference.array, theirs)
    called = field_names([*labels.names.values(), *reference.names.values(), *(without or {})])
    left_out = {called[name]: frozenset(slices) for name, slices in (without or {}).items()}
    # What a header says is by the axes as they are stored.
    side = probe_side(reference.header if order == AS_STORED else {})
    found: dict[str, Comparison] = {}
    for pair in pairs:
        overlaps = counts.by_slice(pair.value, pair.reference_value)
        distances, surfels, parts = _surfaces(pair, labels, reference, boxes, side)
        voxel_cm3 = reference.grid.voxel_volume_mm3 / 1000
        whole = Comparison(range(len(overlaps)), overlaps, distances, surfels, parts, voxel_cm3)
        kept = whole.without(left_out.get(pair.name, frozenset()))
        if kept is None:
            raise InputError(
                "at least one slice to compare",
                f"all {len(overlaps)} slices left out for {pair.name}",
                "Leave out fewer slices.",
            )
        found[pair.name] = kept
    return found


def agreement(muscle: Comparison, *, per_slice: bool = False) -> MuscleAgreement:
    """Every metric of the table for one muscle; infinite distances are kept as such."""
    found = {metric.key: metric.compute(muscle) for metric in METRICS}
    return _agreement(found, slice_agreements(muscle) if per_slice else None)


def slice_agreements(muscle: Comparison) -> list[SliceAgreement]:
    """The agreement on each slice on which either map has the muscle."""
    return [
        SliceAgreement(
            z=z,
            dice=here.dice,
            iou=here.iou,
            miou=here.miou,
            precision=here.precision,
            recall=here.recall,
            area_error_percent=here.volume_error_percent,
            absolute_area_error_percent=abs(here.volume_error_percent),
            hausdorff_mm=distances.hausdorff_mm,
            hausdorff95_mm=distances.hausdorff95_mm,
            asd_mm=distances.asd_mm,
        )
        for z, here in zip(muscle.slices, muscle.overlaps, strict=True)
        if here.mask + here.reference
        for distances in (muscle.distances.on(z),)
    ]


def mean_agreement(muscles: Sequence[MuscleAgreement]) -> MuscleAgreement:
    """The mean of each metric over at least one muscle."""
    rows = [muscle.numbers() for muscle in muscles]
    mean = {key: sum(float(row[key]) for row in rows) / len(rows) for key in rows[0]}
    return _agreement(mean, None)


def _agreement(numbers: Mapping[str, float], per_slice: Sequence[SliceAgreement] | None) -> MuscleAgreement:
    """Numbers that have a field of their own in their fields, the others in `further`."""
    own: dict[str, Any] = {key: value for key, value in numbers.items() if key in _FIELDS}
    further = {key: value for key, value in numbers.items() if key not in _FIELDS}
    return MuscleAgreement(**own, further=further, per_slice=per_slice)


def _surfaces(
    pair: Pair, labels: LabelMap, reference: LabelMap, boxes: tuple[Mapping[int, Box], Mapping[int, Box]], side: Side
) -> tuple[SurfaceDistances, SurfelDistances, SurfaceParts]:
    empty: Box = (slice(0, 0),) * 3
    ours = empty if pair.value is None else boxes[0][pair.value]
    theirs = empty if pair.reference_value is None else boxes[1][pair.reference_value]
    maps = (labels.array, pair.value or 0, reference.array, pair.reference_value or 0)
    spacing_mm = reference.grid.spacing_xyz_mm
    return (
        surface_distances(*maps, spacing_mm, boxes=(ours, theirs)),
        surfel_distances(*maps, spacing_mm, boxes=(ours, theirs)),
        surface_parts(reference.array, pair.reference_value or 0, theirs, side),
    )
