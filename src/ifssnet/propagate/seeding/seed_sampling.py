"""Annotated slices out of a full segmentation, as an expert would have drawn them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.geometry.untyped import smoothed

NOISE_LENGTH_MM = 8.0
"""Correlation length of an annotator's errors along the border, mm."""


def sample_seeds(
    labels: LabelMap,
    *,
    consecutive: int = 3,
    every: int | None = None,
    every_mm: float | None = None,
    ends: bool = True,
    first_only: bool = False,
    noise_mm: float = 0.0,
    seed: int = 0,
) -> Seeds:
    """Take the slices that a protocol annotates, each muscle on slices of its own.

    Args:
        labels: Every named muscle is sampled; one that is nowhere present is left out.
        consecutive: Slices annotated side by side; the first of them at the first slice where the muscle is present.
        every: Slices from the start of one group to the start of the next (the paper's 100).
        every_mm: The same in mm, rounded up to whole slices: no groups lie closer.
        ends: Annotate the first and last slice with the muscle and the slices without it beside them, too.
        first_only: Only the first group (the paper's text, III-C), and the ends if asked.
        noise_mm: SD of the drawn border about the true one, along its normal, smooth over 8 mm and independent
            from slice to slice: an imperfect human.
        seed: The noise's; the same seed, label and slice give the same border whatever else is sampled.

    Raises:
        InputError: Nothing to sample; neither or both of `every` and `every_mm`; numbers out of range.
    """
    period = _period(labels, every, every_mm, first_only)
    if consecutive < 1:
        raise InputError("at least 1 consecutive slice", f"{consecutive}", "Annotate at least one slice in a row.")
    if not (math.isfinite(noise_mm) and noise_mm >= 0):
        raise InputError("noise of 0 mm or more", f"{noise_mm}", "Give the noise as a standard deviation in mm.")
    wanted = {
        label: sorted(_slices(present, labels.grid.slices, consecutive, period, ends))
        for label in sorted(labels.names)
        if (present := np.flatnonzero([(plane == label).any() for plane in labels.array])).size
    }
    if not wanted:
        raise InputError(
            "a segmentation with at least one muscle", "one with none", "Give the whole segmentation to sample from."
        )
    masks: dict[int, dict[int, Mask]] = {label: {} for label in wanted}
    for z in sorted({z for slices in wanted.values() for z in slices}):
        drawn = drawn_by_hand(labels, z, [label for label in wanted if z in wanted[label]], noise_mm, seed)
        for label, mask in drawn.items():
            masks[label][z] = mask
    names = {label: labels.names[label] for label in wanted}
    return Seeds(masks, labels.grid, names, {label: color for label, color in labels.colors.items() if label in wanted})


def _period(labels: LabelMap, every: int | None, every_mm: float | None, first_only: bool) -> float:
    """Slices from group to group; infinite for the first group only."""
    if first_only:
        return math.inf
    if (every is None) == (every_mm is None):
        raise InputError(
            "one of `every` (slices) and `every_mm`",
            "neither" if every is None else "both",
            "Give one, or the first group only.",
        )
    period = float(every) if every is not None else _whole_slices(every_mm or 0.0, labels.grid.spacing_xyz_mm[2])
    if not (math.isfinite(period) and period >= 1):
        raise InputError("groups at least one slice apart", f"{period:g} slices", "Choose a wider gap.")
    return period


def _whole_slices(distance_mm: float, spacing_mm: float) -> float:
    """Up to the next whole number, but for what is only the rounding of a decimal fraction."""
    return float(math.ceil(distance_mm / spacing_mm - 1e-6)) if math.isfinite(distance_mm) else math.nan


def _slices(present: np.ndarray, slices: int, consecutive: int, period: float, ends: bool) -> set[int]:
    first, last = int(present[0]), int(present[-1])
    groups = 1 if math.isinf(period) else int((last - first) / period) + 2
    starts = [first] if math.isinf(period) else [first + int(group * period) for group in range(groups)]
    chosen = {z for start in starts for z in range(start, start + consecutive) if z <= last}
    if ends:
        chosen |= {z for z in (first - 1, first, last, last + 1) if 0 <= z < slices}
    return chosen


def drawn_by_hand(labels: LabelMap, z: int, annotated: list[int], noise_mm: float, seed: int) -> Mapping[int, Mask]:
    """One slice's masks as drawn; where two displaced borders overlap, a pixel goes to the muscle it lies deeper in."""
    plane = labels.array[z]
    if not noise_mm:
        return {label: plane == label for label in annotated}
    spacing = labels.grid.spacing_zyx_mm[1:]
    depth: dict[int, Float[np.ndarray, "y x"]] = {}
    for label in annotated:
        true = plane == label
        if true.any():
            shift = noise_mm * _smooth_noise(plane.shape, spacing, (seed, label, z))
            depth[label] = shift - signed_distance(true, spacing)
    most = np.maximum.reduce(list(depth.values())) if depth else None
    drawn: dict[int, Mask] = {}
    for label in annotated:
        true = plane == label
        mask = (depth[label] > 0) & (depth[label] == most) if label in depth else true
        # An annotator errs at borders, but neither invents a muscle nor overlooks the tip of one.
        drawn[label] = mask if mask.any() else true
    return drawn


def _smooth_noise(
    shape: tuple[int, ...], spacing_yx_mm: tuple[float, float], key: tuple[int, int, int]
) -> Float[np.ndarray, "y x"]:
    """A Gaussian field of mean 0 and SD 1 at every pixel, its correlation falling to exp(-1) over 8 mm."""
    sigma_px = [NOISE_LENGTH_MM / 2 / spacing for spacing in spacing_yx_mm]
    margin = [math.ceil(4 * sigma) for sigma in sigma_px]
    padded = [n + 2 * m for n, m in zip(shape, margin, strict=True)]
    white = np.random.default_rng(key).standard_normal(padded)
    field = smoothed(white, sigma_px, "constant")[margin[0] : margin[0] + shape[0], margin[1] : margin[1] + shape[1]]
    # The sum of squared weights of a wide Gaussian kernel is 1 / (4 pi s_y s_x); a narrow one needs its own sum.
    response = np.zeros([2 * m + 1 for m in margin])
    response[margin[0], margin[1]] = 1
    return field / math.sqrt((smoothed(response, sigma_px, "constant") ** 2).sum())
