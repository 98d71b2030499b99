"""The calf's layers, from the crural fascia inwards: each muscle's thickness follows from its area at that height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.geometry.untyped import monotone_curve, smoothed_along
from ifssnet.phantom.anatomy.noise import smooth_noise
from ifssnet.phantom.anatomy.subject import Muscle, Subject

STEP_MM = 1.0
ANGLES = 360
THETA = np.deg2rad(np.arange(ANGLES) - 180.0)
STEP_RAD = float(THETA[1] - THETA[0])

LEVELS = (0.0, 0.10, 0.16, 0.22, 0.28, 0.36, 0.5, 0.65, 0.8, 0.9, 1.0)
"""Heights, as shares of the leg, at which the typical adult's other areas are given, in cm2."""
REST_CM2 = (54.0, 52.0, 46.0, 39.0, 32.0, 28.0, 25.0, 21.0, 17.5, 17.0, 19.0)
TENDON_CM2 = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.75, 0.72, 0.65, 0.6)
ANKLE_FAT_CM2 = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.15, 0.4, 1.6, 3.2)
POPLITEAL_MM = ((30.0, 25.0), (4.0, 60.0))
"""Depth of the fat and tendons that cover the gastrocnemius' origins on the condyles, and over what height it fades."""
FORWARD = (0.06, 0.10, 0.15, 0.20, 0.24, 0.27, 0.27, 0.26, 0.24, 0.22, 0.20)
"""How far the outline lies behind the axis, as a share of its radius: the axis runs through the deep compartment."""

SOL_DEG = (-122.0, 80.0)
GM_HALF_DEG = 60.0
GL_HALF_DEG = 41.0


@dataclass(frozen=True, eq=False)
class Calf:
    """Radii about the axis, by height and angle, in mm.

    Attributes:
        fascia: The crural fascia.
        cover: Deep border of the popliteal fat that covers the gastrocnemius' origins; the fascia below the knee.
        gastro: Deep border of the gastrocnemius.
        tendon: Deep border of the Achilles tendon.
        soleus: Deep border of SOL.
        deep: Deep border of the fat before the Achilles tendon.
        split_rad: Angle of the wall between GM and GL, by height.
    """

    fascia: Float[np.ndarray, "z angle"]
    cover: Float[np.ndarray, "z angle"]
    gastro: Float[np.ndarray, "z angle"]
    tendon: Float[np.ndarray, "z angle"]
    soleus: Float[np.ndarray, "z angle"]
    deep: Float[np.ndarray, "z angle"]
    split_rad: Float[np.ndarray, " z"]


def acsa_cm2(muscle: Muscle, z_mm: Float[np.ndarray, " z"]) -> Float[np.ndarray, " z"]:
    """A muscle's smooth cross-sectional area at each height; its integral is the muscle's volume."""
    u = np.clip((z_mm - muscle.start_mm) / muscle.length_mm, 0.0, 1.0)
    shape = u**muscle.rise * (1.0 - u) ** muscle.fall
    fine = np.linspace(0.0, 1.0, 2001)
    integral = float(np.trapezoid(fine**muscle.rise * (1.0 - fine) ** muscle.fall, fine)) * muscle.length_mm / 10.0
    return muscle.volume_cm3 / integral * shape


def along(s: Float[np.ndarray, " z"], values: tuple[float, ...]) -> Float[np.ndarray, " z"]:
    """Values given at `LEVELS`, at any height, without overshoot."""
    return monotone_curve(s, LEVELS, values)


def build_calf(subject: Subject, z_mm: Float[np.ndarray, " z"], rng: np.random.Generator) -> Calf:
    """The layers of a subject's calf."""
    s = z_mm / subject.leg_mm
    sol, gm, gl = (acsa_cm2(muscle, z_mm) for muscle in (subject.sol, subject.gm, subject.gl))
    bulk = subject.rest_scale
    tendon = along(s, TENDON_CM2) * np.clip((z_mm - subject.gm.end_mm + 60.0) / 60.0, 0.0, 1.0) * bulk
    ankle_fat = along(s, ANKLE_FAT_CM2) * bulk
    # Over an arc of 2.2 radians at a radius of 45 mm, 1 mm of cover is 1 cm2.
    popliteal = bulk * np.sum([depth * np.exp(-z_mm / fade) for depth, fade in POPLITEAL_MM], axis=0)
    calf = sol + gm + gl + tendon + ankle_fat + popliteal

    fascia = _outline(subject, rng, smoothed_along(calf, 6.0 / STEP_MM) + along(s, REST_CM2) * bulk)
    split = _split(subject, s, rng)
    cover = _popliteal_fat(fascia, popliteal)
    gastro = cover + _gastrocnemius(subject, fascia - cover, split, gm, gl, z_mm, rng)
    under = gastro + _tendon(fascia - gastro, tendon)
    through = _soleus(subject, fascia, under, sol, z_mm)
    deep = through + _ankle_fat(fascia - through, ankle_fat)
    gastro, under, through = _roughened(subject.roughness_mm, rng, fascia, (cover, gastro, under, through))
    deep = np.maximum(deep, through)
    return Calf(fascia, fascia - cover, fascia - gastro, fascia - under, fascia - through, fascia - deep, split)


def _outline(subject: Subject, rng: np.random.Generator, inside_cm2: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """The crural fascia: wider than deep, the calf behind the axis, its area holding everything inside."""
    s = np.linspace(0.0, 1.0, len(inside_cm2))
    shape = 1.0 + along(s, FORWARD)[:, None] * np.cos(THETA) - subject.flatness * np.cos(2 * THETA)
    for harmonic in (2, 3, 4):
        phase = rng.uniform(0, 2 * np.pi) + 0.5 * smooth_noise(rng, len(s), 1, 80.0 / STEP_MM)
        shape = shape + 0.012 * rng.standard_normal() * np.cos(harmonic * THETA + phase)
    unit_mm2 = 0.5 * np.sum(shape**2, axis=1) * STEP_RAD
    return shape * np.sqrt(100.0 * inside_cm2 / unit_mm2)[:, None]


def _split(subject: Subject, s: Float[np.ndarray, " z"], rng: np.random.Generator) -> Float[np.ndarray, " z"]:
    """The wall between the heads turns along the leg, and wanders."""
    wander = smooth_noise(rng, len(s), 1, 30.0 / STEP_MM)[:, 0]
    return np.deg2rad(subject.split_deg + subject.twist_deg * (s - 0.3) + 4.0 * wander)


def layer(
    outer: Float[np.ndarray, "z angle"], width: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]
) -> Float[np.ndarray, "z angle"]:
    """Thickness under `outer` that is proportional to `width` and encloses the area at each height.

    The area between r and r - t w over the angle is t sum(r w) - t^2 sum(w^2) / 2; the smaller root is the thickness.
    """
    linear = np.sum(outer * width, axis=1) * STEP_RAD
    square = np.sum(width**2, axis=1) * STEP_RAD
    root = np.sqrt(np.maximum(linear**2 - 200.0 * square * area_cm2, 0.0))
    t = np.where(square > 0, (linear - root) / np.maximum(square, 1e-9), 0.0)
    return np.minimum(t[:, None] * width, 0.92 * outer)


def bump(
    centre_rad: Float[np.ndarray, " z"], half_rad: Float[np.ndarray, " z"], power: float, edge: float
) -> Float[np.ndarray, "z angle"]:
    """A plateau over an arc that falls to 0 at its ends; a large `power` makes it flat, a large `edge` makes it round."""
    return np.maximum(1.0 - np.abs(_from(centre_rad) / half_rad[:, None]) ** power, 0.0) ** edge


def _from(centre_rad: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """Angle from a centre, -pi to pi."""
    return (THETA[None, :] - centre_rad[:, None] + np.pi) % (2 * np.pi) - np.pi


def _popliteal_fat(fascia: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """What covers the heads at the knee: their origins lie deep, on the condyles."""
    n = len(area_cm2)
    return layer(fascia, bump(np.full(n, np.deg2rad(-4.0)), np.full(n, np.deg2rad(105.0)), 2.0, 1.0), area_cm2)


def _gastrocnemius(
    subject: Subject,
    outer: Float[np.ndarray, "z angle"],
    split: Float[np.ndarray, " z"],
    gm_cm2: Float[np.ndarray, " z"],
    gl_cm2: Float[np.ndarray, " z"],
    z_mm: Float[np.ndarray, " z"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "z angle"]:
    """Thickness of both heads; they share the wall at the split, and part and narrow towards their ends."""
    thickness = np.zeros_like(outer)
    heads = (
        (subject.gm, gm_cm2, GM_HALF_DEG, -1.0, 20.0, (0.09, 22.0)),
        (subject.gl, gl_cm2, GL_HALF_DEG, 1.0, 10.0, (0.235, 21.0)),
    )
    for muscle, area, half_deg, sign, parting_deg, (varied, over_mm) in heads:
        u = np.clip((z_mm - muscle.start_mm) / muscle.length_mm, 0.0, 1.0)
        fill = np.maximum(np.clip(area / area.max(), 0.0, 1.0) ** 0.45, 0.08)
        parted = parting_deg * np.clip((u - 0.45) / 0.55, 0.0, 1.0) ** 1.5 + 14.0 * np.exp(-u / 0.08)
        # Real heads widen and narrow, and their free edge wanders, over some centimetres.
        wander, widen = varied * smooth_noise(rng, len(z_mm), 2, over_mm / STEP_MM).T
        centre = split + sign * np.deg2rad(half_deg * (0.72 + wander) + parted)
        own = sign * _from(split) > 0
        thickness += layer(outer, bump(centre, np.deg2rad(half_deg) * fill * np.exp(widen), 3.0, 0.75) * own, area)
    return smoothed_along(thickness, 1.5, axis=1, mode="wrap")


def _tendon(outer: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """The Achilles tendon: a wide sheet where it begins, a narrow band at the ankle."""
    s = np.linspace(0.0, 1.0, len(area_cm2))
    half = np.deg2rad(np.interp(s, (0.4, 0.62, 0.8, 1.0), (62.0, 44.0, 20.0, 15.0)))
    return layer(outer, bump(np.full_like(s, np.deg2rad(-6.0)), half, 2.5, 0.7), area_cm2)


def _soleus(
    subject: Subject,
    fascia: Float[np.ndarray, "z angle"],
    above: Float[np.ndarray, "z angle"],
    area_cm2: Float[np.ndarray, " z"],
    z_mm: Float[np.ndarray, " z"],
) -> Float[np.ndarray, "z angle"]:
    """Depth of SOL's deep border under the fascia: smooth, whatever lies above, and as deep as SOL's area asks.

    SOL begins on the fibula's head and ends before the tendon: its middle moves from the lateral side to the midline.
    """
    low, high = np.deg2rad(SOL_DEG)
    u = (z_mm - subject.sol.start_mm) / subject.sol.length_mm
    fill = np.maximum(np.clip(area_cm2 / area_cm2.max(), 0.0, 1.0) ** 0.45, 0.10)
    middle_deg = monotone_curve(np.clip(u, 0.0, 1.0), (0.0, 0.2, 0.45, 0.75, 1.0), (25.0, 8.0, -15.0, -14.0, -6.0))
    centre = np.deg2rad(middle_deg)
    width = bump(centre, 0.5 * (high - low) * fill, 3.4, 0.62)
    least: Float[np.ndarray, " z"] = np.zeros(len(u))
    most: Float[np.ndarray, " z"] = 0.97 * fascia.max(axis=1)
    for _ in range(26):
        middle: Float[np.ndarray, " z"] = 0.5 * (least + most)
        depth: Float[np.ndarray, "z angle"] = np.clip(middle[:, None] * width, above, np.maximum(0.95 * fascia, above))
        area = 0.5 * np.sum((fascia - above) ** 2 - (fascia - depth) ** 2, axis=1) * STEP_RAD
        enough = area > 100.0 * area_cm2
        least, most = np.where(enough, least, middle), np.where(enough, middle, most)
    depth = np.clip(least[:, None] * width, above, np.maximum(0.95 * fascia, above))
    return np.where(area_cm2[:, None] > 0, depth, above)


def _ankle_fat(outer: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """The fat between the Achilles tendon and the deep flexors."""
    n = len(area_cm2)
    return layer(outer, bump(np.zeros(n), np.full(n, np.deg2rad(55.0)), 2.0, 0.8), area_cm2)


def _roughened(
    sd_mm: float,
    rng: np.random.Generator,
    fascia: Float[np.ndarray, "z angle"],
    depths: tuple[Float[np.ndarray, "z angle"], ...],
) -> tuple[Float[np.ndarray, "z angle"], Float[np.ndarray, "z angle"], Float[np.ndarray, "z angle"]]:
    """The deep borders of the gastrocnemius, the tendon and SOL, moved as real borders are: they follow no spline.

    Thin layers move less, so that tapering ends stay tapering ends; so do places near the axis, where an angle is short.
    """
    cover, gastro, tendon, soleus = depths
    one, two = (
        0.75 * smooth_noise(rng, len(fascia), ANGLES, 14.0 / STEP_MM, 10.0)
        + 0.66 * smooth_noise(rng, len(fascia), ANGLES, 6.0 / STEP_MM, 8.0)
        for _ in range(2)
    )
    rough_gastro = gastro + sd_mm * one * np.tanh((gastro - cover) / 5.0)
    rough_tendon = rough_gastro + (tendon - gastro)
    thickness = soleus - tendon
    near_axis = np.clip((fascia - soleus) / 8.0, 0.1, 1.0)
    rough_soleus = np.maximum(rough_tendon, soleus + 0.35 * sd_mm * two * near_axis * np.tanh(thickness / 5.0))
    rough_soleus = np.where(thickness > 1e-6, rough_soleus, rough_tendon)
    return rough_gastro, rough_tendon, np.minimum(rough_soleus, 0.95 * fascia)
