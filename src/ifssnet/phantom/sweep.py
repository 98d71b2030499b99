"""Tracked sweeps of a digital leg: parallel, overlapping, knee to ankle, the probe gliding above the skin."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.phantom.anatomy import Leg, as_leg
from ifssnet.phantom.bmode import Scatterers, bmode
from ifssnet.phantom.calf import STEP_MM
from ifssnet.phantom.labels import tissues_at
from ifssnet.phantom.scanner import Probe
from ifssnet.phantom.subject import Subject
from ifssnet.phantom.tissue import NAMES
from ifssnet.phantom.view import frames_view

BATCH_FRAMES = 32
FRAMES_A_SECOND = 20.0


@dataclass(frozen=True)
class ScanSettings:
    """How a leg is swept.

    Attributes:
        probe: The machine.
        sweeps: Parallel sweeps, from the medial to the lateral side for a left leg.
        overlap: Share of the probe's width that neighbouring sweeps share.
        frame_step_mm: Distance between frames (the paper's sweeps: about 0.5 mm).
        standoff_mm: Water between probe and skin where they are closest.
        from_mm: Where the sweeps begin, along the leg.
        to_mm: Where they end; None for the ankle.
        jitter_mm: SD of the tracker's error of position.
        jitter_deg: SD of the tracker's error of direction.
        motion_mm: SD of the leg's shift between two sweeps.
        dropped: Share of frames whose pose is marked invalid.
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

    def __post_init__(self) -> None:
        if not (1 <= self.sweeps <= 12 and 0 <= self.overlap < 0.95 and self.frame_step_mm > 0 and 0 <= self.dropped < 1):
            raise InputError(
                "1 to 12 sweeps, an overlap from 0 to 0.95, a positive distance of frames, a dropped share below 1",
                f"{self.sweeps} sweeps, overlap {self.overlap}, {self.frame_step_mm} mm, {self.dropped}",
                "Correct the settings of the scan.",
            )


PAPER = ScanSettings()
"""LEG-3D-US: 40 mm wide, 0.17 mm pixels, a frame every 0.5 mm."""

DEMO = ScanSettings(probe=Probe(pixel_mm=0.35, depth_mm=84.0), sweeps=4, overlap=0.28, frame_step_mm=0.75)
"""The demonstration: the same sweeps at half the resolution, compounded at about 0.8 mm."""

SMALL = ScanSettings(probe=Probe(pixel_mm=0.8, depth_mm=84.0), sweeps=4, overlap=0.28, frame_step_mm=3.0)
"""For tests: seconds."""


def scan(subject: Subject | Leg, settings: ScanSettings = DEMO, seed: int = 0) -> Generator[Progress, None, list[Sweep]]:
    """Sweep a leg.

    Args:
        subject: A subject, or its leg when that is built already.
        settings: How.
        seed: Of this acquisition: speckle, noise, tracking. The anatomy has its own, in the subject.

    Yields:
        Progress, by frames.

    Returns:
        The sweeps, all in one world frame, which is the leg's own frame (x across, y down into the prone leg, z from
        knee to ankle): a volume compounded on axes along it has its slices across the leg, and the skin at the top of
        each.
    """
    leg = as_leg(subject)
    places = _sweep_poses(leg, settings)
    total, done = sum(len(p) for p in places), 0
    sweeps: list[Sweep] = []
    for index, poses in enumerate(places):
        rng = np.random.default_rng([seed, index, 0x5CA])
        shift = np.array([1.0, 0.6, 1.0]) * settings.motion_mm * rng.standard_normal(3) * (index > 0)
        moved = poses.copy()
        moved[:, :3, 3] -= shift
        frames = np.empty((len(poses), *settings.probe.shape_vu), dtype=np.uint8)
        scatterers = Scatterers(rng, settings.probe.shape_vu, settings.frame_step_mm, settings.probe.elevation_mm)
        view = frames_view(moved, settings.probe.shape_vu)
        for start in range(0, len(poses), BATCH_FRAMES):
            stop = min(start + BATCH_FRAMES, len(poses))
            frames[start:stop] = bmode(leg, view.part(start, stop), settings.probe, scatterers.draw(stop - start))
            done += stop - start
            yield Progress("scanning the digital leg", done, total)
        valid = rng.random(len(poses)) >= settings.dropped
        times = index * (len(poses) / FRAMES_A_SECOND + 8.0) + np.arange(len(poses)) / FRAMES_A_SECOND
        pixel = settings.probe.pixel_mm
        header = {
            "UltrasoundImageOrientation": "MF",
            "DigitalLeg": f"seed {leg.subject.seed}, sweep {index + 1} of {settings.sweeps}",
        }
        sweeps.append(Sweep(frames, _jittered(poses, rng, settings), times, (pixel, pixel), valid, header=header))
    return sweeps


def scan_labels(subject: Subject | Leg, sweeps: list[Sweep]) -> list[Sweep]:
    """The truth of every frame: the same sweeps with `Tissue` codes instead of grey levels (tracking error and motion
    are not undone).
    """
    leg = as_leg(subject)
    truths: list[Sweep] = []
    for sweep in sweeps:
        shape = sweep.frames.shape
        frames = np.stack([tissues_at(leg, pose, (1, shape[1], shape[2]))[0] for pose in sweep.image_to_world])
        truths.append(replace(sweep, frames=frames, names=dict(NAMES)))
    return truths


def _sweep_poses(leg: Leg, settings: ScanSettings) -> list[Float[np.ndarray, "frame 4 4"]]:
    """Where each frame truly lay, in the leg's frame: the probe stays above the highest skin under it and leans with
    the leg's side.
    """
    probe = settings.probe
    end = leg.subject.leg_mm if settings.to_mm is None else settings.to_mm
    if not 0 <= settings.from_mm < end <= leg.subject.leg_mm:
        raise InputError(
            f"a scan between 0 and {leg.subject.leg_mm:.0f} mm",
            f"from {settings.from_mm} to {end} mm",
            "Correct where the sweeps begin and end.",
        )
    z = np.arange(settings.from_mm + 0.5 * settings.frame_step_mm, end, settings.frame_step_mm)
    rows = np.minimum((z / STEP_MM).astype(int), len(leg.z_mm) - 1)
    x, y = np.moveaxis(leg.outline_xy_mm[rows], -1, 0)
    pitch = probe.width_mm * (1.0 - settings.overlap)
    middle = gaussian_filter1d(0.5 * (x.max(axis=1) + x.min(axis=1)), 40.0 / settings.frame_step_mm)
    sweeps: list[Float[np.ndarray, "frame 4 4"]] = []
    for index in range(settings.sweeps):
        across = (index - 0.5 * (settings.sweeps - 1)) * pitch
        centre = middle + across
        under = (np.abs(x - centre[:, None]) < 0.5 * probe.width_mm) & (y < leg.axis_xy_mm[rows, 1:])
        top = np.where(under.any(axis=1), np.where(under, y, np.inf).min(axis=1), np.nan)
        seen = np.isfinite(top)
        top = np.interp(z, z[seen], top[seen]) if seen.any() else np.zeros(len(z))
        height = gaussian_filter1d(top, 12.0 / settings.frame_step_mm, mode="nearest") - settings.standoff_mm
        poses = np.zeros((len(z), 4, 4))
        poses[:, 0, 0] = probe.pixel_mm
        poses[:, 1, 1] = probe.pixel_mm
        poses[:, 2, 2] = 1.0
        poses[:, 0, 3] = centre - 0.5 * (probe.shape_vu[1] - 1) * probe.pixel_mm
        poses[:, 1, 3] = height
        poses[:, 2, 3] = z
        poses[:, 3, 3] = 1.0
        sweeps.append(poses)
    return sweeps


def _jittered(
    poses: Float[np.ndarray, "frame 4 4"], rng: np.random.Generator, settings: ScanSettings
) -> Float[np.ndarray, "frame 4 4"]:
    """What the tracker says: smooth small errors of position and direction."""
    n = len(poses)
    wobble = gaussian_filter1d(rng.standard_normal((n, 6)), 3.0, axis=0)
    wobble /= max(float(wobble.std()), 1e-9)
    said = poses.copy()
    turns = np.deg2rad(settings.jitter_deg) * wobble[:, 3:]
    for index in range(n):
        a, b, c = turns[index]
        turn = np.array([[1.0, -c, b], [c, 1.0, -a], [-b, a, 1.0]])
        q, r = np.linalg.qr(turn)
        said[index, :3, :3] = (q * np.sign(np.diag(r))) @ poses[index, :3, :3]
    said[:, :3, 3] += settings.jitter_mm * wobble[:, :3]
    return said
