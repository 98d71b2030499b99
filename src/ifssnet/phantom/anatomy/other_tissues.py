"""What lies around and before the calf: fat and skin, bones, vessels, plantaris tendon, deep and anterior muscles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ifssnet.geometry.untyped import interpolated, smoothed_along
from ifssnet.phantom.anatomy.calf import ANGLES, STEP_MM, THETA, Calf, along
from ifssnet.phantom.anatomy.noise import smooth_noise
from ifssnet.phantom.anatomy.subject import Subject

TIBIA_CM2 = (20.0, 21.0, 16.5, 11.5, 7.8, 5.8, 4.6, 4.0, 3.5, 4.2, 6.0)
FIBULA_CM2 = (0.25, 0.4, 1.9, 1.3, 0.7, 0.65, 0.8, 1.0, 1.0, 1.0, 1.1)
FIBULA_AT = (0.86, 0.82, 0.74, 0.66, 0.60, 0.58, 0.58, 0.60, 0.66, 0.74, 0.80)
"""The fibula's place, as a share of the way from the axis to the fascia."""
FAT_ALONG = (1.25, 1.15, 1.08, 1.02, 1.0, 0.95, 0.88, 0.75, 0.6, 0.52, 0.5)

COMPARTMENTS = (
    # x and y as shares of the section's radius, weight at the knee and at the ankle
    (0.02, 0.12, 1.0, 0.6),  # TP
    (0.30, -0.12, 0.2, 1.2),  # FHL
    (-0.42, 0.10, 0.5, 0.9),  # FDL
    (0.22, 0.62, 1.1, 0.3),  # TA
    (0.58, 0.48, 0.7, 0.8),  # EDL
    (0.80, 0.08, 1.0, 1.0),  # peronei
)


def fat_thickness(subject: Subject, s: Float[np.ndarray, " z"], rng: np.random.Generator) -> Float[np.ndarray, "z angle"]:
    """Subcutaneous fat: thicker behind and medially, thin over the shin and at the ankle."""
    around = 0.85 + 0.3 * np.cos(THETA + 0.6)
    rough = 1.0 + 0.10 * smooth_noise(rng, len(s), ANGLES, 20.0 / STEP_MM, 15.0)
    return np.maximum(subject.fat_mm * along(s, FAT_ALONG)[:, None] * around[None, :] * rough, 0.2)


def visibility(rng: np.random.Generator, rows: int, mean: float) -> Float[np.ndarray, "z angle"]:
    """Where a fascia shows, 0 to 1: in broken lines, visible on the given share of the border."""
    fine = smooth_noise(rng, rows, ANGLES, 9.0 / STEP_MM, 7.0)
    coarse = smooth_noise(rng, rows, ANGLES, 25.0 / STEP_MM, 18.0)
    noise = 0.7 * fine + 0.7 * coarse
    threshold = np.quantile(noise, 1.0 - mean)
    return 1.0 / (1.0 + np.exp(-(noise - threshold) / 0.18))


def bones(subject: Subject, s: Float[np.ndarray, " z"], fascia: Float[np.ndarray, "z angle"]) -> Float[np.ndarray, "z 2 5"]:
    """Tibia under the medial shin, fibula at the lateral corner of SOL; above the joint, the condyles take the tibia's place.

    Returns:
        For each: x and y from the axis, mean radius, amplitude and phase of the third harmonic of its outline.
    """
    out = np.zeros((len(s), 2, 5))
    scale = subject.rest_scale**0.5
    for bone, areas in enumerate((TIBIA_CM2, FIBULA_CM2)):
        radius = np.sqrt(100.0 * np.maximum(along(s, areas), 0.0) / np.pi) * scale
        # The condyles are so wide that their middle lies nearer to the midline than the shaft's.
        angle = np.deg2rad(96.0 + 0.0 * s if bone else -152.0 + 10.0 * (radius / scale - 12.0) / 17.0)
        rim = _at_angle(angle, fascia)
        distance = rim - 1.05 * radius - 1.5 if bone == 0 else rim * along(s, FIBULA_AT) - 0.4 * radius
        out[:, bone, 0], out[:, bone, 1] = distance * np.sin(angle), -distance * np.cos(angle)
        out[:, bone, 2], out[:, bone, 3], out[:, bone, 4] = radius, (0.13, 0.10)[bone], np.deg2rad((20.0, 70.0)[bone])
    return smoothed_along(out, 6.0 / STEP_MM, axis=0, mode="nearest")


def vessels(calf: Calf, s: Float[np.ndarray, " z"], fat: Float[np.ndarray, "z angle"]) -> Float[np.ndarray, "z vessel 3"]:
    """Posterior tibial and peroneal vessels before SOL, the small saphenous vein in the fat, and the plantaris tendon.

    Returns:
        x and y from the axis and radius; the last is the plantaris tendon, which runs between GM and SOL to the medial
        edge of the Achilles tendon.
    """
    out = np.zeros((len(s), 4, 3))
    for index, (degrees, radius_mm) in enumerate(((-28.0, 2.1), (34.0, 1.7))):
        r = np.maximum(smoothed_along(calf.deep[:, int(degrees) + 180], 12.0 / STEP_MM, mode="nearest") - 3.5, 1.0)
        out[:, index] = _polar(r, np.full(len(s), np.deg2rad(degrees)), radius_mm)
    middle = calf.fascia[:, 178] + 0.5 * fat[:, 178]
    out[:, 2] = _polar(middle, np.full(len(s), np.deg2rad(2.0)), 1.2)
    out[:, 2, 2] = np.minimum(1.2, 0.35 * fat[:, 178])
    angle = np.deg2rad(interpolated(s, np.array((0.15, 0.4, 0.7, 1.0)), np.array((18.0, -22.0, -40.0, -22.0))))
    border = _at_angle(angle, calf.tendon)
    out[:, 3] = _polar(smoothed_along(border, 6.0 / STEP_MM, mode="nearest"), angle, 1.3)
    out[s < 0.15, 3, 2] = 0.0
    return out


def compartments(s: Float[np.ndarray, " z"], fascia: Float[np.ndarray, "z angle"]) -> Float[np.ndarray, "z muscle 3"]:
    """Centres of TP, FHL, FDL, TA, EDL and peronei from the axis, with weights in mm2; the nearest owns a place."""
    size = np.sqrt((fascia**2).mean(axis=1))
    out = np.zeros((len(s), len(COMPARTMENTS), 3))
    for index, (x, y, upper, lower) in enumerate(COMPARTMENTS):
        weight = (upper + (lower - upper) * s - 0.8) * 0.12 * size**2
        out[:, index] = np.stack([x * size, y * size, weight], axis=1)
    return out


def _at_angle(angle: Float[np.ndarray, " z"], rows: Float[np.ndarray, "z angle"]) -> Float[np.ndarray, " z"]:
    """Each row of a table at an angle of its own, in rad."""
    return np.array([float(interpolated(angle[k : k + 1], THETA, rows[k])[0]) for k in range(len(rows))])


def _polar(r: Float[np.ndarray, " z"], angle: Float[np.ndarray, " z"], radius_mm: float) -> Float[np.ndarray, "z 3"]:
    return np.stack([r * np.sin(angle), -r * np.cos(angle), np.full(len(r), radius_mm)], axis=1)
