"""One leg: from annotated slices to every slice, and what it measures. Takes and returns nouns; files are other modules'."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grey_scale import BLACK, WHITE, GreyScale
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.muscles import place_of
from ifssnet.core.progress import Progress
from ifssnet.core.provenance import Provenance, VolumeEstimate
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator, Segmentation
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.geometry.grids.axis_order import AS_STORED, inverse, reordered, reordered_grid
from ifssnet.io.volumes.seg_nrrd import terminology_lines
from ifssnet.propagate.assemble import assemble
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.network_input.trained_pixels import on_trained_pixels
from ifssnet.propagate.seeding.mistaken_seeds import describe, find_mistakes
from ifssnet.propagate.seeding.protocols import ALL_SEEDS, restrict
from ifssnet.workflow.files.provenance import annotated_slices, software


def segment(
    volume: Volume | None,
    seeds: Seeds,
    propagator: Propagator,
    *,
    keep_probability: bool = False,
    protocol: str = ALL_SEEDS,
) -> Generator[Progress, None, Segmentation]:
    """Propagate the annotated slices, and say how; warn of places that look drawn under another muscle's name.

    Args:
        volume: Grey levels on the seeds' grid, or None where the propagator does not read them.
        seeds: What the expert drew.
        propagator: The method, learned or not.
        keep_probability: Keep the probability of each voxel's label (4 bytes a voxel).
        protocol: How much of what was drawn is given: "first-three", "every-100" or "all-seeds". The rest is neither
            seen by the method nor restored in the result.

    Raises:
        InputError: No such protocol; no muscle was drawn; the method needs a volume and there is none, or one on another grid.
    """
    if not any(seeds.present(label) for label in seeds.labels):
        raise InputError("seeds with at least one muscle drawn on one slice", "seeds with none", "Annotate a few slices.")
    axes = seeds.axes
    seeds = restrict(seeds, protocol)
    if volume is None and propagator.needs_volume:
        raise InputError(
            f"a volume for the method '{propagator.name}'", "none", "Give the volume, or choose a method that does not read it."
        )
    scale = None
    if volume is not None:
        volume, scale = as_networks_read(volume, seeds)
    for mistake in find_mistakes(seeds):
        warnings.warn(InputWarning(describe(mistake, seeds)), stacklevel=2)
    propagation = on_trained_pixels(propagator, seeds.grid).prepare(volume, seeds)
    found = yield from assemble(propagation.steps(), seeds, keep_probability=keep_probability)
    provenance = Provenance(
        propagator.name, propagation.describe(), protocol, annotated_slices(seeds), software(), grey_scale=scale
    )
    back = inverse(axes)
    labels = replace(
        found.labels,
        array=reordered(found.labels.array, back),
        grid=reordered_grid(found.labels.grid, back),
        header=terminology_lines(seeds.terminology),
    )
    probability = None if found.probability is None else reordered(found.probability, back)
    return Segmentation(labels, probability, provenance)


def as_networks_read(volume: Volume, seeds: Seeds) -> tuple[Volume, GreyScale]:
    """The volume along the axes that the seeds were drawn on, its grey levels from 0 to 255, and how these came about.

    Raises:
        InputError: A volume on another grid than the seeds'.
    """
    if seeds.axes != AS_STORED:
        seen = None if volume.seen is None else reordered(volume.seen, seeds.axes)
        array, grid = reordered(volume.array, seeds.axes), reordered_grid(volume.grid, seeds.axes)
        volume = replace(volume, array=array, grid=grid, seen=seen)
    if not volume.grid.matches(seeds.grid):
        raise InputError(
            f"seeds on the volume's grid of {volume.grid.shape_zyx} voxels (z, y, x)",
            f"seeds on {seeds.grid.shape_zyx} voxels, up to {volume.grid.distance_from(seeds.grid):.2f} mm away",
            "Open the seeds with the volume, so that they are moved onto its grid.",
        )
    volume, scale = on_grey_scale(volume)
    return _without_nan(volume), scale


def estimates_from_slices(seeds: Seeds, protocol: str = ALL_SEEDS) -> dict[str, VolumeEstimate]:
    """The volume of each muscle from the annotated slices alone, by guided interpolation, with its leave-one-out error.

    Raises:
        InputError: No such protocol.
    """
    return ShapeInterpolation().prepare(None, restrict(seeds, protocol)).describe().volume_estimates()


def _without_nan(volume: Volume) -> Volume:
    """Voxels without a grey level as black ones, as those that were never scanned are."""
    if volume.array.dtype.kind != "f" or np.isfinite(volume.array).all():
        return volume
    return replace(volume, array=np.nan_to_num(volume.array, nan=BLACK, posinf=WHITE, neginf=BLACK))


def in_order(labels: LabelMap) -> list[int]:
    """The named label values, in the order of every table."""
    return [value for _, value in structures_in_order([labels])]


def structures_in_order(layers: Sequence[LabelMap]) -> list[tuple[LabelMap, int]]:
    """The named label values, each with its label map, those of the triceps surae first and in the order of every table."""
    held = [(layer, value) for layer in layers for value in layer.names]
    return sorted(held, key=lambda each: (*place_of(each[0].names[each[1]]), each[1]))
