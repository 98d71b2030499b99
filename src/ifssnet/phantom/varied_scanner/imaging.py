"""The images of a view: maps at planes, speckle at planes of its own, grey levels of every image between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

from ifssnet.phantom.anatomy.borders import Push
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.view import ProbeView
from ifssnet.phantom.varied_scanner.display import grey_levels, linger
from ifssnet.phantom.varied_scanner.look import Look
from ifssnet.phantom.varied_scanner.speckle import Speckle
from ifssnet.phantom.varied_scanner.tissue_maps import noise_lattice, tissue_maps

MAP_STEP_MM = 0.85
"""Tissue is looked up at planes so far apart, and blended between: half of the thickness that a beam averages over."""


@dataclass(frozen=True, eq=False)
class PressedLeg:
    """A leg, what presses it, and what belongs to its tissue in every view.

    Attributes:
        leg: The leg at rest.
        push: How it is pressed.
        look: How it looks.
        lattice: Noise that belongs to its places.
        veins: From and to along z; x and y at both ends; radius; unused.
        bath_y_mm: Where the bath's bottom lies.
    """

    leg: ScannableLeg
    push: Push
    look: Look
    lattice: Float32[np.ndarray, "64 64 64"]
    veins: Float[np.ndarray, "vein 8"]
    bath_y_mm: float

    def tissues(self, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
        """The tissue's code at every index (x, y, z) of an array, through any affine."""
        return self.leg.pressed_tissues(index_to_leg, shape_zyx, self.push)


def pressed_leg(leg: ScannableLeg, push: Push, look: Look, bath_y_mm: float) -> PressedLeg:
    """A leg with the noise and the veins that belong to it."""
    return PressedLeg(leg, push, look, noise_lattice(leg.seed), _veins(leg, look.tissue.veins), bath_y_mm)


def _veins(leg: ScannableLeg, count: int) -> Float[np.ndarray, "vein 8"]:
    """Veins behind the axis: they run along the leg, some centimetres long, one to four millimetres wide."""
    rng = np.random.default_rng([leg.seed, 0x7E1])
    out = np.zeros((count, 8))
    for vein in out:
        length, z = rng.uniform(25.0, 140.0), rng.uniform(0.1, 0.8) * leg.length_mm
        row = min(int(np.searchsorted(leg.z_mm, z)), len(leg.z_mm) - 1)
        point = leg.outline_xy_mm[row, rng.integers(len(leg.outline_xy_mm[row]))]
        axis = leg.axis_xy_mm[row]
        x, y = axis + (point - axis) * rng.uniform(0.2, 0.97)
        end = np.array([x, y]) + rng.standard_normal(2) * 0.08 * length
        vein[:7] = z, z + length, x, y, *end, rng.uniform(0.6, 2.2)
    return out


class Imager:
    """Images of one view, in order.

    Args:
        leg: The leg.
        view: The whole view.
        step_mm: Distance between its images.
        finer_yx: Pixels of the view that make one of the result's along each axis.
        rng: The view's random numbers.
    """

    def __init__(
        self, leg: PressedLeg, view: ProbeView, step_mm: float, finer_yx: tuple[int, int], rng: np.random.Generator
    ) -> None:
        self._leg, self._view, self._finer = leg, view, finer_yx
        self._stride = max(1, round(MAP_STEP_MM / step_mm))
        scanner = leg.look.scanner
        seen = view.last_row > view.first_row
        first = int(np.median(view.first_row[seen])) if seen.any() else 0
        self._speckle = Speckle(rng, view.shape_vu, view.spacing_vu_mm, scanner, first)
        self._speckle_steps = step_mm / self._speckle.step_mm
        rows, columns = view.shape_vu
        self._last = np.zeros((rows // finer_yx[0], columns // finer_yx[1]), dtype=np.float32)
        # Persistence is given for images half a millimetre apart; closer ones keep more of each other.
        share = scanner.persistence
        self._persistence = share ** (max(step_mm, 0.05) / 0.5) if share > 0 else 0.0

    def images(self, start: int, stop: int) -> Float32[np.ndarray, "image y x"]:
        """Grey levels of some images; they are asked for in order."""
        stride = self._stride
        planes = np.arange(start // stride, math.ceil((stop - 1) / stride) + 1) * stride
        planes = np.minimum(planes, self._view.images - 1)
        at = np.arange(start, stop)
        chosen = self._view.chosen(planes)
        leg = self._leg
        borders = leg.leg.borders(chosen, leg.push)
        maps = tissue_maps(borders, chosen, leg.push, leg.look, leg.leg.condition, leg.lattice, leg.veins, leg.bath_y_mm)
        at_speckle = at * self._speckle_steps
        first = int(at_speckle[0])
        speckle = self._speckle.planes(first, int(at_speckle[-1]) + 1)
        places = (at / stride - start // stride, at_speckle - first)
        part = self._view.part(start, stop)
        images = grey_levels(
            maps, speckle, places, (part.first_row, part.last_row), leg.look.scanner, part.spacing_vu_mm[0], self._finer
        )
        if self._persistence > 0:
            linger(images, self._last, np.float32(self._persistence))
        return images
