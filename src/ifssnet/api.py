"""The library's verbs: what the commands run, as functions that take and return the nouns of `ifssnet.core`.

Nothing heavy is imported before the first call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from numpy.typing import NDArray

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.results.agreement import LegAgreement
from ifssnet.core.results.measures import LegMeasures, MeasureOptions
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Segmentation
from ifssnet.core.sweep import Sweep

if TYPE_CHECKING:
    from ifssnet.workflow.files.arrays import Arrays

AnyPath: TypeAlias = str | PathLike[str]
Array: TypeAlias = NDArray[Any]
"""Voxels without a place, indexed `[z, y, x]`; `spacing_mm` says how far they are apart."""

Spacing: TypeAlias = float | tuple[float, float, float]
"""Distance between voxels in mm: one number, or along x, y and z, in this order."""


def open_volume(path: AnyPath) -> Volume:
    """Read a grey-level volume: MetaImage, NRRD, NIfTI or DICOM, told apart by content.

    Raises:
        InputError: The file is missing, broken, or not a volume.
    """
    from ifssnet.io.open import open_volume as read

    return read(Path(path))


def open_labels(path: AnyPath) -> LabelMap:
    """Read a label map with its names: MetaImage, NRRD, NIfTI, or a 3D Slicer segmentation (`.seg.nrrd`).

    Raises:
        InputError: The file is missing, broken, or holds values that are not labels.
    """
    from ifssnet.io.open import open_labels as read

    return read(Path(path))


def open_sweep(path: AnyPath, config: AnyPath | None = None) -> Sweep:
    """Read a tracked sweep: PLUS / 3D Slicer sequence, Stradwin `.sw`, or a folder of PNG frames with poses.

    Args:
        path: The file or folder.
        config: A PLUS configuration (XML) with the probe's calibration, where the sweep does not hold it.

    Raises:
        InputError: The recording or its calibration is missing or broken.
    """
    from ifssnet.io.open import open_sweep as read

    return read(Path(path), None if config is None else Path(config))


def open_seeds(
    path: AnyPath | Sequence[AnyPath],
    volume: Volume | Grid | None = None,
    *,
    corrections: Sequence[AnyPath] = (),
    keep_outlines: bool = False,
    clean: bool = False,
) -> Seeds:
    """Read what an expert drew: a sparse label map, a `.seg.nrrd`, PNG masks, or contours in a Stradwin `.sw`.

    Args:
        path: The file or folder, or several, which are joined.
        volume: What the seeds belong to. Contours and PNG masks need it; label maps on another grid are moved
            onto it where that is safe, with a warning that says by how much.
        corrections: Seeds that take the place of the others on their slices.
        keep_outlines: Take outlines that were painted with a brush as they are, instead of filling them.
        clean: Leave out stray pieces, and slices that cannot belong between their neighbours.

    Returns:
        The seeds. Their `findings` say what was filled, left out or replaced, and what cannot be meant.

    Raises:
        InputError: The seeds are missing, broken, contradict each other, or do not fit the volume.
    """
    from ifssnet.workflow.files.opener import SeedReading
    from ifssnet.workflow.files.opener import open_seeds as read

    paths = [Path(path)] if isinstance(path, str | PathLike) else [Path(each) for each in path]
    reading = SeedReading(keep_outlines, clean, tuple(Path(each) for each in corrections))
    return read(paths, volume.grid if isinstance(volume, Volume) else volume, reading=reading)


def compound(sweeps: Sweep | Sequence[Sweep], *, force_quality: bool = False, **options: Any) -> Volume:
    """Compound tracked sweeps into a volume.

    Args:
        sweeps: One sweep, or several of the same leg in the same reference frame.
        force_quality: Go on although the checks of the recordings find errors, such as a probe that stands still.
        options: Fields of `ifssnet.compounding.options.CompoundOptions`, such as `spacing_mm=0.5`.

    Raises:
        InputError: An option is impossible, no frame is usable, the checks find an error, or the volume would not fit the
            memory.
    """
    from ifssnet.compounding.options import CompoundOptions
    from ifssnet.compounding.preflight.sweep_checks import refuse_errors
    from ifssnet.workflow.leg.compounded_volume import check_before_compounding
    from ifssnet.workflow.leg.compounded_volume import compound as run

    known = [field.name for field in fields(CompoundOptions)]
    if unknown := sorted(set(options) - set(known)):
        raise InputError(f"one of the options {', '.join(known)}", f"'{unknown[0]}'", "Leave it out or correct it.")
    every = (sweeps,) if isinstance(sweeps, Sweep) else tuple(sweeps)
    chosen = CompoundOptions(**options)
    if not force_quality:
        refuse_errors(check_before_compounding(every, chosen))
    return drain(run(every, chosen))


def segment(
    volume: Volume | Array | None,
    seeds: Seeds | LabelMap | Array,
    method: str | None = None,
    *,
    spacing_mm: Spacing | None = None,
    names: Mapping[int, str] | None = None,
    weights: AnyPath | None = None,
    protocol: str = "all-seeds",
    device: str = "auto",
    **settings: Any,
) -> Segmentation:
    """Carry a few annotated slices through the whole volume.

    Args:
        volume: The grey levels, or None for methods that do not read them.
        seeds: What the expert drew; of a label map or an array of labels, slices with a label are annotated.
        spacing_mm: Distance between the voxels of arrays, along x, y and z or one number; left out where only one of the two is
            an array, which then lies where the other does.
        names: Label value to muscle's name, of an array of seeds; left out, 100, 150 and 200 are SOL, GM and GL, and others are
            named by their numbers.
        method: A name that `ifss segment --method list` shows; None for the anchored network where a volume is given, its
            weights come with the package and a library that runs it is installed, else guided shape interpolation. The
            provenance says which, and why.
        weights: The file with a learned method's weights, or the name of weights that come with the package (`ifss weights
            list` shows them); None for the method's own of these.
        protocol: How much of the seeds is given: "first-three" (the paper), "every-100" (its code), "all-seeds".
        device: Where a learned method computes: "auto", "cpu" or "cuda".
        settings: Fields of the method's configuration, such as `plain=True` for shape interpolation.

    Returns:
        A segmentation that has exactly what the expert drew on the given slices.

    Raises:
        InputError: An unknown method, setting or protocol, unusable weights, seeds and a volume that do not fit each other, or
            arrays without a spacing.

    >>> import numpy as np
    >>> from ifssnet.core.grid import Grid
    >>> from ifssnet.core.seeds import Seeds
    >>> disc = np.hypot(*np.mgrid[-8:9, -8:9]) < 6
    >>> seeds = Seeds({1: {0: disc, 20: disc}}, Grid((21, 17, 17)), {1: "SOL"})
    >>> segmentation = segment(None, seeds)
    >>> bool((segmentation.labels.array == disc).all())
    True

    The same from an array, with voxels of 0.5 mm:

    >>> drawn = np.zeros((21, 17, 17), np.uint8)
    >>> drawn[[0, 20]] = disc
    >>> segment(None, drawn, spacing_mm=0.5, names={1: "SOL"})
    Segmentation(SOL; shape-interpolation; 21 x 17 x 17 voxels of 0.5 x 0.5 x 0.5 mm (z, y, x))
    """
    from ifssnet.workflow.files.arrays import grid_of
    from ifssnet.workflow.leg.case import segment as run
    from ifssnet.workflow.leg.method_choice import choose
    from ifssnet.workflow.leg.segment_files import build

    arrays = _arrays(spacing_mm, names)
    arrays.check_used(volume, seeds, of_labels=(seeds,))
    grey = arrays.volume(volume, grid_of(seeds))
    drawn = arrays.seeds(seeds, None if grey is None else grey.grid)
    named = None if weights is None else Path(weights)
    built = build(choose(method, named, settings, volume_given=grey is not None), settings, device)
    found = drain(run(grey, drawn, built.propagator, protocol=protocol))
    return replace(found, provenance=built.complete(found.provenance))


def measure(
    segmentation: Segmentation | LabelMap | Array,
    volume: Volume | Array | None = None,
    options: MeasureOptions | None = None,
    *,
    spacing_mm: Spacing | None = None,
    names: Mapping[int, str] | None = None,
) -> LegMeasures:
    """Measure each muscle: volume in cm3, length, cross-sections, echo intensity where a volume is given.

    A segmentation of `segment`'s has the limits of each volume's 90 % interval as well, from its annotated slices.

    Args:
        segmentation: Which voxel is which muscle.
        volume: The grey levels, for echo intensity; on the same grid, or one that covers the muscles.
        options: How to measure; None for every default.
        spacing_mm: Distance between the voxels of arrays, as `segment` takes it.
        names: Label value to muscle's name, of an array of labels.

    Raises:
        InputError: Two labels have one muscle's name, more than 1 % of a muscle lies outside the volume, or an array without a
            spacing.

    >>> import numpy as np
    >>> from ifssnet.core.grid import Grid
    >>> box = np.zeros((12, 12, 12), np.uint8)
    >>> box[1:11, 1:11, 1:11] = 1
    >>> soleus = measure(LabelMap(box, Grid((12, 12, 12)), {1: "SOL"})).muscles["SOL"]
    >>> soleus.volume_cm3
    1.0
    """
    from ifssnet.measurement.leg.intervals import with_intervals
    from ifssnet.measurement.leg.muscles import measure as run
    from ifssnet.workflow.files.arrays import grid_of

    arrays = _arrays(spacing_mm, names)
    arrays.check_used(segmentation, volume, of_labels=(segmentation,))
    labels = arrays.labels(segmentation, grid_of(volume))
    measures = run(labels, arrays.volume(volume, labels.grid), options)
    known = segmentation.provenance if isinstance(segmentation, Segmentation) else None
    return measures if known is None else with_intervals(measures, known.volume_estimates())


def compare(
    segmentation: Segmentation | LabelMap | Array,
    reference: LabelMap | Array,
    without: Mapping[str, Collection[int]] | None = None,
    *,
    per_slice: bool = False,
    spacing_mm: Spacing | None = None,
    names: Mapping[int, str] | None = None,
) -> LegAgreement:
    """Hold a segmentation against a reference: Dice, IoU, surface distances, volume error.

    Args:
        segmentation: What was found.
        reference: What it ought to be; muscles are matched by name.
        without: Muscle's name to slices of the reference that do not count, such as those that an expert annotated.
        per_slice: Add the agreement on each slice to each muscle.
        spacing_mm: Distance between the voxels of arrays, as `segment` takes it.
        names: Label value to muscle's name, of arrays of labels.

    Raises:
        InputError: The grids differ by more than can be bridged safely, or no muscle has the same name in both.
    """
    from ifssnet.measurement.reference.compare import compare as run
    from ifssnet.workflow.files.arrays import grid_of

    arrays = _arrays(spacing_mm, names)
    arrays.check_used(segmentation, reference, of_labels=(segmentation, reference))
    labels = arrays.labels(segmentation, grid_of(reference))
    return run(labels, arrays.labels(reference, labels.grid), without, per_slice)


def report(
    segmentation: Segmentation | LabelMap,
    path: AnyPath,
    volume: Volume | None = None,
    *,
    reference: LabelMap | None = None,
    seeds: Seeds | None = None,
    title: str = "leg",
    slices: int = 12,
    side: Literal["left", "right"] | None = None,
    force: bool = False,
) -> Path:
    """Write the page that `ifss report` writes: numbers, slices with outlines, the area profile, the muscles in 3-D.

    Args:
        segmentation: What was found; of `segment`'s result, the page has the provenance, too.
        path: Where to; a name that ends in `.html`.
        volume: The grey levels that the slices show.
        reference: What it ought to be, for a comparison.
        seeds: What the expert drew, to mark the annotated slices.
        title: The page's heading.
        slices: How many slices to show.
        side: Which leg, where known.
        force: Replace a page that is there.

    Raises:
        InputError: Things that do not fit each other, another suffix, or a place that cannot be written.
    """
    from ifssnet.workflow.report.report_nouns import report_nouns

    target = Path(path)
    report_nouns(segmentation, target, volume, reference, seeds, title=title, slices=slices, side=side, force=force)
    return target


def _arrays(spacing_mm: Spacing | None, names: Mapping[int, str] | None) -> Arrays:
    from ifssnet.workflow.files.arrays import Arrays

    return Arrays(spacing_mm, names)


def save(
    thing: Volume | LabelMap | Segmentation | Seeds | LegMeasures | LegAgreement, path: AnyPath, force: bool = False
) -> Path:
    """Write a volume, a label map, a segmentation or seeds, or what `measure` and `compare` found; the suffix is the format.

    Numbers are written as `.json`, everything, or as `.csv`, one line a muscle and quantity.
    The file is written beside its target and moved into place, so that a failure leaves nothing half done.

    Raises:
        InputError: An unknown suffix, a target that exists (unless `force`), or a place that cannot be written.
    """
    target = Path(path)
    if isinstance(thing, Seeds):
        from ifssnet.io.seeds.seed_files import save_seeds

        save_seeds(thing, target, force=force)
    elif isinstance(thing, LegMeasures):
        from ifssnet.io.result_tables import save_measures

        save_measures(thing, target, force)
    elif isinstance(thing, LegAgreement):
        from ifssnet.io.result_tables import save_agreement

        save_agreement(thing, target, force)
    else:
        from ifssnet.io.save import save as write

        write(thing, target, force=force)
    return target
