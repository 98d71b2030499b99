"""Images and poses that were recorded side by side, paired by their times."""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Float, Int

from ifssnet.core.errors import InputError, InputWarning

UNPAIRED = -1
"""Stands for "no pose within half a frame interval"."""

_FACTORS = (1e3, 1e6, 1e9)
_FEW, _MOST = 0.5, 0.9
"""Where fewer images than the one have a pose in the units as they stand, and more than the other by a factor, it is meant."""

_FEW_ENTRIES = 2
_REPEATS = 0.1
"""A clock of which a larger share of the times stands twice is too coarse for its entries."""


def in_one_unit(
    image_times_s: Float[np.ndarray, " image"] | None, pose_times_s: Float[np.ndarray, " pose"] | None, names: tuple[str, str]
) -> tuple[Float[np.ndarray, " image"] | None, Float[np.ndarray, " pose"] | None]:
    """Both in seconds, where one of them plainly counts in ms, us or ns and does not say so, with a warning.

    Args:
        image_times_s: When each image was recorded; None where nobody says.
        pose_times_s: When each pose was recorded; None where nobody says.
        names: What the images and the poses are called, for messages.
    """
    if image_times_s is None or pose_times_s is None or _all_alike(image_times_s) or _all_alike(pose_times_s):
        return image_times_s, pose_times_s
    if min(len(image_times_s), len(pose_times_s)) < 2 or _paired(image_times_s, pose_times_s) >= _FEW:
        return image_times_s, pose_times_s
    for factor in _FACTORS:
        for images, poses, name in (
            (image_times_s / factor, pose_times_s, names[0]),
            (image_times_s, pose_times_s / factor, names[1]),
        ):
            if _paired(images, poses) >= _MOST:
                other = names[1] if name == names[0] else names[0]
                what = f"The times of {name} are {factor:,.0f} times those of {other}"
                warnings.warn(InputWarning(f"{what}: they were taken to count in another unit."), stacklevel=2)
                return images, poses
    return image_times_s, pose_times_s


def _paired(image_times_s: Float[np.ndarray, " image"], pose_times_s: Float[np.ndarray, " pose"]) -> float:
    """Share of the images that have a pose of their time."""
    return float((_nearest(image_times_s, pose_times_s)[0] != UNPAIRED).mean())


def _all_alike(times_s: Float[np.ndarray, " time"]) -> bool:
    """Whether several times are one: a clock that stood still tells nothing."""
    known = times_s[np.isfinite(times_s)]
    return len(times_s) > 1 and (len(known) == 0 or bool((known == known[0]).all()))


def _why_not_timed(
    image_times_s: Float[np.ndarray, " image"], pose_times_s: Float[np.ndarray, " pose"]
) -> tuple[str, str] | None:
    """Whose times are none, and why: they count entries, or many of them are one; None where times tell."""
    shared = _share_that_repeats(image_times_s)
    if shared > _REPEATS:
        return "images", f"have a clock too coarse to tell them apart ({shared:.0%} repeat a time)"
    if _interval_s(pose_times_s) > 1.5 * _interval_s(image_times_s) and _share_that_repeats(pose_times_s) > _REPEATS:
        return "poses", f"have a clock too coarse to tell them apart ({_share_that_repeats(pose_times_s):.0%} repeat a time)"
    images_count, poses_count = _count_entries(image_times_s), _count_entries(pose_times_s)
    if images_count and poses_count and len(image_times_s) == len(pose_times_s) and image_times_s[0] != pose_times_s[0]:
        return "images", "are numbered otherwise than the poses"
    if images_count != poses_count and _paired(image_times_s, pose_times_s) < _MOST:
        return ("images" if images_count else "poses"), "are numbered, not timed"
    return None


def _count_entries(times_s: Float[np.ndarray, " time"]) -> bool:
    """Whether times are the numbers of entries: whole, and each one more than the one before."""
    return len(times_s) > _FEW_ENTRIES and bool((np.diff(times_s) == 1).all()) and float(times_s[0]).is_integer()


def _share_that_repeats(times_s: Float[np.ndarray, " time"]) -> float:
    """Share of the times that another entry has before them."""
    known = times_s[np.isfinite(times_s)]
    return 1 - len(np.unique(known)) / max(len(known), 1) if len(known) > _FEW_ENTRIES else 0.0


def pair_by_time(
    image_times_s: Float[np.ndarray, " image"] | None,
    pose_times_s: Float[np.ndarray, " pose"] | None,
    counts: tuple[int, int],
    names: tuple[str, str],
) -> Int[np.ndarray, " image"]:
    """The index of each image's pose: the nearest in time, within half a frame interval; `UNPAIRED` where there is none.

    Args:
        image_times_s: When each image was recorded; None where nobody says.
        pose_times_s: When each pose was recorded; None where nobody says.
        counts: How many images and poses there are.
        names: What the images and the poses are called, for messages.

    Raises:
        InputError: No image has a pose, or times are missing or none and the counts differ: they do not belong together.
    """
    for times, without in ((image_times_s, "images"), (pose_times_s, "poses")):
        if times is None or _all_alike(times):
            return _by_number(counts, names, (without, "have no times that differ"))
    assert image_times_s is not None
    assert pose_times_s is not None
    if (why := _why_not_timed(image_times_s, pose_times_s)) is not None:
        return _by_number(counts, names, why)
    found, tolerance = _nearest(image_times_s, pose_times_s)
    dropped = int((found == UNPAIRED).sum())
    if dropped == len(found):
        raise InputError(
            "images and poses of one recording",
            f"{names[0]} from {_span(image_times_s)} and {names[1]} from {_span(pose_times_s)}: no image has a pose within "
            f"{tolerance:.3g} s",
            "Give the poses that were recorded with these images.",
        )
    if dropped:
        what = f"{names[0]}: {dropped} of {len(found)} images have no pose of {names[1]} within {tolerance:.3g} s"
        warnings.warn(InputWarning(f"{what}; they are left out."), stacklevel=2)
    return found


def _nearest(
    image_times_s: Float[np.ndarray, " image"], pose_times_s: Float[np.ndarray, " pose"]
) -> tuple[Int[np.ndarray, " image"], float]:
    """The index of each image's nearest pose, `UNPAIRED` beyond half a frame interval; and that half interval in s."""
    order = np.argsort(pose_times_s, kind="stable")
    order = order[np.isfinite(pose_times_s[order])]
    found = np.full(len(image_times_s), UNPAIRED)
    times = pose_times_s[order]
    tolerance = 0.5 * _interval_s(image_times_s, times) * (1 + 1e-6)
    timed = np.flatnonzero(np.isfinite(image_times_s))
    if len(times):
        wanted = image_times_s[timed]
        after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
        before = (after - 1).clip(0)
        nearest = np.where(np.abs(times[before] - wanted) <= np.abs(times[after] - wanted), before, after)
        near = np.abs(times[nearest] - wanted) <= tolerance
        found[timed[near]] = order[nearest[near]]
    return found, tolerance


def _by_number(counts: tuple[int, int], names: tuple[str, str], why: tuple[str, str]) -> Int[np.ndarray, " image"]:
    without, fault = why
    if counts[0] != counts[1]:
        raise InputError(
            "as many poses as images, where times are missing",
            f"{counts[0]} images in {names[0]} and {counts[1]} poses in {names[1]}; the {without} {fault}",
            "Record both with times, or give the poses that belong to these images.",
        )
    what = f"The {without} of {names[0] if without == 'images' else names[1]} {fault}"
    warnings.warn(InputWarning(f"{what}: images and poses were joined by their numbers."), stacklevel=3)
    return np.arange(counts[0])


def _interval_s(*clocks_s: Float[np.ndarray, " _"]) -> float:
    """The time between two entries of a clock that differ; where there is one only, of the next clock."""
    for times in clocks_s:
        steps = np.diff(np.sort(times[np.isfinite(times)]))
        steps = steps[steps > 0]
        if len(steps):
            return float(np.median(steps))
    return 1.0


def _span(times_s: Float[np.ndarray, " time"]) -> str:
    known = times_s[np.isfinite(times_s)]
    return f"{known.min():.6g} s to {known.max():.6g} s" if len(known) else "unknown times"
