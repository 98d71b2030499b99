"""How a leg is scanned: the probe, the sweeps, and what goes wrong on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from ifssnet.core.errors import InputError
from ifssnet.phantom.scanner.probe import Probe


@dataclass(frozen=True)
class ScanSettings:
    """How a leg is swept.

    Attributes:
        probe: The machine.
        sweeps: Parallel sweeps side by side, in the order of x (LEG-3D-US: 4 to 6).
        overlap: Share of the probe's width that neighbouring sweeps share.
        frame_step_mm: Distance between frames.
        standoff_mm: Water between probe and skin where they are closest.
        from_mm: Where the sweeps begin, along the leg.
        to_mm: Where they end; None for the ankle.
        jitter_mm: SD of the tracker's error of position.
        jitter_deg: SD of the tracker's error of direction.
        motion_mm: SD of the leg's shift between two sweeps.
        dropped: Share of frames whose pose is marked invalid.
        bubbles_per_m: How often, in a metre of sweep, contact is lost over some lines for some millimetres.
    """

    probe: Probe = field(default_factory=Probe)
    sweeps: int = 5
    overlap: float = 0.35
    frame_step_mm: float = 0.5
    standoff_mm: float = 6.0
    from_mm: float = 0.0
    to_mm: float | None = None
    jitter_mm: float = 0.05
    jitter_deg: float = 0.05
    motion_mm: float = 0.25
    dropped: float = 0.005
    bubbles_per_m: float = 3.0

    def __post_init__(self) -> None:
        possible = 1 <= self.sweeps <= 12 and 0 <= self.overlap < 0.95 and 0 <= self.dropped < 1
        if not (possible and math.isfinite(self.frame_step_mm) and self.frame_step_mm > 0):
            raise InputError(
                "1 to 12 sweeps, an overlap from 0 to 0.95, a positive distance of frames, a dropped share below 1",
                f"{self.sweeps} sweeps, overlap {self.overlap}, {self.frame_step_mm} mm, {self.dropped}",
                "Correct the settings of the scan.",
            )
        for name in ("standoff_mm", "jitter_mm", "jitter_deg", "motion_mm", "bubbles_per_m"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise InputError(f"a {name} of 0 or more", f"{getattr(self, name)}", "Correct the settings of the scan.")

    def without_errors(self) -> ScanSettings:
        """The same sweeps by a perfect tracker over a leg that lies still."""
        return replace(self, jitter_mm=0.0, jitter_deg=0.0, motion_mm=0.0, dropped=0.0, bubbles_per_m=0.0)


PAPER = ScanSettings()
"""LEG-3D-US: 40 mm wide, 0.17 mm pixels, a frame every 0.5 mm."""

SPARSE = ScanSettings(frame_step_mm=2.0)
"""Fewer frames, as sweeps by hand have when they are quick."""

DEMO = ScanSettings(probe=Probe(pixel_mm=0.35, depth_mm=84.0), sweeps=4, overlap=0.28, frame_step_mm=0.75)
"""The demonstration: half the resolution, compounded at about 0.8 mm."""

SMALL = ScanSettings(probe=Probe(pixel_mm=0.8, depth_mm=84.0), sweeps=4, overlap=0.28, frame_step_mm=3.0)
"""For tests: seconds."""


def second_acquisition(settings: ScanSettings) -> ScanSettings:
    """r2 of LEG-3D-US: more gain and a lower frequency, which reaches deeper and blurs more."""
    probe = settings.probe
    lower = replace(
        probe, frequency_mhz=probe.frequency_mhz * 0.65, gain_db=probe.gain_db + 6.0, tgc_db_cm=probe.tgc_db_cm * 0.7
    )
    return replace(settings, probe=lower)
