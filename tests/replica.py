"""A few legs in LEG-3D-US' own layout, sizes and spacings drawn from the real ones and scaled down, as its three archives."""

from __future__ import annotations

import numpy as np

from archive_server import mha, zipped

COARSER = 512 / 48
"""Voxels of the real legs along a side of one of these."""
SIDE = 48
SHAPE_ZYX, SPREAD_ZYX = (1443, 632, 564), (207, 38, 49)
SPACING_MM, SPACING_SPREAD_MM = 0.277, 0.015
MUSCLES = {100: (0.0, 9.0, 34.0, 13.0), 150: (-22.0, -12.0, 20.0, 9.0), 200: (22.0, -12.0, 17.0, 8.0)}
"""Value to x and y of the middle, and half axes along x and y, mm."""

PATIENTS = {"leg_train_data": ("P01", "P02"), "leg_validation_data": ("P03",), "leg_test_data": ("P04",)}


def leg(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Grey levels, labels and spacing of one leg: three muscles that taper, off the middle, in speckle."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(SHAPE_ZYX, SPREAD_ZYX) / COARSER
    shape = (int(drawn[0]), int(drawn[1]), int(drawn[2]))
    spacing = float(rng.normal(SPACING_MM, SPACING_SPREAD_MM)) * COARSER
    if seed % 3 == 0:
        shape = (shape[0], shape[1], SIDE - 5)  # narrower than the paper's slices, so that padding is met too
    z, y, x = np.indices(shape, dtype=np.float32)
    off_y, off_x = rng.uniform(-2, 2, 2)
    y_mm = (y - shape[1] / 2 - off_y) * spacing
    x_mm = (x - shape[2] / 2 - off_x) * spacing
    labels = np.zeros(shape, dtype=np.uint8)
    for value, (middle_x, middle_y, half_x, half_y) in MUSCLES.items():
        share = z / shape[0]
        first, last = (0.1, 0.9) if value == 100 else (0.05, 0.6)
        thick = np.sqrt(np.clip(1 - ((share - (first + last) / 2) / ((last - first) / 2)) ** 2, 0, 1))
        inside = ((x_mm - middle_x) / half_x) ** 2 + ((y_mm - middle_y) / half_y) ** 2 < thick**2
        labels[inside & (labels == 0)] = value
    grey = np.clip(np.where(labels > 0, 20 + labels / 4, 12) * rng.rayleigh(0.8, shape), 0, 255).astype(np.uint8)
    return grey, labels, spacing


def replica() -> dict[str, bytes]:
    """The three archives by file name, each wrapped in a folder of its own."""
    files: dict[str, bytes] = {}
    number = 0
    for archive, patients in PATIENTS.items():
        members: dict[str, bytes] = {}
        for patient in patients:
            number += 1
            grey, labels, spacing = leg(number)
            members[f"{archive}/{patient}/x{number}.mha"] = mha(grey, spacing)
            members[f"{archive}/{patient}/masksX{number}.mha"] = mha(labels, spacing)
        files[f"{archive}.zip"] = zipped(members)
    return files
