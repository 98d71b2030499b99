"""One acquisition of a leg by `phantom/2`: sweeps as its look says, its volume and its truth."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.phantom.anatomy.labels import tissue_labels
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.scanner.acquisition import Acquisition, Via, VolumeSize, compounded, place_of_second, volume_grid
from ifssnet.phantom.varied_scanner.direct import direct_varied_volume
from ifssnet.phantom.varied_scanner.frames import varied_sweeps
from ifssnet.phantom.varied_scanner.imaging import PressedLeg, pressed_leg
from ifssnet.phantom.varied_scanner.look import Look
from ifssnet.phantom.varied_scanner.sweeps import settings_for, sweep_course

VARIED = "phantom/2"
"""Name of this generator in results."""


@dataclass(frozen=True, eq=False)
class VariedAcquisition:
    """A leg as it was recorded, and how it looked.

    Attributes:
        acquisition: Volume, truth and sweeps.
        look: What was drawn for it.
        pressed: The leg as the probe pressed it, which knows the tissue of every pixel.
    """

    acquisition: Acquisition
    look: Look
    pressed: PressedLeg


def acquire_varied(
    leg: ScannableLeg, size: VolumeSize, via: Via, look: Look, number: int = 1, seed: int = 0
) -> Generator[Progress, None, VariedAcquisition]:
    """Record a leg.

    Args:
        leg: The leg.
        size: The volume's size.
        via: "scan" by sweeps that are compounded as LEG-3D-US was, or "direct" on the volume's grid.
        look: How it looks in this acquisition.
        number: 1 for r1, 2 for r2: the leg moved by `place_of_second`.
        seed: What the recording's random numbers start from.

    Raises:
        InputError: An acquisition that there is not.
    """
    if number not in (1, 2):
        raise InputError("acquisition 1 or 2", f"{number}", "Choose one of these.")
    leg = leg.with_uneven_fat(look.tissue.uneven_fat)
    settings = settings_for(look, size.settings)
    place = np.eye(4) if number == 1 else place_of_second(seed, leg)
    grid = volume_grid(leg, size, settings)
    own = 2 * seed + number
    course = sweep_course(leg, look, settings, own)
    pressed = pressed_leg(leg, course.push, look, course.bath_y_mm)
    sweeps: tuple[Sweep, ...] = ()
    if via == "direct":
        volume = yield from direct_varied_volume(pressed, grid, course, settings, own, place)
    else:
        sweeps = yield from varied_sweeps(pressed, course, settings, own, place)
        volume = yield from compounded(sweeps, size, grid)
    recorded = Acquisition(volume, tissue_labels(pressed, grid, leg_to_world=place), sweeps, settings, place)
    return VariedAcquisition(recorded, look, pressed)
