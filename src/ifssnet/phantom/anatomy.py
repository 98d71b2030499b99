"""From a person's parameters to the surfaces of the leg, as tables over height and angle.

The leg's frame: x to the lateral side of a left leg (to the medial side of a right one), y from the calf towards the
shin, z from the knee to the ankle, in mm; a prone leg as the probe above it sees it. Around an axis that runs through
the deep compartment, angles go from straight behind (0) to the lateral side (positive). The calf is a stack of layers
between the crural fascia and that axis: gastrocnemius (GM on the medial, GL on the lateral side of the split), the
Achilles tendon, SOL, and the deep fat of the ankle. Every layer's thickness follows from its muscle's ACSA at that
height, so areas and volumes are what the parameters say, and layers can neither overlap nor leave a hole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from ifssnet.phantom.subject import Muscle, Subject

STEP_MM = 1.0
ANGLES = 360
THETA = np.deg2rad(np.arange(ANGLES) - 180.0)
STEP_RAD = float(THETA[1] - THETA[0])

SKIN, FAT, FASCIA, GASTRO, TENDON, SOLEUS, DEEP, SEEN_GASTRO, SEEN_SOLEUS, SEEN_SPLIT = range(10)
"""Columns of `Leg.layers`: the outer radius of skin, fat and fascia, the deep radius of the gastrocnemius, the tendon,
SOL and the deep fat, all in mm; and how visible the fascia at a border is, 0 to 1 (gastrocnemius-SOL, SOL-deep,
GM-GL)."""

# Where the calf's layers lie, in degrees from straight behind, positive to the lateral side.
SOL_DEG = (-122.0, 80.0)
GM_HALF_DEG = 60.0
GL_HALF_DEG = 40.0

# Area inside the fascia that is not triceps surae, typical adult: bones, deep, lateral and anterior muscles, by height.
REST_AT = (0.0, 0.10, 0.16, 0.22, 0.28, 0.36, 0.5, 0.65, 0.8, 0.9, 1.0)
REST_CM2 = (60.0, 56.0, 48.0, 39.0, 32.0, 28.0, 25.0, 21.0, 17.5, 17.0, 19.0)
TIBIA_CM2 = (26.0, 24.0, 17.0, 11.5, 7.8, 5.8, 4.6, 4.0, 3.5, 4.2, 6.0)
FIBULA_CM2 = (0.25, 0.4, 1.9, 1.3, 0.7, 0.65, 0.8, 1.0, 1.0, 1.0, 1.1)
TENDON_CM2 = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.75, 0.72, 0.65, 0.6)
DEEP_FAT_CM2 = (0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1, 0.15, 0.4, 1.6, 3.2)


@dataclass(frozen=True, eq=False)
class Leg:
    """The surfaces of one leg.

    Attributes:
        subject: Whose.
        z_mm: Heights of the tables' rows, one a `STEP_MM`.
        layers: Radii and visibilities by height and angle; see the columns above.
        axis_xy_mm: Where the axis lies at each height.
        split_rad: Angle of the border between GM and GL.
        bones: Tibia and fibula: x and y of the centre from the axis, mean radius, amplitude and phase of the third harmonic.
        vessels: x, y from the axis and radius.
        compartments: Deep and anterior muscles' centres (x, y from the axis) and weights in mm2; the nearest owns a place.
    """

    subject: Subject
    z_mm: Float[np.ndarray, " z"]
    layers: Float[np.ndarray, "z angle column"]
    axis_xy_mm: Float[np.ndarray, "z 2"]
    split_rad: Float[np.ndarray, " z"]
    bones: Float[np.ndarray, "z 2 5"]
    vessels: Float[np.ndarray, "z vessel 3"]
    compartments: Float[np.ndarray, "z muscle 3"]

    @property
    def lateral_sign(self) -> float:
        """Which way along x the lateral side lies."""
        return 1.0 if self.subject.side == "left" else -1.0

    @property
    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
        """Everything that the compiled lookups need."""
        return (self.layers, self.axis_xy_mm, self.split_rad, self.bones, self.vessels, self.compartments, self.lateral_sign)


def acsa_cm2(muscle: Muscle, z_mm: Float[np.ndarray, " z"]) -> Float[np.ndarray, " z"]:
    """A muscle's smooth cross-sectional area at each height; its integral is the muscle's volume."""
    u = np.clip((z_mm - muscle.start_mm) / muscle.length_mm, 0.0, 1.0)
    shape = u**muscle.rise * (1.0 - u) ** muscle.fall
    fine = np.linspace(0.0, 1.0, 2001)
    integral = float(np.trapezoid(fine**muscle.rise * (1.0 - fine) ** muscle.fall, fine)) * muscle.length_mm / 10.0
    return muscle.volume_cm3 / integral * shape


def build_leg(subject: Subject) -> Leg:
    """The surfaces of a subject's leg; the same subject always gives the same."""
    rng = np.random.default_rng([subject.seed, 0xA7A])
    z = np.arange(0.0, subject.leg_mm + STEP_MM, STEP_MM)
    s = z / subject.leg_mm
    areas = {name: acsa_cm2(getattr(subject, name), z) for name in ("sol", "gm", "gl")}
    tendon, deep_fat = _curve(s, TENDON_CM2), _curve(s, DEEP_FAT_CM2) * subject.rest_scale
    tendon = np.where(z < subject.gm.end_mm - 60.0, 0.0, tendon) * np.clip((z - subject.gm.end_mm + 60.0) / 60.0, 0.0, 1.0)
    calf = areas["sol"] + areas["gm"] + areas["gl"] + tendon + deep_fat
    inside = gaussian_filter1d(calf, 6.0 / STEP_MM) + _curve(s, REST_CM2) * subject.rest_scale

    fascia = _outline(subject, rng, inside, calf)
    split = np.deg2rad(subject.split_deg) + np.deg2rad(2.5) * _rough(rng, len(z), 1, 35.0)[:, 0]
    gastro = _gastrocnemius(fascia, split, areas["gm"], areas["gl"])
    under_gastro = gastro + _tendon(fascia, tendon)
    through_sol = under_gastro + _soleus(fascia, under_gastro, areas["sol"])
    deep = _deep_fat(fascia, through_sol, deep_fat)

    borders = fascia[..., None] - _roughen(rng, subject.roughness_mm, fascia, (gastro, under_gastro, through_sol))
    layers = np.empty((len(z), ANGLES, 10))
    layers[..., FASCIA] = fascia
    layers[..., GASTRO : SOLEUS + 1] = borders
    layers[..., DEEP] = np.minimum(borders[..., 2], fascia - deep)
    fat = _fat(subject, rng, z)
    layers[..., FAT] = fascia + fat
    layers[..., SKIN] = layers[..., FAT] + subject.skin_mm
    for column in (SEEN_GASTRO, SEEN_SOLEUS, SEEN_SPLIT):
        layers[..., column] = _visibility(rng, len(z), subject.visibility)

    bones = _bones(subject, s, fascia)
    drift = np.stack([_rough(rng, len(z), 1, 60.0)[:, 0] for _ in range(2)], axis=1)
    axis = 1.5 * drift + np.stack([0.0 * s, 8.0 * (s - 0.5)], axis=1)
    return Leg(subject, z, layers, axis, split, bones, _vessels(s, layers), _compartments(s, layers))


def as_leg(subject: Subject | Leg) -> Leg:
    """A subject's leg, or the leg itself when it is built already."""
    return build_leg(subject) if isinstance(subject, Subject) else subject


def _curve(s: Float[np.ndarray, " z"], values: tuple[float, ...]) -> Float[np.ndarray, " z"]:
    return np.maximum(PchipInterpolator(REST_AT, values)(s), 0.0)


def _rough(
    rng: np.random.Generator, rows: int, columns: int, length_mm: float, angle_deg: float = 0.0
) -> Float[np.ndarray, "z angle"]:
    """Smooth noise of SD 1 over height and angle, correlated over a length and an angle."""
    white = rng.standard_normal((rows, columns))
    if columns > 1:
        white = gaussian_filter1d(white, angle_deg, axis=1, mode="wrap")
    pad = round(3 * length_mm / STEP_MM)
    white = np.concatenate([white, rng.standard_normal((pad, columns)) * white.std()]) if columns == 1 else white
    smooth = gaussian_filter1d(white, length_mm / STEP_MM, axis=0, mode="reflect")[:rows]
    return (smooth - smooth.mean()) / max(float(smooth.std()), 1e-9)


def _outline(
    subject: Subject, rng: np.random.Generator, inside_cm2: Float[np.ndarray, " z"], calf_cm2: Float[np.ndarray, " z"]
) -> Float[np.ndarray, "z angle"]:
    """The crural fascia: the share of the calf moves the outline backwards, and its area holds everything inside."""
    share = gaussian_filter1d(calf_cm2 / inside_cm2, 10.0 / STEP_MM)[:, None]
    shape = 1.0 + (0.80 * share - 0.30) * np.cos(THETA) - subject.flatness * np.cos(2 * THETA) * np.minimum(1.0, 0.3 + share)
    for harmonic in (2, 3, 4):
        phase = rng.uniform(0, 2 * np.pi) + 0.5 * _rough(rng, len(inside_cm2), 1, 80.0)
        shape = shape + 0.012 * rng.standard_normal() * np.cos(harmonic * THETA + phase)
    unit_mm2 = 0.5 * np.sum(shape**2, axis=1) * STEP_RAD
    return shape * np.sqrt(100.0 * inside_cm2 / unit_mm2)[:, None]


def _layer(
    outer: Float[np.ndarray, "z angle"], width: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]
) -> Float[np.ndarray, "z angle"]:
    """Thickness under `outer` that is proportional to `width` and encloses the area at each height.

    The area between r and r - t w over the angle is t sum(r w) - t^2 sum(w^2) / 2; the smaller root is the thickness.
    """
    linear = np.sum(outer * width, axis=1) * STEP_RAD
    square = np.sum(width**2, axis=1) * STEP_RAD
    area_mm2 = 100.0 * area_cm2
    root = np.sqrt(np.maximum(linear**2 - 2.0 * square * area_mm2, 0.0))
    t = np.where(square > 0, (linear - root) / np.maximum(square, 1e-9), 0.0)
    return np.minimum(t[:, None] * width, 0.92 * outer)


def _bump(
    centre_rad: Float[np.ndarray, " z"], half_rad: Float[np.ndarray, " z"], power: float, edge: float
) -> Float[np.ndarray, "z angle"]:
    """A plateau over an arc that falls to 0 at its ends, rounder for a larger `edge` exponent."""
    t = (THETA[None, :] - centre_rad[:, None] + np.pi) % (2 * np.pi) - np.pi
    return np.maximum(1.0 - np.abs(t / half_rad[:, None]) ** power, 0.0) ** edge


def _gastrocnemius(
    fascia: Float[np.ndarray, "z angle"],
    split: Float[np.ndarray, " z"],
    gm_cm2: Float[np.ndarray, " z"],
    gl_cm2: Float[np.ndarray, " z"],
) -> Float[np.ndarray, "z angle"]:
    """Thickness of both heads under the fascia; they share the wall at the split, and shrink in width where their area does."""
    thickness = np.zeros_like(fascia)
    for area, half_deg, sign in ((gm_cm2, GM_HALF_DEG, -1.0), (gl_cm2, GL_HALF_DEG, 1.0)):
        fill = np.clip(area / area.max(), 0.0, 1.0) ** 0.38
        half = np.deg2rad(half_deg) * np.maximum(fill, 0.08)
        centre = split + sign * np.deg2rad(half_deg) * 0.72
        own = sign * ((THETA[None, :] - split[:, None] + np.pi) % (2 * np.pi) - np.pi) > 0
        thickness += _layer(fascia, _bump(centre, half, 3.0, 0.75) * own, area)
    return gaussian_filter1d(thickness, 1.5, axis=1, mode="wrap")


def _tendon(fascia: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """The Achilles tendon: a wide sheet where it begins, a narrow band at the ankle."""
    s = np.linspace(0.0, 1.0, len(area_cm2))
    half = np.deg2rad(np.interp(s, (0.4, 0.62, 0.8, 1.0), (62.0, 44.0, 20.0, 15.0)))
    return _layer(fascia, _bump(np.full_like(s, np.deg2rad(-6.0)), half, 2.5, 0.7), area_cm2)


def _soleus(
    fascia: Float[np.ndarray, "z angle"], above: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]
) -> Float[np.ndarray, "z angle"]:
    """SOL fills the calf's arc under the gastrocnemius, thinner and narrower where its area is small."""
    low, high = np.deg2rad(SOL_DEG)
    fill = np.maximum(np.clip(area_cm2 / area_cm2.max(), 0.0, 1.0) ** 0.33, 0.12)
    s = np.linspace(0.0, 1.0, len(area_cm2))
    # SOL begins on the fibula's head and ends behind the ankle: its middle moves from the lateral side to the midline.
    centre = np.deg2rad(np.interp(s, (0.15, 0.32, 0.7, 0.95), (38.0, -21.0, -16.0, -8.0)))
    centre = gaussian_filter1d(centre, 8.0)
    return _layer(fascia - above, _bump(centre, 0.5 * (high - low) * fill, 3.4, 0.62), area_cm2)


def _deep_fat(
    fascia: Float[np.ndarray, "z angle"], above: Float[np.ndarray, "z angle"], area_cm2: Float[np.ndarray, " z"]
) -> Float[np.ndarray, "z angle"]:
    """The fat before the Achilles tendon at the ankle, and in the hollow of the knee: depth of its deep border under
    the fascia.
    """
    half = np.full(len(area_cm2), np.deg2rad(42.0))
    return above + _layer(fascia - above, _bump(np.zeros(len(area_cm2)), half, 2.0, 0.8), area_cm2)


def _roughen(
    rng: np.random.Generator,
    sd_mm: float,
    fascia: Float[np.ndarray, "z angle"],
    depths: tuple[Float[np.ndarray, "z angle"], Float[np.ndarray, "z angle"], Float[np.ndarray, "z angle"]],
) -> Float[np.ndarray, "z angle 3"]:
    """Depths under the fascia of the gastrocnemius', the tendon's and SOL's deep borders, moved as real borders are.

    Real muscles follow no spline along the leg. Thin layers move less, so that tapering ends stay tapering ends.
    """
    gastro, tendon, soleus = depths
    one, two = (
        0.75 * _rough(rng, len(fascia), ANGLES, 14.0, 9.0) + 0.66 * _rough(rng, len(fascia), ANGLES, 6.0, 6.0) for _ in range(2)
    )
    rough_gastro = gastro + sd_mm * one * np.tanh(gastro / 5.0)
    rough_tendon = rough_gastro + (tendon - gastro)
    thickness = soleus - tendon
    rough_soleus = np.maximum(rough_tendon, soleus + sd_mm * two * np.tanh(thickness / 5.0))
    rough_soleus = np.where(thickness > 1e-6, rough_soleus, rough_tendon)
    return np.stack([rough_gastro, rough_tendon, np.minimum(rough_soleus, 0.95 * fascia)], axis=-1)


def _fat(subject: Subject, rng: np.random.Generator, z: Float[np.ndarray, " z"]) -> Float[np.ndarray, "z angle"]:
    """Subcutaneous fat: thicker behind and medially, thin over the shin and at the ankle."""
    s = z / subject.leg_mm
    along = np.interp(s, (0.0, 0.25, 0.6, 0.85, 1.0), (1.15, 1.0, 0.8, 0.55, 0.5))
    around = 0.85 + 0.3 * np.cos(THETA + 0.6)
    rough = 1.0 + 0.10 * _rough(rng, len(z), ANGLES, 20.0, 15.0)
    return np.maximum(subject.fat_mm * along[:, None] * around[None, :] * rough, 0.2)


def _visibility(rng: np.random.Generator, rows: int, mean: float) -> Float[np.ndarray, "z angle"]:
    """Where a fascia shows: broken stretches, visible on the given share of the border."""
    noise = 0.7 * _rough(rng, rows, ANGLES, 9.0, 7.0) + 0.7 * _rough(rng, rows, ANGLES, 25.0, 18.0)
    threshold = np.quantile(noise, 1.0 - mean)
    return 1.0 / (1.0 + np.exp(-(noise - threshold) / 0.18))


def _bones(subject: Subject, s: Float[np.ndarray, " z"], fascia: Float[np.ndarray, "z angle"]) -> Float[np.ndarray, "z 2 5"]:
    """Tibia under the medial shin, fibula at the deep border of SOL on the lateral side."""
    bones = np.zeros((len(s), 2, 5))
    scale = subject.rest_scale**0.5
    tibia = np.sqrt(100.0 * _curve(s, TIBIA_CM2) / np.pi) * scale
    fibula = np.sqrt(100.0 * _curve(s, FIBULA_CM2) / np.pi) * scale
    for row in range(len(s)):
        angle = np.deg2rad(-152.0 + 14.0 * (tibia[row] - 12.0) / 17.0)
        radius = np.interp(angle, THETA, fascia[row]) - tibia[row] * 1.05 - 1.5
        bones[row, 0] = (radius * np.sin(angle), -radius * np.cos(angle), tibia[row], 0.13, np.deg2rad(20.0))
        angle = np.deg2rad(99.0)
        radius = (
            np.interp(angle, THETA, fascia[row]) * np.interp(s[row], (0.0, 0.15, 0.3, 0.8, 1.0), (0.86, 0.78, 0.60, 0.62, 0.8))
            - 0.4 * fibula[row]
        )
        bones[row, 1] = (radius * np.sin(angle), -radius * np.cos(angle), fibula[row], 0.10, np.deg2rad(70.0))
    return gaussian_filter(bones, (6.0, 0, 0))


def _vessels(s: Float[np.ndarray, " z"], layers: Float[np.ndarray, "z angle column"]) -> Float[np.ndarray, "z vessel 3"]:
    """Posterior tibial and peroneal vessels before SOL, and the small saphenous vein in the fat behind."""
    vessels = np.zeros((len(s), 3, 3))
    for index, (degrees, radius_mm) in enumerate(((-28.0, 2.1), (34.0, 1.7))):
        deep = layers[:, int(degrees) + 180, DEEP]
        r = np.maximum(gaussian_filter1d(deep, 12.0) - 3.5, 2.0)
        angle = np.deg2rad(degrees)
        vessels[:, index] = np.stack([r * np.sin(angle), -r * np.cos(angle), np.full(len(s), radius_mm)], axis=1)
    r = 0.5 * (layers[:, 178, FAT] + layers[:, 178, FASCIA])
    vessels[:, 2] = np.stack([0.03 * r, -r, np.minimum(1.2, 0.35 * (layers[:, 178, FAT] - layers[:, 178, FASCIA]))], axis=1)
    return vessels


def _compartments(s: Float[np.ndarray, " z"], layers: Float[np.ndarray, "z angle column"]) -> Float[np.ndarray, "z muscle 3"]:
    """Centres of TP, FHL, FDL, TA, EDL and peronei as shares of the section's size, with weights that grow and shrink
    along the leg.
    """
    size = np.sqrt((layers[..., FASCIA] ** 2).mean(axis=1))
    places = (
        (0.02, 0.12, 1.0, 0.6),
        (0.30, -0.12, 0.2, 1.2),
        (-0.42, 0.10, 0.5, 0.9),
        (0.22, 0.62, 1.1, 0.3),
        (0.58, 0.48, 0.7, 0.8),
        (0.80, 0.08, 1.0, 1.0),
    )
    out = np.zeros((len(s), 6, 3))
    for index, (x, y, upper, lower) in enumerate(places):
        weight = (upper + (lower - upper) * s - 0.8) * 0.12 * size**2
        out[:, index] = np.stack([x * size, y * size, weight], axis=1)
    return out
