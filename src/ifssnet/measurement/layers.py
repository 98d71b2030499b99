"""Structures that overlap: each is measured and compared from its own layer, whatever else is there."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.muscles import field_names, place_of
from ifssnet.core.results.agreement import LegAgreement, MuscleAgreement
from ifssnet.core.results.measures import LegMeasures, MeasureOptions, MuscleMeasures
from ifssnet.measurement.checks.completeness import completeness_findings
from ifssnet.measurement.checks.scanned_edge import MuscleCoverage, muscle_coverage
from ifssnet.measurement.leg.muscles import SurfaceMaker, measure, surface_in
from ifssnet.measurement.names import named_values
from ifssnet.measurement.reference.compare import compare, mean_agreement

_STRUCTURE = "structure"
"""What a muscle is called while it is compared by itself."""


def measure_layers(
    layers: Sequence[LabelMap],
    volume: Volume | None = None,
    options: MeasureOptions | None = None,
    surface: SurfaceMaker = surface_in,
) -> LegMeasures:
    """Measure each muscle of several label maps on one grid, as `measure` does for one.

    Raises:
        InputError: Two layers name one muscle, or whatever `measure` refuses.
    """
    if len(layers) == 1:
        return measure(layers[0], volume, options, surface)
    parts = [measure(layer, volume, options, surface) for layer in layers]
    names = field_names(_names(layers))
    muscles: dict[str, MuscleMeasures] = {}
    for layer, part in zip(layers, parts, strict=True):
        # A layer by itself may hold one side alone, which then goes without saying.
        said = {value: called for called, value in named_values(layer).items()}
        for value, called in layer.names.items():
            name, found = names[called], part.muscles[said[value]]
            if name in muscles:
                raise InputError("one segment a muscle", f"two for {name}", "Merge them, or rename one of them.")
            muscles[name] = found
    ordered = {name: muscles[name] for name in sorted(muscles, key=place_of)}
    return LegMeasures(ordered, parts[0].options, parts[0].grey_scale, parts[0].slice_axis)


def largest_layer(layers: Sequence[LabelMap]) -> LabelMap:
    """The label map with most voxels, which shows best how the leg lies; the first of several."""
    return max(layers, key=lambda layer: int(np.count_nonzero(layer.array)))


def coverage_of_layers(layers: Sequence[LabelMap], volume: Volume) -> dict[str, MuscleCoverage]:
    """How much of each muscle of several label maps on one grid the scan held."""
    found = {name: each for layer in layers for name, each in muscle_coverage(layer, volume).items()}
    return {name: found[name] for name in sorted(found, key=place_of)}


def completeness_of_layers(layers: Sequence[LabelMap]) -> tuple[Finding, ...]:
    """What is missing of the muscles of several label maps on one grid."""
    return tuple(finding for layer in layers for finding in completeness_findings(layer))


def compare_layers(
    layers: Sequence[LabelMap],
    references: Sequence[LabelMap],
    without: Mapping[str, Collection[int]] | None = None,
    per_slice: bool = False,
    axis: int | None = None,
) -> LegAgreement:
    """Hold overlapping structures against a reference, as `compare` does where nothing overlaps.

    Raises:
        InputError: As `compare`.
    """
    if len(layers) == 1 and len(references) == 1:
        return compare(layers[0], references[0], without, per_slice, axis)
    names = field_names([*_names(layers), *_names(references), *(without or {})])
    left_out = {names[name]: slices for name, slices in (without or {}).items()}
    ours, theirs = _alone(layers, names), _alone(references, names)
    if not ours.keys() & theirs.keys():
        raise InputError(
            "a muscle that both the segmentation and the reference name",
            f"{', '.join(ours) or 'none'} and {', '.join(theirs) or 'none'}",
            "Rename the labels of one of them.",
        )
    for where, lacking in (("segmentation", theirs.keys() - ours.keys()), ("reference", ours.keys() - theirs.keys())):
        if lacking:
            words = f"The {where} has no {', '.join(sorted(lacking))}: counted as empty there."
            warnings.warn(InputWarning(words), stacklevel=2)
    muscles: dict[str, MuscleAgreement] = {}
    for name in sorted({**ours, **theirs}, key=place_of):
        found = ours.get(name) or _empty(layers[0])
        truth = theirs.get(name) or _empty(references[0])
        own = {_STRUCTURE: left_out[name]} if name in left_out else None
        muscles[name] = compare(found, truth, own, per_slice, axis).muscles[_STRUCTURE]
    return LegAgreement(
        muscles=muscles,
        mean=mean_agreement(list(muscles.values())),
        grid_shape_zyx=references[0].grid.shape_zyx,
        left_out_slices={name: tuple(sorted(slices)) for name, slices in left_out.items()},
    )


def _names(layers: Sequence[LabelMap]) -> list[str]:
    return [name for layer in layers for name in layer.names.values()]


def _alone(layers: Sequence[LabelMap], names: Mapping[str, str]) -> dict[str, LabelMap]:
    """Each muscle as a label map of its own."""
    found: dict[str, LabelMap] = {}
    for layer in layers:
        for value, called in layer.names.items():
            name = names[called]
            if name in found:
                raise InputError("one segment a muscle", f"two for {name}", "Merge them, or rename one of them.")
            found[name] = LabelMap((layer.array == value).astype(np.uint8), layer.grid, {1: _STRUCTURE})
    return found


def _empty(like: LabelMap) -> LabelMap:
    return LabelMap(np.zeros(like.grid.shape_zyx, dtype=np.uint8), like.grid, {1: _STRUCTURE})
