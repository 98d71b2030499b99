"""From the field of echoes to grey levels: the beam's blur, the envelope, reverberation, noise, compression."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Complex64, Float32, UInt8
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.view import ProbeView, Scene
from ifssnet.phantom.scanner.probe import Probe

BLACK_DB = -46.8
"""Resting muscle's mean lies 46.8 dB under white at a dynamic range of 60 dB: a quarter of the grey scale."""


def envelope(field: Complex64[np.ndarray, "image v u"], view: ProbeView, probe: Probe) -> Float32[np.ndarray, "image v u"]:
    """Magnitude after the point spread function: a separable Gaussian of unit energy, wider away from the focus."""
    height, width = view.spacing_vu_mm
    rows = int(field.shape[1])
    depth_mm = (np.arange(rows) + 0.5) * height
    lateral = _kernels(np.maximum(probe.lateral_sd_mm(depth_mm) / width, SHARPEST_PX))
    axial = _kernels(np.array([max(probe.axial_sd_mm / height, SHARPEST_PX)]))[0]
    out = np.empty(field.shape, dtype=np.float32)
    _blur(field.view(np.float32), view.first_row, view.last_row, axial, lateral, out)
    return out


SHARPEST_PX = 0.3
"""A sharper beam than this is one pixel."""


def _kernels(sd_px: np.ndarray) -> np.ndarray:
    radius = max(1, math.ceil(3.0 * float(sd_px.max())))
    kernels = np.exp(-0.5 * (np.arange(-radius, radius + 1)[None, :] / sd_px[:, None]) ** 2)
    return (kernels / np.sqrt((kernels**2).sum(axis=1, keepdims=True))).astype(np.float32)


def compress(
    image: Float32[np.ndarray, "image v u"],
    scene: Scene,
    view: ProbeView,
    probe: Probe,
    scatterers: Complex64[np.ndarray, "image v u"],
) -> UInt8[np.ndarray, "image v u"]:
    """Reverberation between probe and skin, noise that the time-gain compensation lifts with depth, decibels, 0 to 255."""
    out = np.zeros(image.shape, dtype=np.uint8)
    gain = probe.gain_db + probe.dynamic_range_db + BLACK_DB * probe.dynamic_range_db / 60.0
    noise = (10.0 ** (probe.noise_db / 20.0), probe.tgc_db_cm * view.spacing_vu_mm[0] / 10.0)
    _compress(
        (image, scatterers),
        (view.first_row, view.last_row, scene.skin_row),
        noise,
        (probe.reverberation, gain, probe.dynamic_range_db),
        out,
    )
    return out


@no_type_check
@compiled(parallel=True)
def _blur(field, first_row, last_row, axial, lateral, out):
    """`field` and what becomes of it hold real and imaginary parts in turn: a kernel is real and treats them alike."""
    n, rows, columns = out.shape
    ra = len(axial) // 2
    for f in prange(n):
        line = np.zeros((rows, 2 * columns), dtype=np.float32)
        for v in range(rows):
            _blur_row(field[f, v], v, first_row[f], last_row[f], lateral, line[v])
        total = np.empty(2 * columns, dtype=np.float32)
        for v in range(rows):
            total[:] = 0.0
            for t in range(max(0, v - ra), min(rows, v + ra + 1)):
                weight = axial[t - v + ra]
                for q in range(2 * columns):
                    total[q] += weight * line[t, q]
            for u in range(columns):
                real, imaginary = np.float64(total[2 * u]), np.float64(total[2 * u + 1])
                out[f, v, u] = math.sqrt(real * real + imaginary * imaginary)


@no_type_check
@compiled()
def _add_times(out, weight, row):
    """In a function of its own and counted from 0, which the compiler turns into instructions for several at a time."""
    for q in range(len(out)):
        out[q] += weight * row[q]


@no_type_check
@compiled()
def _blur_row(row, v, first, last, lateral, out):
    """One row, by runs of columns whose lines begin together and so share a kernel."""
    columns, reach = len(first), lateral.shape[1] // 2
    start = 0
    while start < columns:
        if not first[start] <= v < last[start]:
            start += 1
            continue
        stop = start + 1
        while stop < columns and first[stop] == first[start] and v < last[stop]:
            stop += 1
        for k in range(-reach, reach + 1):
            weight = lateral[v - first[start], k + reach]
            low, high = max(start, -k), min(stop, columns - k)
            if low < high:
                _add_times(out[2 * low : 2 * high], weight, row[2 * (low + k) : 2 * (high + k)])
        start = stop


@no_type_check
@compiled(parallel=True)
def _compress(images, lines, noise, machine, out):
    envelopes, scatterers = images
    first_row, last_row, skin_row = lines
    reverberation, gain_db, range_db = machine
    level, rise_db = noise
    n, rows, columns = envelopes.shape
    lifted = np.empty(rows)
    for row in range(rows):
        lifted[row] = level * 10.0 ** (rise_db * row / 20.0)
    for f in prange(n):
        for v in range(rows):
            for u in range(columns):
                start = first_row[f, u]
                if not start <= v < last_row[f, u]:
                    continue
                back = skin_row[f, u] - start
                e = envelopes[f, v, u]
                # The view's own noise, taken from elsewhere in its scatterers so that it is independent of what is here.
                white = scatterers[f, rows - 1 - v, columns - 1 - u]
                electronic = lifted[v - start]
                e = math.sqrt((e + electronic * white.real) ** 2 + (electronic * white.imag) ** 2)
                if v - start >= 2 * back > 0:
                    e += reverberation * envelopes[f, v - back, u]
                grey = 255.0 * (20.0 * math.log10(max(e, 1e-6)) + gain_db) / range_db
                out[f, v, u] = np.uint8(min(255.0, max(0.0, grey)))
