"""What each sweep does to the picture: where it lies, its gain, lost contact, and how it presses the leg."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32

from ifssnet.geometry.untyped import interpolated, smoothed, smoothed_along
from ifssnet.phantom.anatomy.borders import Push, no_push
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.scanner.probe_path import ProbePath, lost_contact_db, probe_path
from ifssnet.phantom.scanner.protocol import ScanSettings
from ifssnet.phantom.varied_scanner.look import Look

MOST_MM = 2.0
"""No sweep is misregistered by more."""

PUSH_SD_MM = 4.0
"""How softly the push ends beside the face, and from one sweep to the next."""

COVER = 117.0
"""Width that 4, 5 or 6 sweeps cover alike, mm."""


def settings_for(look: Look, settings: ScanSettings) -> ScanSettings:
    """A size's settings with a look's number of sweeps and its water."""
    handling = look.handling
    width = settings.probe.width_mm
    overlap = 1.0 - (max(COVER, width) - width) / (width * max(1, handling.sweeps - 1))
    return replace(
        settings,
        sweeps=handling.sweeps,
        overlap=float(np.clip(overlap, 0.05, 0.9)),
        standoff_mm=handling.standoff_mm,
        motion_mm=handling.misregistration_mm,
    )


@dataclass(frozen=True, eq=False)
class SweepCourse:
    """Everything about an acquisition's sweeps that is not the tissue's.

    Attributes:
        path: Where the face is, as the tracker says.
        push: How the leg is pressed.
        z_mm: Heights at which the next two are given, 1 mm apart.
        shift_mm: By how much the leg has moved, against what the tracker says, when a sweep passes a height.
        gain_db: A sweep's gain.
        bath_y_mm: Where the bath's bottom lies; -1e9 where none is seen.
    """

    path: ProbePath
    push: Push
    z_mm: Float[np.ndarray, " z"]
    shift_mm: Float[np.ndarray, "sweep z 3"]
    gain_db: Float[np.ndarray, " sweep"]
    bath_y_mm: float


def sweep_course(leg: ScannableLeg, look: Look, settings: ScanSettings, seed: int) -> SweepCourse:
    """The sweeps of one acquisition; their shifts have no mean over the sweeps, so that the truth is where the leg lay."""
    handling = look.handling
    rng = np.random.default_rng([seed, 0x5EE9])
    path = probe_path(leg, settings)
    if handling.press_mm > 0:
        path = replace(path, top_mm=path.top_mm + handling.press_mm)
    z = np.arange(0.0, np.ceil(leg.length_mm) + 1.0)
    sd = handling.misregistration_mm
    shift = np.zeros((settings.sweeps, len(z), 3))
    shift += sd * rng.standard_normal((settings.sweeps, 1, 3)) * (1.0, 0.7, 0.8)
    drift = smoothed_along(rng.standard_normal((settings.sweeps, len(z), 3)), 40.0, axis=1)
    shift += 0.6 * sd * drift / max(float(drift.std()), 1e-9)
    for _ in range(handling.steps * settings.sweeps):
        sweep, at = int(rng.integers(settings.sweeps)), float(rng.uniform(0.1, 0.9)) * len(z)
        shift[sweep, z > at] += sd * rng.standard_normal(3)
    shift -= shift.mean(axis=0)
    shift = np.clip(shift, -MOST_MM, MOST_MM)
    gain = handling.seam_db * rng.standard_normal(settings.sweeps)
    lowest = float(leg.outline_xy_mm[..., 1].max())
    bath = lowest + float(rng.uniform(-18.0, 6.0)) if handling.bath else -1e9
    return SweepCourse(path, _push(leg, path, settings, look), z, shift, gain, bath)


def _push(leg: ScannableLeg, path: ProbePath, settings: ScanSettings, look: Look) -> Push:
    """The skin under each face is pushed down to the face."""
    if look.handling.press_mm <= 0:
        return no_push()
    outline = leg.outline_xy_mm
    first = float(np.floor(outline[..., 0].min())) - 4.0
    x = np.arange(first, float(outline[..., 0].max()) + 5.0)
    z = np.arange(0.0, np.ceil(leg.length_mm) + 2.0)
    skin = np.empty((len(z), len(x)))
    for row, height in enumerate(z):
        points = outline[min(round(height), len(outline) - 1) if len(outline) > 1 else 0]
        behind = points[:, 1] < leg.axis_xy_mm[min(round(height), len(outline) - 1), 1]
        order = np.argsort(points[behind, 0])
        skin[row] = interpolated(x, points[behind, 0][order], points[behind, 1][order])
    face = np.full(skin.shape, -np.inf)
    for sweep in range(settings.sweeps):
        centre, top = path.at(sweep, z)
        under = np.abs(x[None, :] - centre[:, None]) <= 0.5 * settings.probe.width_mm
        face = np.where(under, top[:, None] + 0.0 * x, face)
    push = np.maximum(face - skin, 0.0)
    push[~np.isfinite(push)] = 0.0
    return Push(skin.astype(np.float32), smoothed(push, PUSH_SD_MM, mode="nearest").astype(np.float32), first)


def shifts_at(course: SweepCourse, sweep: int, z_mm: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n 3"]:
    """By how much the leg has moved when a sweep passes some heights."""
    return np.stack([interpolated(z_mm, course.z_mm, course.shift_mm[sweep, :, axis]) for axis in range(3)], axis=-1)


def contact_db(
    rng: np.random.Generator, x_mm: Float[np.ndarray, " u"], z_mm: Float[np.ndarray, " image"], look: Look
) -> Float32[np.ndarray, "image u"]:
    """Gain of each line of a sweep: bubbles, and bands over which half the face or all of it lies off the skin."""
    gain = lost_contact_db(rng, x_mm, z_mm, look.handling.lost_per_m)
    long_mm = float(np.ptp(z_mm))
    for _ in range(rng.poisson(look.handling.lost_per_m * long_mm / 4000.0)):
        middle, half = rng.uniform(float(z_mm.min()), float(z_mm.max())), rng.uniform(2.0, 9.0)
        edge = rng.uniform(float(x_mm.min()), float(x_mm.max()))
        side = 1.0 / (1.0 + np.exp(-rng.choice((-1.0, 1.0)) * (x_mm - edge) / rng.uniform(1.5, 5.0)))
        band = np.exp(-(np.abs((z_mm - middle) / half) ** 4))
        gain -= (rng.uniform(4.0, 18.0) * band[:, None] * side[None, :]).astype(np.float32)
    wander = smoothed(rng.standard_normal((len(z_mm), len(x_mm))), (len(z_mm) / 20.0, len(x_mm) / 12.0), mode="nearest")
    wander *= 1.0 / max(float(wander.std()), 1e-9)
    return gain + (0.8 * look.handling.seam_db * wander).astype(np.float32)


def edge_db(
    x_mm: Float[np.ndarray, "*n"], centre_mm: Float[np.ndarray, "*n"], width_mm: float, loss_db: float
) -> Float[np.ndarray, "*n"]:
    """What lines near the face's edges lose, for fewer elements take part."""
    inside = np.clip((0.5 * width_mm - np.abs(x_mm - centre_mm)) / 3.0, 0.0, 1.0)
    return -loss_db * (1.0 - inside) ** 2
