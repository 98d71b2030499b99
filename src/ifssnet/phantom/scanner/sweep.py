"""Tracked sweeps of a digital leg."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.untyped import smoothed_along
from ifssnet.phantom.anatomy.leg import as_leg, build_leg
from ifssnet.phantom.anatomy.scannable_leg import HasTissues, ScannableLeg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import NAMES
from ifssnet.phantom.anatomy.view import frames_view
from ifssnet.phantom.scanner.bmode import Scatterers, bmode
from ifssnet.phantom.scanner.probe_path import ProbePath, lost_contact_db, motions_mm, probe_path
from ifssnet.phantom.scanner.protocol import DEMO, PAPER, SMALL, ScanSettings

__all__ = ["DEMO", "PAPER", "SMALL", "ScanSettings", "scan", "scan_labels"]

BATCH_FRAMES = 32
FRAMES_A_SECOND = 20.0
PAUSE_S = 8.0
"""Between two sweeps."""


def scan(
    subject: Subject | ScannableLeg,
    settings: ScanSettings = DEMO,
    seed: int = 0,
    leg_to_world: Float[np.ndarray, "4 4"] | None = None,
) -> Generator[Progress, None, list[Sweep]]:
    """Sweep a leg.

    Args:
        subject: A subject, or its leg when that is built already.
        settings: How.
        seed: What this acquisition's random numbers (speckle, noise, tracking) start from. The subject has its anatomy's.
        leg_to_world: Where the leg lies; its own frame is the world's unless given.

    Yields:
        Progress, by frames.

    Returns:
        The sweeps, all in one world frame. In the leg's own frame (x across, y down into the prone leg, z from knee to
        ankle) a volume compounded on axes along it has its slices across the leg, and the skin at the top of each.
    """
    leg = as_leg(subject)
    path, motions = probe_path(leg, settings), motions_mm(settings, seed)
    to_world = np.eye(4) if leg_to_world is None else leg_to_world
    z = np.arange(path.from_mm + 0.5 * settings.frame_step_mm, path.to_mm, settings.frame_step_mm)
    sweeps: list[Sweep] = []
    for index in range(settings.sweeps):
        rng = np.random.default_rng([seed, index, 0x5CA])
        poses = sweep_poses(path, index, z, settings)
        frames = yield from _frames(leg, settings, poses, motions[index], rng, (index * len(z), settings.sweeps * len(z)))
        valid = rng.random(len(z)) >= settings.dropped
        tracked_poses = to_world @ jittered(poses, rng, settings)
        times = index * (len(z) / FRAMES_A_SECOND + PAUSE_S) + np.arange(len(z)) / FRAMES_A_SECOND
        pixel = settings.probe.pixel_mm
        header = {
            "UltrasoundImageOrientation": "MF",
            "DigitalLeg": f"seed {leg.seed}, sweep {index + 1} of {settings.sweeps}",
        }
        sweeps.append(Sweep(frames, tracked_poses, times, (pixel, pixel), valid, header=header))
    return sweeps


def scan_labels(
    subject: Subject | HasTissues, sweeps: list[Sweep], leg_to_world: Float[np.ndarray, "4 4"] | None = None
) -> list[Sweep]:
    """The truth of every frame: the same sweeps with `Tissue` codes instead of grey levels.

    Codes are looked up where the tracker says that a frame lay: the tracker's error and the leg's motion between
    sweeps, some tenths of a millimetre, are the difference to what the frame shows.
    """
    leg = build_leg(subject) if isinstance(subject, Subject) else subject
    to_leg = np.eye(4) if leg_to_world is None else np.linalg.inv(leg_to_world)
    truths: list[Sweep] = []
    for sweep in sweeps:
        _, rows, columns = sweep.frames.shape
        frames = np.stack([leg.tissues(to_leg @ pose, (1, rows, columns))[0] for pose in sweep.image_to_world])
        truths.append(replace(sweep, frames=frames, names=dict(NAMES)))
    return truths


def _frames(
    leg: ScannableLeg,
    settings: ScanSettings,
    poses: Float[np.ndarray, "frame 4 4"],
    motion_mm: Float[np.ndarray, " 3"],
    rng: np.random.Generator,
    counted: tuple[int, int],
) -> Generator[Progress, None, np.ndarray]:
    """The images of one sweep."""
    probe, done = settings.probe, counted[0]
    moved = poses.copy()
    moved[:, :3, 3] -= motion_mm
    x_mm = np.arange(probe.shape_vu[1]) * probe.pixel_mm
    view = frames_view(moved, probe.shape_vu, lost_contact_db(rng, x_mm, poses[:, 2, 3], settings.bubbles_per_m))
    scatterers = Scatterers(rng, probe.shape_vu, settings.frame_step_mm, probe.elevation_mm)
    frames = np.empty((len(poses), *probe.shape_vu), dtype=np.uint8)
    for start in range(0, len(poses), BATCH_FRAMES):
        stop = min(start + BATCH_FRAMES, len(poses))
        frames[start:stop] = bmode(leg, view.part(start, stop), probe, scatterers.draw(stop - start))
        yield Progress("scanning the digital leg", done + stop, counted[1])
    return frames


def sweep_poses(
    path: ProbePath, sweep: int, z: Float[np.ndarray, " frame"], settings: ScanSettings
) -> Float[np.ndarray, "frame 4 4"]:
    """Where each frame truly lies in the leg's frame."""
    probe = settings.probe
    centre, top = path.at(sweep, z)
    poses = np.zeros((len(z), 4, 4))
    poses[:, 0, 0] = poses[:, 1, 1] = probe.pixel_mm
    poses[:, 2, 2] = poses[:, 3, 3] = 1.0
    poses[:, 0, 3] = centre - 0.5 * (probe.shape_vu[1] - 1) * probe.pixel_mm
    poses[:, 1, 3] = top + 0.5 * probe.pixel_mm
    poses[:, 2, 3] = z
    return poses


def jittered(
    poses: Float[np.ndarray, "frame 4 4"], rng: np.random.Generator, settings: ScanSettings
) -> Float[np.ndarray, "frame 4 4"]:
    """What the tracker says: smooth small errors of position and direction."""
    n = len(poses)
    wobble = smoothed_along(rng.standard_normal((n, 6)), 3.0, axis=0)
    wobble /= max(float(wobble.std()), 1e-9)
    said = poses.copy()
    turns = np.deg2rad(settings.jitter_deg) * wobble[:, 3:]
    for index, (a, b, c) in enumerate(turns):
        q, r = np.linalg.qr(np.array([[1.0, -c, b], [c, 1.0, -a], [-b, a, 1.0]]))
        said[index, :3, :3] = (q * np.sign(np.diag(r))) @ poses[index, :3, :3]
    said[:, :3, 3] += settings.jitter_mm * wobble[:, :3]
    return said
