"""One acquisition of a leg by `phantom/2`: its look drawn, its volume and its truth."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from jaxtyping import Float

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE, color_of
from ifssnet.core.progress import Progress
from ifssnet.phantom.anatomy.borders import Push
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.tissue import NAMES
from ifssnet.phantom.scanner.acquisition import Acquisition, VolumeSize, place_of_second, volume_grid
from ifssnet.phantom.varied_scanner.direct import direct_varied_volume
from ifssnet.phantom.varied_scanner.look import Look
from ifssnet.phantom.varied_scanner.sweeps import settings_for, sweep_course


def acquire_varied(
    leg: ScannableLeg, size: VolumeSize, look: Look, number: int = 1, seed: int = 0
) -> Generator[Progress, None, Acquisition]:
    """Record a leg."""
    leg = leg.with_uneven_fat(look.tissue.uneven_fat)
    settings = settings_for(look, size.settings)
    place = np.eye(4) if number == 1 else place_of_second(seed, leg)
    grid = volume_grid(leg, size, settings)
    course = sweep_course(leg, look, settings, 2 * seed + number)
    volume = yield from direct_varied_volume(leg, grid, look, course, settings, 2 * seed + number, place)
    return Acquisition(volume, pressed_labels(leg, grid, course.push, place), (), settings, place)


def pressed_labels(leg: ScannableLeg, grid: Grid, push: Push, leg_to_world: Float[np.ndarray, "4 4"]) -> LabelMap:
    """The muscle at every voxel's centre while the probe presses the leg."""
    array = leg.pressed_tissues(np.linalg.inv(leg_to_world) @ grid.index_to_mm, grid.shape_zyx, push)
    kept = {value: name for value, name in NAMES.items() if name in TRICEPS_SURAE}
    lookup = np.zeros(256, dtype=np.uint8)
    lookup[list(kept)] = list(kept)
    return LabelMap(lookup[array], grid, kept, {value: color_of(name, value) for value, name in kept.items()})
