"""Where the probe goes: parallel sweeps above the skin, from the knee to the ankle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from ifssnet.core.errors import InputError
from ifssnet.geometry.untyped import interpolated, smoothed_along
from ifssnet.phantom.anatomy.calf import STEP_MM
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.scanner.protocol import ScanSettings


@dataclass(frozen=True, eq=False)
class ProbePath:
    """The probe's face along each sweep, in the leg's frame; its beam looks along y.

    Attributes:
        z_mm: Heights.
        centre_mm: x of the face's middle.
        top_mm: y of the face.
        from_mm: Where the sweeps begin.
        to_mm: Where they end.
    """

    z_mm: Float[np.ndarray, " z"]
    centre_mm: Float[np.ndarray, "sweep z"]
    top_mm: Float[np.ndarray, "sweep z"]
    from_mm: float
    to_mm: float

    def at(self, sweep: int, z_mm: Float[np.ndarray, "*n"]) -> tuple[Float[np.ndarray, "*n"], Float[np.ndarray, "*n"]]:
        """Middle (x) and face (y) of a sweep at any heights."""
        return interpolated(z_mm, self.z_mm, self.centre_mm[sweep]), interpolated(z_mm, self.z_mm, self.top_mm[sweep])


def probe_path(leg: ScannableLeg, settings: ScanSettings) -> ProbePath:
    """The path over a leg: the face stays above the highest skin under it."""
    end = leg.length_mm if settings.to_mm is None else settings.to_mm
    if not 0 <= settings.from_mm < end <= leg.length_mm:
        raise InputError(
            f"a scan between 0 and {leg.length_mm:.0f} mm",
            f"from {settings.from_mm} to {end} mm",
            "Correct where the sweeps begin and end.",
        )
    x, y = np.moveaxis(leg.outline_xy_mm, -1, 0)
    width = settings.probe.width_mm
    middle = smoothed_along(0.5 * (x.max(axis=1) + x.min(axis=1)), 40.0 / STEP_MM, mode="nearest")
    across = (np.arange(settings.sweeps) - 0.5 * (settings.sweeps - 1)) * width * (1.0 - settings.overlap)
    centres = middle[None, :] + across[:, None]
    behind = y < leg.axis_xy_mm[:, 1:]
    tops = np.empty_like(centres)
    for index, centre in enumerate(centres):
        under = (np.abs(x - centre[:, None]) < 0.5 * width) & behind
        top: Float[np.ndarray, " z"] = np.where(under, y, np.inf).min(axis=1)
        seen = np.isfinite(top)
        beside = float(np.mean(leg.axis_xy_mm[:, 1]))
        top = interpolated(leg.z_mm, leg.z_mm[seen], top[seen]) if seen.any() else np.full(len(top), beside)
        tops[index] = smoothed_along(top, 12.0 / STEP_MM, mode="nearest") - settings.standoff_mm
    return ProbePath(leg.z_mm, centres, tops, settings.from_mm, end)


def motions_mm(settings: ScanSettings, seed: int) -> Float[np.ndarray, "sweep 3"]:
    """How far the leg lies from its mean place and direction when each sweep is made.

    Where an acquisition says that the leg lay is its mean over the sweeps: these shifts have no mean, and neither a roll
    about the leg (y that rises from sweep to sweep) nor a yaw (z that does). What is left no rigid transform takes back.
    """
    rng = np.random.default_rng([seed, 0x307])
    shifts = rng.standard_normal((settings.sweeps, 3)) * np.array([1.0, 0.6, 1.0]) * settings.motion_mm
    shifts -= shifts.mean(axis=0)
    across = np.arange(settings.sweeps) - 0.5 * (settings.sweeps - 1)
    if settings.sweeps > 1:
        shifts[:, 1:] -= np.outer(across, across @ shifts[:, 1:] / (across @ across))
    return shifts


def lost_contact_db(
    rng: np.random.Generator, x_mm: Float[np.ndarray, " u"], z_mm: Float[np.ndarray, " image"], bubbles_per_m: float
) -> Float32[np.ndarray, "image u"]:
    """Gain of each line: bubbles under the face take 10 to 25 dB from some lines over some millimetres of the sweep."""
    gain = np.zeros((len(z_mm), len(x_mm)), dtype=np.float32)
    length_mm = float(z_mm.max() - z_mm.min())
    for _ in range(rng.poisson(bubbles_per_m * length_mm / 1000.0)):
        x, z = rng.uniform(float(x_mm.min()), float(x_mm.max())), rng.uniform(float(z_mm.min()), float(z_mm.max()))
        wide, long, depth = rng.uniform(1.0, 4.0), rng.uniform(2.0, 7.0), rng.uniform(10.0, 25.0)
        away: Float[np.ndarray, "image u"] = ((x_mm[None, :] - x) / wide) ** 4 + ((z_mm[:, None] - z) / long) ** 4
        gain -= (depth * np.exp(-away)).astype(np.float32)
    return gain
