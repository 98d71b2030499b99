"""Speckle as fields of their own: unit-power complex noise after the beam's blur, at planes a slice's thickness apart."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Float32
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.scanner.probe import FWHM, SPEED_MM_US
from ifssnet.phantom.varied_scanner.look import Scanner

SHARPEST_PX = 0.3


class Speckle:
    """Planes of speckle along the direction in which images follow each other.

    Between two planes speckle is a mixture of both with the power of one, so that what two images share depends on their
    distance. It belongs to the view, not to the tissue.

    Args:
        rng: The view's random numbers.
        shape_vu: Rows and columns of an image.
        spacing_vu_mm: Height and width of a pixel.
        scanner: The machine.
        first_row: Where the lines begin, about: the focus is counted from there.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        shape_vu: tuple[int, int],
        spacing_vu_mm: tuple[float, float],
        scanner: Scanner,
        first_row: int = 0,
    ) -> None:
        self._rng = rng
        self._shape = shape_vu
        height, width = spacing_vu_mm
        wavelength = SPEED_MM_US / scanner.frequency_mhz
        depth = np.maximum(np.arange(shape_vu[0]) - first_row + 0.5, 0.5) * height
        narrow = scanner.f_number * wavelength / FWHM
        lateral_mm = narrow * np.sqrt(1.0 + ((depth - scanner.focus_mm) / (0.9 * scanner.focus_mm)) ** 2)
        # Lines of a real image lie apart by about a third of a millimetre; a beam is never narrower than that.
        self._lateral = _kernels(np.maximum(np.maximum(lateral_mm, 0.25) / width, SHARPEST_PX))
        axial_mm = 0.5 * scanner.cycles * wavelength / FWHM
        self._axial = _kernels(np.array([max(axial_mm / height, SHARPEST_PX)]))[0]
        self.step_mm = scanner.elevation_mm / FWHM * math.sqrt(math.pi)
        self._planes: dict[int, Float32[np.ndarray, "2 v u"]] = {}
        self._next = 0

    def plane(self, index: int) -> Float32[np.ndarray, "2 v u"]:
        """The plane of this number: real and imaginary part; planes are asked for in order."""
        while self._next <= index:
            white = self._rng.standard_normal((2, *self._shape), dtype=np.float32)
            out = np.empty_like(white)
            _blur(white, self._axial, self._lateral, out)
            self._planes[self._next] = out
            self._planes.pop(self._next - 3, None)
            self._next += 1
        return self._planes[index]

    def planes(self, first: int, last: int) -> Float32[np.ndarray, "plane 2 v u"]:
        """Several planes, the last included."""
        return np.stack([self.plane(index) for index in range(first, last + 1)])


def _kernels(sd_px: np.ndarray) -> np.ndarray:
    """Gaussians of half a unit of energy each, so that real and imaginary parts make unit power together."""
    radius = max(1, math.ceil(2.5 * float(sd_px.max())))
    kernels = np.exp(-0.5 * (np.arange(-radius, radius + 1)[None, :] / sd_px[:, None]) ** 2)
    return (kernels / np.sqrt((kernels**2).sum(axis=1, keepdims=True))).astype(np.float32)


@no_type_check
@compiled(parallel=True)
def _blur(white, axial, lateral, out):
    _, rows, columns = white.shape
    ra, rl = len(axial) // 2, lateral.shape[1] // 2
    half = np.float32(0.7071067811865476)
    line = np.empty_like(white)
    for v in prange(rows):
        for c in range(2):
            row = np.zeros(columns, dtype=np.float32)
            for t in range(max(0, v - ra), min(rows, v + ra + 1)):
                weight = half * axial[t - v + ra]
                for u in range(columns):
                    row[u] += weight * white[c, t, u]
            line[c, v, :] = row
    for v in prange(rows):
        for c in range(2):
            row = np.zeros(columns, dtype=np.float32)
            for k in range(-rl, rl + 1):
                weight = lateral[v, k + rl]
                for u in range(max(0, -k), min(columns, columns - k)):
                    row[u] += weight * line[c, v, u + k]
            out[c, v, :] = row
