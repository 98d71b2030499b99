"""Grey levels of any type on the 0 to 255 that networks were trained on and that echo intensity has."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Shaped

from ifssnet.core.errors import InputWarning
from ifssnet.core.grey_scale import BLACK, WHITE, WINDOW_KEY, GreyScale
from ifssnet.core.images import Volume

DARK_PERCENT, BRIGHT_PERCENT = 0.5, 99.9
"""Percentiles of the levels whose scale nobody says."""

BRIGHT_LEVEL = 150.0
"""What the bright percentile becomes: where it lies in volumes of 8 bits, which are seldom saturated."""

_BYTES = 256
_NEARLY_WHOLE = 1e-3
_MANY_LEVELS = 32
"""Where there are this many different levels or more, a common divisor of them all is no accident."""
_DIM = 64.0
"""A volume of fractions that nowhere reaches it is not on the scale of bytes."""
_BLACK_SHARE = 0.25
"""Where the dark percentile lies below this share of the bright one, 0 is black."""
_BLACK_VOXELS = 0.01
"""Share of the voxels that have the darkest level where it is that of what was never scanned."""
_BEYOND_WINDOW = 0.05
"""Share of the voxels above a window from which the window is not that of the grey levels."""
_MOST_SAMPLED = 1 << 24


def on_grey_scale(volume: Volume) -> tuple[Volume, GreyScale]:
    """The volume with grey levels from 0 to 255, and how they came about.

    Bytes stay as they are. Levels that stand for bytes (257 times a byte, a byte over 255, ...) become these bytes again.
    Else the window that the header says counts, and else percentiles, with a warning.

    A level below 0 that many voxels have, further below all others than these reach, is that of voxels outside of the image:
    they are black, and count for no rule.

    Args:
        volume: Its grey levels may have any type; NaN stay NaN.
    """
    volume, outside = _without_outside(volume)
    scale = grey_scale_of(volume)
    if outside is not None:
        scale = replace(scale, rule=f"{scale.rule}; {outside:g} lies outside of the image, and is black")
    if scale.estimated:
        what = f"Nothing says which grey level is black and which is white; {scale}. Compare no echo intensities across scales."
        warnings.warn(InputWarning(what), stacklevel=2)
    if scale.is_identity:
        return _with_bytes(volume), scale
    header = {**volume.header, WINDOW_KEY: f"{BLACK} {WHITE}"}
    return replace(volume, array=_scaled(volume.array, scale), header=header), scale


def grey_scale_of(volume: Volume) -> GreyScale:
    """By which rule a volume's grey levels become 0 to 255; the rules are in docs/reference/formats.md."""
    name = str(volume.array.dtype)
    if name in ("uint8", "bool"):
        return GreyScale(name)
    low, high = _ends(volume.array)
    if name == "int8" and low < 0:
        return GreyScale(name, -128.0, 127.0, "a signed byte")
    if (step := _step_of_bytes(volume.array, low, high)) is not None:
        times = f"levels are bytes times {step:.6g}" if step > 1 else "levels are bytes over 255"
        return GreyScale(name) if step == 1 else GreyScale(name, BLACK, WHITE * step, times)
    if (window := _window(volume)) is not None:
        return GreyScale(name, *window, "the window in the file's header")
    if low >= 0 and high <= 1:
        return GreyScale(name, BLACK, 1.0, "levels from 0 to 1")
    if low >= 0 and _DIM <= high <= WHITE:
        return GreyScale(name)
    if (step := _even_step(volume.array, low)) is not None:
        return GreyScale(name, low, low + WHITE * step, f"levels are bytes times {step:.6g} above {low:.6g}, the black around")
    return _by_percentiles(volume.array, name)


def _without_outside(volume: Volume) -> tuple[Volume, float | None]:
    """The volume with black in place of the level outside of the image, and that level; None where there is none."""
    array = volume.array
    low, high = _ends(array)
    if array.dtype.kind not in "if" or array.dtype.itemsize == 1 or low >= 0 or np.mean(_sample(array) == low) < _BLACK_VOXELS:
        return volume, None
    others = [plane[np.isfinite(plane) & (plane > low)] for plane in array]
    darkest = min((float(each.min()) for each in others if each.size), default=low)
    if darkest - low <= high - darkest or darkest == low:
        return volume, None
    return replace(volume, array=np.where(array == low, array.dtype.type(min(darkest, 0)), array)), low


def _with_bytes(volume: Volume) -> Volume:
    """Whole levels from 0 to 255 as bytes, whatever their type: what is computed of them is then the same to the bit."""
    array = volume.array
    if array.dtype.kind not in "iuf" or array.dtype == np.uint8 or not np.isfinite(array).all():
        return volume
    levels = _few_levels(array)
    whole = levels is not None and bool((levels == np.rint(levels)).all()) and levels.min(initial=0) >= 0 and _are_bytes(levels)
    return replace(volume, array=array.astype(np.uint8)) if whole else volume


def _ends(array: Shaped[np.ndarray, "z y x"]) -> tuple[float, float]:
    """The least and the largest finite level; 0 and 0 where there is none."""
    low, high = math.inf, -math.inf
    for plane in array:
        known = plane[np.isfinite(plane)] if plane.dtype.kind == "f" else plane
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _step_of_bytes(array: Shaped[np.ndarray, "z y x"], low: float, high: float) -> float | None:
    """The factor by which bytes were multiplied to give these levels; None where they are no such multiples."""
    if low < 0:
        return None
    levels = _few_levels(array)
    if levels is None:
        return None
    whole = bool((np.abs(levels - np.rint(levels)) <= _NEARLY_WHOLE).all())
    steps: list[float] = [1 / WHITE] if high <= 1 and array.dtype.kind == "f" else []
    steps += [1.0, 257.0, 256.0]
    if whole and len(levels) >= _MANY_LEVELS:
        steps.append(float(np.gcd.reduce(np.rint(levels).astype(np.int64))))
    return next((step for step in steps if step and _are_bytes(levels / step)), None)


def _even_step(array: Shaped[np.ndarray, "z y x"], low: float) -> float | None:
    """The distance of levels that are evenly spaced above the darkest one, where much of the image is that dark; else None."""
    levels = _few_levels(array)
    if levels is None or len(levels) < _MANY_LEVELS or np.mean(_sample(array) == low) < _BLACK_VOXELS:
        return None
    span = float(levels[-1] - levels[0])
    # Over the whole span, because single precision blurs the distance of two levels.
    step = span / max(1.0, float(np.rint(span / np.diff(levels).min())))
    return step if _are_bytes((levels - low) / step) else None


def _few_levels(array: Shaped[np.ndarray, "z y x"]) -> Float64[np.ndarray, " level"] | None:
    """The different levels, ascending; None where there are more than bytes have."""
    found = np.zeros(0, dtype=array.dtype)
    for plane in array:
        known = plane[np.isfinite(plane)] if plane.dtype.kind == "f" else plane
        found = np.union1d(found, known)
        if len(found) > _BYTES:
            return None
    return found.astype(np.float64)


def _are_bytes(levels: Float64[np.ndarray, " level"]) -> bool:
    whole = (np.abs(levels - np.rint(levels)) <= _NEARLY_WHOLE).all()
    return bool(whole and levels.max(initial=0) <= WHITE + _NEARLY_WHOLE)


def _window(volume: Volume) -> tuple[float, float] | None:
    """The header's window; None where there is none, or one that the levels do not lie in."""
    try:
        low, high = (float(word) for word in volume.header.get(WINDOW_KEY, "").split())
    except ValueError:
        return None
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return None
    bright = float(np.percentile(_sample(volume.array), 100 * (1 - _BEYOND_WINDOW)))
    visible = float(np.percentile(_sample(volume.array), BRIGHT_PERCENT)) > low + (high - low) / _BYTES
    if bright > high or not visible:
        statement = f"The header says that levels from {low:g} to {high:g} are shown, where the image's own do not lie"
        warnings.warn(InputWarning(f"{statement}; it was passed over."), stacklevel=4)
        return None
    return low, high


def _by_percentiles(array: Shaped[np.ndarray, "z y x"], name: str) -> GreyScale:
    sample = _sample(array)
    if not sample.size:
        return GreyScale(name)
    dark, bright = (float(level) for level in np.percentile(sample, (DARK_PERCENT, BRIGHT_PERCENT)))
    if sample.min() >= 0 and dark <= _BLACK_SHARE * bright:
        dark = 0.0
    high = dark + (bright - dark) * WHITE / BRIGHT_LEVEL if bright > dark else dark + WHITE
    rule = (
        f"percentiles; {dark:.6g} is black, and {bright:.6g}, above {BRIGHT_PERCENT:g} % of the voxels, became {BRIGHT_LEVEL:g}"
    )
    return GreyScale(name, dark, high, rule, estimated=True)


def _sample(array: Shaped[np.ndarray, "z y x"]) -> Float64[np.ndarray, " n"]:
    """Finite levels of every slice, or of slices at equal distances of a large volume."""
    kept = array[:: max(1, array.size // _MOST_SAMPLED)].astype(np.float64).ravel()
    return kept[np.isfinite(kept)]


def _scaled(array: Shaped[np.ndarray, "z y x"], scale: GreyScale) -> Shaped[np.ndarray, "z y x"]:
    """Bytes where every level becomes one to a thousandth, else single precision."""
    factor = WHITE / (scale.high - scale.low)
    scaled = np.empty(array.shape, dtype=np.float32)
    whole = True
    for out, plane in zip(scaled, array, strict=True):
        levels = np.clip((plane.astype(np.float64) - scale.low) * factor, BLACK, WHITE)
        whole = whole and bool((np.abs(levels - np.rint(levels)) <= _NEARLY_WHOLE).all())
        out[...] = levels
    return np.rint(scaled).astype(np.uint8) if whole else scaled
