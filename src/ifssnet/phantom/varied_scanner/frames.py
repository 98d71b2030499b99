"""Tracked sweeps of `phantom/2`."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.phantom.anatomy.view import frames_view
from ifssnet.phantom.scanner.protocol import ScanSettings
from ifssnet.phantom.scanner.sweep import FRAMES_A_SECOND, PAUSE_S, jittered, sweep_poses
from ifssnet.phantom.varied_scanner.imaging import Imager, PressedLeg
from ifssnet.phantom.varied_scanner.sweeps import SweepCourse, contact_db, edge_db, shifts_at

BATCH_FRAMES = 32


def varied_sweeps(
    leg: PressedLeg, course: SweepCourse, settings: ScanSettings, seed: int, leg_to_world: Float[np.ndarray, "4 4"]
) -> Generator[Progress, None, tuple[Sweep, ...]]:
    """Sweep a leg.

    Args:
        leg: The leg as it is pressed.
        course: Where the sweeps are.
        settings: How they are recorded.
        seed: What the random numbers of speckle, contact and tracking start from.
        leg_to_world: Where the leg lies.

    Yields:
        Progress, by frames.
    """
    z = np.arange(course.path.from_mm + 0.5 * settings.frame_step_mm, course.path.to_mm, settings.frame_step_mm)
    probe, look = settings.probe, leg.look
    x: Float[np.ndarray, " u"] = (np.arange(probe.shape_vu[1]) + 0.5) * probe.pixel_mm
    edges = edge_db(x, np.full(len(x), 0.5 * probe.width_mm), probe.width_mm, look.handling.edge_db)
    sweeps: list[Sweep] = []
    for index in range(settings.sweeps):
        rng = np.random.default_rng([seed, index, 0x5CA])
        poses = sweep_poses(course.path, index, z, settings)
        lines = contact_db(np.random.default_rng([seed, index, 0xB0B]), x, z, look)
        lines += (course.gain_db[index] + edges).astype(np.float32)
        view = frames_view(poses, probe.shape_vu, lines)
        shift = shifts_at(course, index, z)
        view = replace(view, shift_mm=np.ascontiguousarray(np.broadcast_to(shift[:, None], view.shift_mm.shape)))
        imager = Imager(leg, view, settings.frame_step_mm, (1, 1), rng)
        frames = np.empty((len(z), *probe.shape_vu), dtype=np.uint8)
        for start in range(0, len(z), BATCH_FRAMES):
            stop = min(start + BATCH_FRAMES, len(z))
            frames[start:stop] = np.minimum(imager.images(start, stop) + np.float32(0.5), 255.0)
            yield Progress("scanning the digital leg", index * len(z) + stop, settings.sweeps * len(z))
        valid = rng.random(len(z)) >= settings.dropped
        times = index * (len(z) / FRAMES_A_SECOND + PAUSE_S) + np.arange(len(z)) / FRAMES_A_SECOND
        header = {
            "UltrasoundImageOrientation": "MF",
            "DigitalLeg": f"seed {leg.leg.seed}, sweep {index + 1} of {settings.sweeps}",
        }
        said = leg_to_world @ jittered(poses, rng, settings)
        sweeps.append(Sweep(frames, said, times, (probe.pixel_mm, probe.pixel_mm), valid, header=header))
    return tuple(sweeps)
