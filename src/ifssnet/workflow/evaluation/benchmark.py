"""One method on one leg: seeds out of the truth, every slice out of the seeds, and how far that is from the truth."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ifssnet.core.errors import InputWarning
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.machine.peak import peak_mb, reset_peak
from ifssnet.core.muscles import field_names
from ifssnet.core.progress import drain
from ifssnet.core.results.evaluation import SeedProtocol
from ifssnet.core.results.evaluation_results import WHOLE, SliceScore
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator, Segmentation
from ifssnet.geometry.grids.long_axis import along, leg_order
from ifssnet.measurement.reference.compare import agreement, comparisons, slice_agreements
from ifssnet.measurement.reference.comparison import Comparison
from ifssnet.propagate.seeding.protocols import restrict
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.leg.case import segment


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What one method did on one leg.

    Attributes:
        segmentation: The whole segmentation.
        muscles: Muscle to metric to number; `WHOLE` stands before a metric that counts annotated slices too.
        slices: The slices that were not annotated and where the muscle is or was found.
        seconds: The time from seeds to segmentation.
        peak_mb: The largest memory of the process meanwhile, in 10^6 bytes; NaN where the system does not tell.
        given: Muscle to the slices that were given.
        notes: What the run warned of.
    """

    segmentation: Segmentation
    muscles: Mapping[str, Mapping[str, float]]
    slices: tuple[SliceScore, ...]
    seconds: float
    peak_mb: float
    given: Mapping[str, tuple[int, ...]]
    notes: tuple[str, ...]


def benchmark(volume: Volume | None, truth: LabelMap, propagator: Propagator, given: SeedProtocol) -> Benchmark:
    """Run a method on a leg whose truth is known.

    Args:
        volume: Grey levels; None where the method does not read them.
        truth: Every named muscle in it is drawn, propagated and measured.
        propagator: The method.
        given: The slices of the truth that it is given.

    Raises:
        InputError: No muscle in the truth, or whatever the method refuses.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", InputWarning)
        seeds = drawn_seeds(truth, given)
        reset_peak()
        started = time.perf_counter()
        found = drain(segment(volume, seeds, propagator))
        seconds = time.perf_counter() - started
        peak = peak_mb()
        called = field_names(truth.names.values())
        slices_given = {called[seeds.name(label)]: seeds.slices(label) for label in seeds.labels}
        compared = {name: c for name, c in comparisons(found.labels, truth, axis=seeds.axes[0]).items() if name in slices_given}
    muscles: dict[str, dict[str, float]] = {}
    slices: list[SliceScore] = []
    for name, comparison in compared.items():
        not_annotated = comparison.without(slices_given[name])
        whole = {WHOLE + metric: value for metric, value in agreement(comparison).numbers().items()}
        if not_annotated is None:
            muscles[name] = whole
            continue
        muscles[name] = {**agreement(not_annotated).numbers(), **whole}
        slices += _slice_scores(name, not_annotated, slices_given[name], seeds.grid.spacing_xyz_mm)
    notes = tuple(dict.fromkeys(str(w.message) for w in warned if issubclass(w.category, InputWarning)))
    return Benchmark(found, muscles, tuple(slices), seconds, peak, slices_given, notes)


def drawn_seeds(truth: LabelMap, protocol: SeedProtocol) -> Seeds:
    """The slices across the leg that a protocol gives, drawn from the truth.

    Raises:
        InputError: No such protocol, or no muscle in the truth.
    """
    order = leg_order(truth)
    drawn = sample_seeds(
        along(truth, order),
        consecutive=protocol.consecutive,
        every=100 if protocol.every is None and protocol.every_mm is None else protocol.every,
        every_mm=protocol.every_mm,
        noise_mm=protocol.noise_mm,
        seed=protocol.seed,
    )
    return replace(restrict(drawn, protocol.protocol), axes=order)


def without_image(volume: Volume) -> Volume:
    """The volume with all its grey levels at zero."""
    return replace(volume, array=np.zeros_like(volume.array))


def _slice_scores(
    muscle: str, compared: Comparison, given: tuple[int, ...], spacing_xyz_mm: tuple[float, float, float]
) -> list[SliceScore]:
    slices = slice_agreements(compared)
    counts = dict(zip(compared.slices, compared.overlaps, strict=True))
    z = np.array([each.z for each in slices], dtype=np.int64)
    nearest, since = distances_to(z, np.array(given, dtype=np.int64), spacing_xyz_mm[2])
    pixel_mm2 = spacing_xyz_mm[0] * spacing_xyz_mm[1]
    return [
        SliceScore(
            muscle=muscle,
            z=each.z,
            nearest_given_mm=nearest_mm,
            since_given_mm=since_mm,
            dice=each.dice,
            hausdorff_mm=each.hausdorff_mm,
            asd_mm=each.asd_mm,
            area_error_percent=each.area_error_percent,
            found_mm2=counts[each.z].mask * pixel_mm2,
            reference_mm2=counts[each.z].reference * pixel_mm2,
        )
        for each, nearest_mm, since_mm in zip(slices, nearest.tolist(), since.tolist(), strict=True)
    ]


def distances_to(
    z: Int[np.ndarray, " slice"], given: Int[np.ndarray, " given"], spacing_mm: float
) -> tuple[Float[np.ndarray, " slice"], Float[np.ndarray, " slice"]]:
    """Distances in mm from each slice to the nearest given one, and past the last given one below it (NaN before the first)."""
    if given.size == 0:
        return np.full(z.size, np.nan), np.full(z.size, np.nan)
    place = np.searchsorted(given, z, side="right")
    below = z - given[np.maximum(place - 1, 0)]
    above = given[np.minimum(place, given.size - 1)] - z
    since = np.where(place > 0, below, np.nan)
    nearest = np.minimum(np.where(place > 0, below, np.inf), np.where(place < given.size, above, np.inf))
    return nearest * spacing_mm, since * spacing_mm
