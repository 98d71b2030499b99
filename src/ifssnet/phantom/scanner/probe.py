"""A linear probe and the machine behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError

SPEED_MM_US = 1.54
FWHM = 2.355
"""Full width at half maximum of a Gaussian over its SD."""


@dataclass(frozen=True)
class Probe:
    """A linear probe and the machine behind it.

    Attributes:
        width_mm: Width of the image (LEG-3D-US: 40 mm).
        depth_mm: Depth of the image (LEG-3D-US: 537 pixels of about 0.17 mm).
        pixel_mm: VolumeSize of a square pixel (LEG-3D-US: about 0.17 mm).
        frequency_mhz: Centre frequency (LEG-3D-US: 2-10 MHz).
        f_number: Focal length over aperture: lateral resolution at the focus is wavelength times this.
        focus_mm: Depth of the focus.
        cycles: Length of the pulse in wavelengths.
        elevation_mm: Full width at half maximum of the slice's thickness; frames closer than that share speckle.
        dynamic_range_db: From black to white.
        gain_db: Added before compression; 0 puts resting muscle at about a quarter of the grey scale.
        tgc_db_cm: Gain per centimetre of depth, which makes up for attenuation.
        noise_db: Level of electronic noise at the probe relative to muscle; time-gain compensation lifts it with depth.
        reverberation: Amplitude of the echo between probe and skin.
    """

    width_mm: float = 40.0
    depth_mm: float = 91.0
    pixel_mm: float = 0.17
    frequency_mhz: float = 6.0
    f_number: float = 2.6
    focus_mm: float = 30.0
    cycles: float = 2.0
    elevation_mm: float = 1.6
    dynamic_range_db: float = 60.0
    gain_db: float = 0.0
    tgc_db_cm: float = 6.2
    noise_db: float = -64.0
    reverberation: float = 0.006

    def __post_init__(self) -> None:
        positive = ("width_mm", "depth_mm", "pixel_mm", "frequency_mhz", "f_number", "focus_mm", "cycles", "elevation_mm")
        for name in (*positive, "dynamic_range_db"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"a positive {name}", f"{name} = {value}", "Correct the probe's settings.")
        if self.pixel_mm > 0.25 * min(self.width_mm, self.depth_mm):
            raise InputError(
                "pixels smaller than a quarter of the image", f"pixel_mm = {self.pixel_mm}", "Choose smaller pixels."
            )

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return round(self.depth_mm / self.pixel_mm), round(self.width_mm / self.pixel_mm)

    @property
    def wavelength_mm(self) -> float:
        """The wavelength in soft tissue."""
        return SPEED_MM_US / self.frequency_mhz

    @property
    def axial_sd_mm(self) -> float:
        """SD of the pulse's amplitude along a line: half its length, there and back."""
        return 0.5 * self.cycles * self.wavelength_mm / FWHM

    def lateral_sd_mm(self, depth_mm: Float[np.ndarray, " v"]) -> Float[np.ndarray, " v"]:
        """SD of the beam's amplitude across the lines at each depth: narrowest at the focus."""
        narrow = self.f_number * self.wavelength_mm / FWHM
        return narrow * np.sqrt(1.0 + ((depth_mm - self.focus_mm) / (0.9 * self.focus_mm)) ** 2)
