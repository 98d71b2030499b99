"""A B-mode scanner: scatterers and surfaces along a frame's lines become an 8-bit image.

The stages, in order: echo strength of each place (backscatter with its texture, specular surfaces), transmission from
the probe down each line, convolution with a point spread function that widens away from the focus, envelope,
reverberation, noise, log compression. Scatterers are drawn for a view, not for the tissue: two sweeps over the same
place show different speckle, as they do when the probe is turned or moved by more than its resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Complex64, Float, UInt8
from numba import njit, prange

from ifssnet.core.errors import InputError
from ifssnet.phantom.anatomy import Leg
from ifssnet.phantom.locate import surface_near, tissue_at
from ifssnet.phantom.tissue import acoustic_table

SPEED_MM_US = 1.54


@dataclass(frozen=True)
class Probe:
    """A linear probe and the machine behind it.

    Attributes:
        width_mm: Width of the image (LEG-3D-US: 40 mm).
        depth_mm: Depth of the image (LEG-3D-US: 537 pixels of about 0.17 mm).
        pixel_mm: Size of a square pixel (LEG-3D-US: about 0.17 mm).
        frequency_mhz: Centre frequency (LEG-3D-US: 2-10 MHz).
        f_number: Focal length over aperture: lateral resolution is about wavelength times this.
        focus_mm: Depth of the transmit focus.
        cycles: Length of the pulse in wavelengths.
        elevation_mm: Full width at half maximum of the slice's thickness; frames closer than that share speckle.
        dynamic_range_db: From black to white.
        gain_db: Added before compression; 0 puts resting muscle at about a quarter of the grey scale.
        tgc_db_cm: Gain per centimetre of depth, which makes up for attenuation.
        noise_db: Level of electronic noise relative to muscle.
        reverberation: Amplitude of the echo between probe and skin.
    """

    width_mm: float = 40.0
    depth_mm: float = 91.0
    pixel_mm: float = 0.17
    frequency_mhz: float = 6.0
    f_number: float = 2.6
    focus_mm: float = 30.0
    cycles: float = 1.5
    elevation_mm: float = 1.6
    dynamic_range_db: float = 60.0
    gain_db: float = 0.0
    tgc_db_cm: float = 6.2
    noise_db: float = -22.0
    reverberation: float = 0.006

    def __post_init__(self) -> None:
        for name in (
            "width_mm",
            "depth_mm",
            "pixel_mm",
            "frequency_mhz",
            "f_number",
            "focus_mm",
            "cycles",
            "elevation_mm",
            "dynamic_range_db",
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"a positive {name}", f"{name} = {value}", "Correct the probe's settings.")

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return max(2, round(self.depth_mm / self.pixel_mm)), max(2, round(self.width_mm / self.pixel_mm))

    @property
    def wavelength_mm(self) -> float:
        """In soft tissue."""
        return SPEED_MM_US / self.frequency_mhz

    @property
    def axial_sd_px(self) -> float:
        """SD of the pulse's envelope along a line; not below what the pixels can carry."""
        return max(0.55, 0.5 * self.cycles * self.wavelength_mm / 2.355 * 1.3 / self.pixel_mm)

    def lateral_sd_px(self) -> Float[np.ndarray, " v"]:
        """SD of the beam across the lines at each depth: narrowest at the focus."""
        depth = (np.arange(self.shape_vu[0]) + 0.5) * self.pixel_mm
        narrow = self.f_number * self.wavelength_mm / 2.355
        spread = narrow * np.sqrt(1.0 + ((depth - self.focus_mm) / (0.9 * self.focus_mm)) ** 2)
        return np.maximum(0.55, spread / self.pixel_mm)


def frame_images(
    leg: Leg,
    probe: Probe,
    image_to_leg: Float[np.ndarray, "frame 4 4"],
    scatterers: Complex64[np.ndarray, "frame v u"],
    texture_seed: int,
) -> UInt8[np.ndarray, "frame v u"]:
    """B-mode images of a leg.

    Args:
        leg: The tissue.
        probe: The machine.
        image_to_leg: Takes (u, v, 0, 1) in pixels to mm in the leg's frame.
        scatterers: White complex noise of unit power, the view's own.
        texture_seed: The tissue's, so that every view of a leg shows the same fascicles.
    """
    n, rows, columns = scatterers.shape
    field = np.empty((n, rows, columns), dtype=np.complex64)
    skin_row = np.empty((n, columns), dtype=np.int64)
    machine = (probe.pixel_mm, probe.frequency_mhz, probe.tgc_db_cm, texture_seed)
    _echoes(leg.tables, acoustic_table(), machine, image_to_leg, (scatterers, field, skin_row))
    envelope = _envelopes(field, probe.axial_sd_px, probe.lateral_sd_px())
    out = np.empty((n, rows, columns), dtype=np.uint8)
    noise = 10.0 ** (probe.noise_db / 20.0)
    _compress((envelope, scatterers, skin_row), (noise, probe.reverberation, probe.gain_db, probe.dynamic_range_db), out)
    return out


@no_type_check
@njit(cache=True, inline="always")
def _hash(a, b, c, seed):
    """A number from 0 to 1 that belongs to a lattice point."""
    h = (np.uint64(a & 0xFFFFF) * np.uint64(0x9E3779B97F4A7C15)) ^ (np.uint64(b & 0xFFFFF) * np.uint64(0xC2B2AE3D27D4EB4F))
    h ^= np.uint64(c & 0xFFFFF) * np.uint64(0x165667B19E3779F9) ^ np.uint64(seed) * np.uint64(0x27D4EB2F165667C5)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(32)
    h *= np.uint64(0x94D049BB133111EB)
    h ^= h >> np.uint64(31)
    return float(h >> np.uint64(11)) / 9007199254740992.0


@no_type_check
@njit(cache=True)
def value_noise(x, y, z, seed):
    """Smooth noise over three coordinates, about uniform from -1 to 1, the same for the same place whoever asks."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - i, y - j, z - k
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for c in range(2):
        wz = fz if c else 1 - fz
        for b in range(2):
            wy = fy if b else 1 - fy
            total += wz * wy * ((1 - fx) * _hash(i, j + b, k + c, seed) + fx * _hash(i + 1, j + b, k + c, seed))
    return 3.0 * (total - 0.5)


@no_type_check
@njit(cache=True, inline="always")
def _fibre_texture(code, x, y, z, seed):
    """The logarithm of a tissue's relative backscatter: fascicle bundles run along the leg, tilted by the pennation, in
    sheets across the beam.
    """
    pennation = 0.32 if code == 1 else 0.22
    along = z * math.cos(pennation) - y * math.sin(pennation)
    across = z * math.sin(pennation) + y * math.cos(pennation)
    bent = across + 1.4 * value_noise(x / 9.0, across / 9.0, along / 25.0, seed + 31)
    fine = value_noise(x / 4.5, bent / 0.8, along / 14.0, seed + code)
    coarse = value_noise(x / 12.0, across / 7.0, along / 30.0, seed + 97)
    # Perimysium: sparse bright streaks between dark fascicles.
    return 0.8 * fine + 0.7 * coarse + 4.5 * max(0.0, fine - 0.42)


@no_type_check
@njit(parallel=True, cache=True)
def _echoes(tables, acoustic, machine, poses, images):
    pixel, mhz, tgc, seed = machine
    scatterers, out, skin_row = images
    n, rows, columns = scatterers.shape
    for f in prange(n):
        p = poses[f]
        bx, by = p[0, 1] / pixel, p[1, 1] / pixel
        for u in range(columns):
            loss_db = 0.0
            skin_row[f, u] = rows
            for v in range(rows):
                x = p[0, 0] * u + p[0, 1] * v + p[0, 3]
                y = p[1, 0] * u + p[1, 1] * v + p[1, 3]
                z = p[2, 0] * u + p[2, 1] * v + p[2, 3]
                code = tissue_at(tables, x, y, z)
                if code != 0 and skin_row[f, u] == rows:
                    skin_row[f, u] = v
                    # Where the skin slopes away, less sound comes in and less comes back.
                    _, _, nx, ny, _ = surface_near(tables, x, y, z, 1.2)
                    loss_db -= 30.0 * math.log10(max(0.05, abs(nx * bx + ny * by)))
                gain_db = tgc * pixel * (v + 0.5) / 10.0 - loss_db
                if gain_db < -90.0:
                    out[f, v, u] = 0.0
                    continue
                through = 10.0 ** (gain_db / 20.0)
                amplitude = acoustic[code, 0]
                if acoustic[code, 2] > 0.0:
                    amplitude *= math.exp(acoustic[code, 2] * _fibre_texture(code, x, y, z, seed))
                value = amplitude * scatterers[f, v, u]
                kind, distance, nx, ny, seen = surface_near(tables, x, y, z, 1.2)
                if kind != 0:
                    facing = abs(nx * bx + ny * by)
                    value += (
                        _specular(kind, distance, facing, seen)
                        * (1.0 + 0.5 * value_noise(x / 2.0, y / 2.0, z / 6.0, seed + 5))
                        * (0.75 + 0.5 * scatterers[f, v, u])
                    )
                out[f, v, u] = value * through
                loss_db += 2.0 * acoustic[code, 1] * mhz * pixel / 10.0


@no_type_check
@njit(cache=True, inline="always")
def _specular(kind, distance, facing, seen):
    """Echo of a surface: strong where it faces the beam, gone where it runs along it."""
    if kind == 8:
        strength, width, sharp = 40.0, 0.4, 2.5
    elif kind == 1:
        strength, width, sharp = 9.0, 0.3, 4.0
    elif kind == 2:
        strength, width, sharp = 4.0, 0.3, 6.0
    elif kind == 3:
        strength, width, sharp = 12.0, 0.35, 6.0
    else:
        strength, width, sharp = 9.0, 0.4, 7.0
    return strength * seen * facing**sharp * math.exp(-0.5 * (distance / width) ** 2)


@no_type_check
@njit(parallel=True, cache=True)
def _envelopes(field, axial_sd, lateral_sd):
    """Magnitude after convolution with a separable Gaussian of unit energy; the field is used up."""
    n, rows, columns = field.shape
    out = np.empty((n, rows, columns), dtype=np.float32)
    ra = max(1, math.ceil(3.0 * axial_sd))
    axial = np.empty(2 * ra + 1, dtype=np.float32)
    for t in range(2 * ra + 1):
        axial[t] = math.exp(-0.5 * ((t - ra) / axial_sd) ** 2)
    axial /= np.sqrt(np.sum(axial * axial))
    for f in prange(n):
        line = np.empty((rows, columns), dtype=np.complex64)
        for v in range(rows):
            sd = lateral_sd[v]
            rl = max(1, math.ceil(3.0 * sd))
            weight = np.empty(2 * rl + 1, dtype=np.float32)
            for t in range(2 * rl + 1):
                weight[t] = math.exp(-0.5 * ((t - rl) / sd) ** 2)
            weight /= np.sqrt(np.sum(weight * weight))
            for u in range(columns):
                total = np.complex64(0.0)
                for t in range(max(0, u - rl), min(columns, u + rl + 1)):
                    total += weight[t - u + rl] * field[f, v, t]
                line[v, u] = total
        for v in range(rows):
            for u in range(columns):
                out[f, v, u] = 0.0
            low, high = max(0, v - ra), min(rows, v + ra + 1)
            for u in range(columns):
                total = np.complex64(0.0)
                for t in range(low, high):
                    total += axial[t - v + ra] * line[t, u]
                out[f, v, u] = abs(total)
    return out


@no_type_check
@njit(parallel=True, cache=True)
def _compress(images, machine, out):
    """Reverberation between probe and skin, noise, then decibels to 0-255; resting muscle of mean envelope 1.25 lies at
    25 % of the scale.
    """
    envelope, scatterers, skin_row = images
    noise, reverberation, gain_db, range_db = machine
    n, rows, columns = envelope.shape
    reference = 0.78 * range_db
    for f in prange(n):
        for u in range(columns):
            back = skin_row[f, u]
            for v in range(rows):
                e = envelope[f, v, u] + noise * (0.5 + abs(scatterers[f, rows - 1 - v, columns - 1 - u]))
                if v - back >= back > 0:
                    e += reverberation * envelope[f, v - back, u]
                db = 20.0 * math.log10(max(e, 1e-6)) + gain_db + range_db - reference
                grey = 255.0 * db / range_db
                out[f, v, u] = np.uint8(min(255.0, max(0.0, grey)))
