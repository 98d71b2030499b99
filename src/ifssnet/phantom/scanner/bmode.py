"""B-mode images of a leg: scene, echoes, the beam's blur, compression.

Scatterers are drawn for a view, not for the tissue: two sweeps over the same place show different speckle, as they do when
the probe is turned or moved by more than its resolution. What belongs to the tissue - fascicles, fatty patches, the
the places where a fascia shows - is the same in every view.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Complex64, Float32, UInt8

from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.view import ProbeView
from ifssnet.phantom.scanner.beam import compress, envelope
from ifssnet.phantom.scanner.echo import echo_field
from ifssnet.phantom.scanner.probe import FWHM, Probe


def bmode(
    leg: ScannableLeg, view: ProbeView, probe: Probe, scatterers: Complex64[np.ndarray, "image v u"]
) -> UInt8[np.ndarray, "image v u"]:
    """The images of a view of a leg.

    Args:
        leg: The tissue.
        view: Where from.
        probe: The machine.
        scatterers: White complex noise of unit power, the view's own.
    """
    scene = leg.scene(view)
    field = echo_field(scene, view, probe, leg.condition, scatterers)
    return compress(envelope(field, view, probe), scene, view, probe, scatterers)


class Scatterers:
    """White scatterers that neighbouring images share, as far as the beam's slice is thick.

    Args:
        rng: The view's random numbers.
        shape_vu: Rows and columns of an image.
        step_mm: Distance between images.
        elevation_mm: Full width at half maximum of the slice's thickness.
    """

    def __init__(self, rng: np.random.Generator, shape_vu: tuple[int, int], step_mm: float, elevation_mm: float) -> None:
        self._rng = rng
        self._shape = shape_vu
        # A recursion of the first order forgets exponentially; its length is that of a Gaussian slice's own correlation,
        # so that what two places share depends on their distance and not on how many images lie between.
        length_mm = elevation_mm / FWHM * math.sqrt(math.pi)
        self._kept = np.float32(math.exp(-step_mm / length_mm))
        self._last = self._white()

    def _white(self) -> Float32[np.ndarray, "v u 2"]:
        """Real and imaginary parts, one beside the other."""
        parts = self._rng.standard_normal((*self._shape, 2), dtype=np.float32)
        parts *= np.float32(math.sqrt(0.5))
        return parts

    def draw(self, images: int) -> Complex64[np.ndarray, "image v u"]:
        """The next images' scatterers."""
        out = np.empty((images, *self._shape), dtype=np.complex64)
        fresh = np.float32(math.sqrt(1.0 - float(self._kept) ** 2))
        for index in range(images):
            white = self._white()
            white *= fresh
            self._last *= self._kept
            self._last += white
            out[index] = self._last.view(np.complex64)[..., 0]
        return out
