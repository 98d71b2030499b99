"""From maps and speckle to grey levels: compounding, noise, decibels, the grey map, the speckle filter."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, Int32
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.varied_scanner.look import Scanner
from ifssnet.phantom.varied_scanner.tissue_maps import MOST_GAIN_DB

MOST_FILTER = 0.27
"""Weight of each neighbour in the strongest speckle filter."""


def grey_levels(
    maps: tuple[Float32[np.ndarray, "plane v u"], Float32[np.ndarray, "plane v u"]],
    speckle: Float32[np.ndarray, "knot 2 v u"],
    places: tuple[Float[np.ndarray, " image"], Float[np.ndarray, " image"]],
    lines: tuple[Int32[np.ndarray, "image u"], Int32[np.ndarray, "image u"]],
    scanner: Scanner,
    pixel_mm: float,
    finer_yx: tuple[int, int],
) -> Float32[np.ndarray, "image y x"]:
    """Images, 0 to 255.

    Args:
        maps: Diffuse and surface amplitudes at planes.
        speckle: Speckle at planes of its own.
        places: Where each image lies among the maps' planes and among the speckle's, in planes.
        lines: First and last row of each line of each image.
        scanner: The machine.
        pixel_mm: Height of a pixel.
        finer_yx: Pixels that make one of the result's along each axis.
    """
    fine_y, fine_x = finer_yx
    images, (_, rows, columns) = len(places[0]), maps[0].shape
    out = np.zeros((images, rows // fine_y, columns // fine_x), dtype=np.float32)
    # Noise rises with the time-gain compensation, up to its level at the deepest.
    gain_db = 2.0 * 0.58 * (2.0 + 0.55 * scanner.frequency_mhz) * scanner.made_up / 10.0
    rise = gain_db * pixel_mm / 10.0 * math.log(10.0)
    noise = 10.0 ** ((scanner.noise_db - min(MOST_GAIN_DB, gain_db * 90.0)) / 10.0)
    most = 10.0 ** (scanner.noise_db / 10.0)
    _grey(
        maps,
        speckle,
        places,
        lines,
        (float(scanner.looks) ** -0.5, noise, rise, most),
        (scanner.level, scanner.dynamic_range_db, scanner.gamma, scanner.curve, MOST_FILTER * scanner.filtering),
        finer_yx,
        out,
    )
    return out


@no_type_check
@compiled(parallel=True)
def _grey(maps, speckle, places, lines, machine, display, finer, out):
    diffuse, surface = maps
    map_place, speckle_place = places
    first_row, last_row = lines
    whole, noise, rise, most = machine
    level, range_db, gamma, curve, spread = display
    fine_y, fine_x = finer
    images, rows, columns = len(map_place), diffuse.shape[1], diffuse.shape[2]
    scale = np.float32(10.0 / (math.log(10.0) * range_db))
    share = np.float32(1.0 / (fine_y * fine_x))
    for f in prange(images):
        k = min(int(map_place[f]), diffuse.shape[0] - 1)
        k2 = min(k + 1, diffuse.shape[0] - 1)
        t = np.float32(map_place[f] - k)
        m = min(int(speckle_place[f]), speckle.shape[0] - 2)
        angle = 0.5 * math.pi * (speckle_place[f] - m)
        one, two = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        grey = np.zeros((rows, columns), dtype=np.float32)
        for v in range(rows):
            for u in range(columns):
                start = first_row[f, u]
                if not start <= v < last_row[f, u]:
                    continue
                a = diffuse[k, v, u] + t * (diffuse[k2, v, u] - diffuse[k, v, u])
                s = surface[k, v, u] + t * (surface[k2, v, u] - surface[k, v, u])
                re = one * speckle[m, 0, v, u] + two * speckle[m + 1, 0, v, u]
                im = one * speckle[m, 1, v, u] + two * speckle[m + 1, 1, v, u]
                seen = (a * re + s) ** 2 + (a * im) ** 2
                power = whole * seen + (1.0 - whole) * (a * a + s * s)
                # Noise of the machine, taken from elsewhere in the speckle so that it is independent of what is here.
                w = columns - 1 - u
                white = speckle[m, 0, rows - 1 - v, w] ** 2 + speckle[m, 1, rows - 1 - v, w] ** 2
                power += min(most, noise * math.exp(rise * (v - start))) * white
                value = level + scale * math.log(np.float32(power) + np.float32(1e-12))
                value = min(1.0, max(0.0, value))
                grey[v, u] = value
        if spread > 0.0:
            _filtered(grey, np.float32(spread), first_row[f], last_row[f])
        for v in range(rows):
            y = v // fine_y
            for u in range(columns):
                value = grey[v, u]
                if value > 0.0:
                    if gamma != 1.0:
                        value = value**gamma
                    value += curve * (value * value * (3.0 - 2.0 * value) - value)
                    out[f, y, u // fine_x] += 255.0 * share * value


@no_type_check
@compiled()
def _filtered(grey, spread, first, last):
    """A small binomial filter along both axes, within the lines."""
    rows, columns = grey.shape
    middle = np.float32(1.0) - 2 * spread
    before = np.zeros(columns, dtype=np.float32)
    for v in range(rows):
        row = grey[v].copy()
        for u in range(1, columns - 1):
            if first[u] <= v < last[u]:
                grey[v, u] = middle * row[u] + spread * (row[u - 1] + row[u + 1])
    for v in range(rows):
        here = grey[v].copy()
        if 0 < v < rows - 1:
            for u in range(columns):
                if first[u] <= v < last[u]:
                    grey[v, u] = middle * here[u] + spread * (before[u] + grey[v + 1, u])
        before = here


@no_type_check
@compiled(parallel=True)
def linger(images, last, share):
    """Persistence, in place: each image keeps a share of the one before; `last` is the one before the first."""
    n, rows, columns = images.shape
    for v in prange(rows):
        for f in range(n):
            for u in range(columns):
                value = images[f, v, u]
                # Where nothing was before or is now, nothing lingers.
                if value > 0.0 and last[v, u] > 0.0:
                    value += share * (last[v, u] - value)
                images[f, v, u] = value
                last[v, u] = value
