"""Changes of grey levels as scanners and their settings make them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32

from ifssnet.geometry.compiled import compiled

WHITE = 255.0


@dataclass(frozen=True)
class GreyChanges:
    """How far grey levels (0 to 255, log-compressed echo) are changed.

    Attributes:
        chance: The chance of each of the changes, 0 to 1.
        gain: Most that is added or taken away, grey levels: a gain in dB is an offset after log compression.
        tilt: The same at the edge of the region, falling to its opposite at the other edge: time gain compensation.
        gamma: Largest exponent of the display curve, and 1 / the smallest.
        speckle: Most SD of noise of about two pixels in size, grey levels.
        blur: Most that each neighbour contributes along each axis, 0 to 0.25.
    """

    chance: float = 0.5
    gain: float = 20.0
    tilt: float = 15.0
    gamma: float = 1.4
    speckle: float = 10.0
    blur: float = 0.2


def change_grey(
    rng: np.random.Generator, stack: Float32[np.ndarray, "*slices y x"], changes: GreyChanges = GreyChanges()
) -> Float32[np.ndarray, "*slices y x"]:
    """Gain, tilt, gamma, speckle and blur, each by chance. Pixels of exactly 0 were not scanned and stay so.

    Args:
        rng: Source of randomness.
        stack: Grey levels from 0 to 255, not yet normalised; all its slices change alike.
        changes: How far.
    """
    does = rng.random(4) < changes.chance
    changed = stack
    if does[0]:
        changed = blur(changed, rng.uniform(0, changes.blur))
    if does[1]:
        changed = curve(changed, changes.gamma ** rng.uniform(-1, 1))
    added = np.zeros(stack.shape[-2:], np.float32)
    if does[2]:
        added = _ramp(rng, (stack.shape[-2], stack.shape[-1]), changes.gain, changes.tilt)
    if does[3]:
        changed = changed + speckle(rng, stack.shape, rng.uniform(0, changes.speckle))
    changed = np.clip(changed + added, 0, WHITE)
    changed[stack == 0] = 0
    return changed


def blur(stack: Float32[np.ndarray, "*slices y x"], weight: float) -> Float32[np.ndarray, "*slices y x"]:
    """Each pixel with `weight` of each neighbour along y, then along x; the edge repeats."""
    smoothed, w = stack, np.float32(weight)
    for axis in (-2, -1):
        moved = np.moveaxis(smoothed, axis, -1)
        result = moved * (1 - 2 * w)
        result[..., 1:] += w * moved[..., :-1]
        result[..., :-1] += w * moved[..., 1:]
        result[..., 0] += w * moved[..., 0]
        result[..., -1] += w * moved[..., -1]
        smoothed = np.moveaxis(result, -1, axis)
    return np.ascontiguousarray(smoothed)


def curve(stack: Float32[np.ndarray, "*slices y x"], gamma: float) -> Float32[np.ndarray, "*slices y x"]:
    """White times (grey / white) to the power of gamma, from a table of whole grey levels and linear between."""
    table = WHITE * (np.arange(257) / WHITE) ** gamma
    return through(stack, table)


def through(stack: Float32[np.ndarray, "*slices y x"], table: Float[np.ndarray, " 257"]) -> Float32[np.ndarray, "*slices y x"]:
    """Grey levels through a table of whole ones, 0 to 256, linear between."""
    return _through(np.ascontiguousarray(stack).reshape(-1), table.astype(np.float32)).reshape(stack.shape)


def speckle(rng: np.random.Generator, shape: Sequence[int], sd: float) -> Float32[np.ndarray, ...]:
    """Noise of mean 0, correlated over about two pixels in the plane: additive, as speckle is after log compression."""
    # Bytes cost a tenth of normal numbers, and sums of nine of them are close to normal. SD of a byte is 73.9; the
    # kernel 1 2 1 over 4 leaves sqrt(6) / 4 of it along each axis.
    noise = np.frombuffer(rng.bytes(math.prod(shape)), np.uint8).reshape(shape).astype(np.float32) - np.float32(127.5)
    return blur(noise, 0.25) * np.float32(sd / (73.9 * 6 / 16))


def _ramp(rng: np.random.Generator, shape_yx: tuple[int, int], gain: float, tilt: float) -> Float32[np.ndarray, "y x"]:
    """An offset, and a slope in a random direction, since the probe's depth has any direction in a compounded slice."""
    angle, most = rng.uniform(0, 2 * math.pi), rng.uniform(0, tilt)
    y = np.linspace(-1, 1, shape_yx[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape_yx[1], dtype=np.float32)[None, :]
    slope = np.float32(most * math.sin(angle)) * y + np.float32(most * math.cos(angle)) * x
    return slope + np.float32(rng.uniform(-gain, gain))


@no_type_check
@compiled(nogil=True)
def _through(grey, table):
    """Grey levels through a table of whole ones; levels beyond it are its ends."""
    out = np.empty_like(grey)
    for i in range(grey.size):
        value = min(max(grey[i], np.float32(0)), np.float32(255))
        below = int(value)
        out[i] = table[below] + (value - np.float32(below)) * (table[below + 1] - table[below])
    return out
